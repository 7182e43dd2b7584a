package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// rule forbids packages to depend on others. Patterns name a package and all below it; a "*" stands for one element of
// the path. Packages of the project are written as ./internal/chat, which tells them from the standard library's.
type rule struct {
	packages  []string
	except    []string // of packages
	forbidden []string
	allowed   []string // of forbidden
	direct    bool     // look at imports only, not at what they import in turn
	why       string
}

var (
	wire      = []string{"./internal/httpapi", "./internal/twilsock", "./internal/syncapi", "./internal/*/rest", "./internal/chat/client", "./internal/chat/media", "./internal/taskrouter/bridge"}
	products  = []string{"./internal/identity", "./internal/chat", "./internal/taskrouter", "./internal/flex", "./internal/signin", "./internal/delivery", "./internal/push", "./internal/studio", "./internal/proxy"}
	ground    = []string{"./internal/store", "./internal/jobs", "./internal/webhook", "./internal/blob", "./internal/bus", "./internal/realtime", "./internal/ratelimit"}
	drivers   = []string{"github.com/jackc/pgx", "modernc.org/sqlite", "zombiezen.com/go/sqlite", "database/sql"}
	outside   = []string{"?*.*"} // a first path element with a dot in it: any library
	project   = []string{"./internal", "./cmd", "./bench", "./test"}
	onlyTests = []string{"testing", "pgregory.net/rapid", "go.uber.org/goleak", "github.com/google/go-cmp", "github.com/nats-io/nats-server", "github.com/twilio/twilio-go", "./internal/*/*test"}
)

var rules = []rule{
	{
		packages: []string{"./internal/core"}, forbidden: slices.Concat(outside, project), allowed: []string{"./internal/core"},
		why: "everything stands on core; it stands on the standard library only",
	},
	{
		packages: ground, forbidden: slices.Concat(wire, products),
		why: "the ground floor serves every product and knows none, so that a product can be added without touching it",
	},
	{
		packages: products, except: wire, forbidden: wire,
		why: "use cases do not know how a request came in: the same ones serve sockets, HTTP and jobs",
	},
	{
		packages: []string{"./internal/chat"}, forbidden: products, allowed: []string{"./internal/chat", "./internal/identity"}, except: wire,
		why: "products do not import one another; who speaks (identity) is below them",
	},
	{
		packages: []string{"./internal/taskrouter"}, forbidden: products, allowed: []string{"./internal/taskrouter", "./internal/identity"}, except: wire,
		why: "products do not import one another",
	},
	{
		packages: []string{"./internal/signin"}, forbidden: products, allowed: []string{"./internal/signin", "./internal/identity", "./internal/taskrouter"}, except: wire,
		why: "who signs in is a worker and gets a token; the chat's role for it is told by the server",
	},
	{
		packages: []string{"./internal/studio"}, forbidden: products, allowed: []string{"./internal/studio", "./internal/identity"}, except: wire,
		why: "what studio needs of others is an interface that it declares",
	},
	{
		packages:  []string{"./internal/studio/definition", "./internal/studio/template", "./internal/studio/machine", "./internal/studio/simulator"},
		forbidden: slices.Concat(outside, project),
		allowed: []string{"./internal/core", "./internal/studio/definition", "./internal/studio/template", "./internal/studio/machine", "./internal/studio/simulator",
			"github.com/osteele/liquid", "github.com/osteele/tuesday", "gopkg.in/yaml.v2"},
		why: "flows are read, rendered and run without I/O: the same code serves the server, the command line and tests",
	},
	{
		packages: project, except: []string{"./internal/studio/template"}, forbidden: []string{"github.com/osteele/liquid"}, direct: true,
		why: "what a template may do is decided and bounded in one place",
	},
	{
		packages: []string{"./internal/proxy"}, forbidden: products, allowed: []string{"./internal/proxy", "./internal/identity"}, except: wire,
		why: "products do not import one another",
	},
	{
		packages: []string{"./internal/delivery"}, forbidden: products, allowed: []string{"./internal/delivery"}, except: wire,
		why: "it brings the calls of every product to their receivers, and reads none of them",
	},
	{
		packages: []string{"./internal/push"}, forbidden: products, allowed: []string{"./internal/push", "./internal/chat", "./internal/identity"}, except: wire,
		why: "it tells devices what chat says, and knows no other product",
	},
	{
		packages: []string{"./internal/identity"}, forbidden: products, allowed: []string{"./internal/identity"}, except: wire,
		why: "identity is below the other products",
	},
	{
		packages: []string{"./internal/realtime"}, forbidden: slices.Concat(outside, []string{"./internal/store"}),
		why: "the hub delivers opaque frames; what they mean and where they are stored is told to it through interfaces",
	},
	{
		packages: []string{"./internal/blob", "./internal/webhook"}, forbidden: slices.Concat(outside, project),
		allowed: []string{"./internal/blob", "./internal/webhook", "./internal/core"},
		why:     "they need nothing but the standard library, and stay easy to review: they face uploads and foreign addresses",
	},
	{
		packages: project, except: []string{"./internal/store/engine", "./internal/store/migrations", "./internal/store/storetest", "./bench", "./test"}, forbidden: drivers, direct: true,
		why: "only engines know a database driver; all else speaks the one SQL text through store.Tx",
	},
	{
		packages: project, except: []string{"./internal/store/engine", "./internal/store/migrations"}, forbidden: []string{"github.com/pressly/goose"}, direct: true,
		why: "migrations run in one place",
	},
	{
		packages: project, except: []string{"./internal/bus/nats", "./test"}, forbidden: []string{"github.com/nats-io"}, direct: true,
		why: "NATS is one way to ring the doorbell; everybody else sees bus.Bus",
	},
	{
		packages: project, except: []string{"./internal/twilsock", "./internal/taskrouter/bridge", "./bench", "./test"}, forbidden: []string{"github.com/lxzan/gws"}, direct: true,
		why: "the WebSocket library can be changed while only the socket packages know it",
	},
	{
		packages: project, except: []string{"./internal/signin"}, forbidden: []string{"github.com/coreos/go-oidc", "golang.org/x/oauth2", "golang.org/x/crypto/argon2"}, direct: true,
		why: "how somebody proves who they are is the business of signin",
	},
	{
		packages: project, except: []string{"./internal/server", "./internal/config", "./cmd"}, forbidden: []string{"./internal/config"}, direct: true,
		why: "packages take the values that they need; only the server knows where they come from",
	},
	{
		packages: project, except: []string{"./internal/config", "./cmd"}, forbidden: []string{"github.com/alecthomas/kong", "gopkg.in/yaml.v3"}, direct: true,
		why: "the command line and settings files are the business of config and cmd",
	},
	{
		packages: project, except: []string{"./cmd", "./bench", "./test", "./internal/server"}, forbidden: []string{"./internal/server"}, direct: true,
		why: "the package that knows everyone is known by nobody",
	},
	{
		packages: []string{"./cmd"}, forbidden: onlyTests,
		why: "what is only for tests must not be in the binary",
	},
}

type pkg struct {
	ImportPath    string
	Imports, Deps []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	// -deps rather than ./... alone: a package that does not build must fail the test, not vanish from it.
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// short writes a package of the project as ./internal/chat and leaves all others as they are.
func short(importPath string) string {
	if name, ours := strings.CutPrefix(importPath, "parley/"); ours {
		return "./" + name
	}
	return importPath
}

// matches reports whether the package is one that a pattern names, or below one.
func matches(patterns []string, name string) bool {
	parts := strings.Split(name, "/")
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		want := strings.Split(pattern, "/")
		if len(want) > len(parts) {
			return false
		}
		ok, err := path.Match(pattern, strings.Join(parts[:len(want)], "/"))
		return err == nil && ok
	})
}

func (r rule) broken(name string, p pkg) []string {
	if !matches(r.packages, name) || matches(r.except, name) {
		return nil
	}
	deps := p.Deps
	if r.direct {
		deps = p.Imports
	}
	var out []string
	for _, dep := range deps {
		if dep = short(dep); matches(r.forbidden, dep) && !matches(r.allowed, dep) {
			out = append(out, dep)
		}
	}
	return out
}

func TestDependencies(t *testing.T) {
	pkgs := list(t)
	if len(pkgs) < 50 {
		t.Fatalf("go list found %d packages", len(pkgs))
	}
	for _, p := range pkgs {
		name := short(p.ImportPath)
		for _, r := range rules {
			for _, dep := range r.broken(name, p) {
				t.Errorf("%s must not depend on %s: %s", name, dep, r.why)
			}
		}
	}
}

// The matcher itself: a rule that never finds anything guards nothing.
func TestRulesFindWhatTheyForbid(t *testing.T) {
	for _, tt := range []struct {
		name string
		p    pkg
		want string
	}{
		{"internal/core", pkg{Deps: []string{"fmt", "parley/internal/store"}}, "[./internal/store]"},
		{"internal/core", pkg{Deps: []string{"encoding/json", "golang.org/x/text"}}, "[golang.org/x/text]"},
		{"internal/chat", pkg{Deps: []string{"parley/internal/store", "parley/internal/flex"}}, "[./internal/flex]"},
		{"internal/chat", pkg{Deps: []string{"parley/internal/httpapi", "parley/internal/identity"}}, "[./internal/httpapi]"},
		{"internal/chat/rest", pkg{Deps: []string{"parley/internal/httpapi", "parley/internal/identity"}}, "[]"},
		{"internal/flex", pkg{Deps: []string{"parley/internal/chat", "parley/internal/studio"}}, "[]"},
		{"internal/flex", pkg{Imports: []string{"github.com/jackc/pgx/v5"}}, "[github.com/jackc/pgx/v5]"},
		{"internal/store/engine/postgres", pkg{Imports: []string{"github.com/jackc/pgx/v5"}}, "[]"},
		{"cmd/parley", pkg{Deps: []string{"testing", "parley/internal/store/storetest"}}, "[testing ./internal/store/storetest]"},
		{"internal/studio/machine", pkg{Deps: []string{"parley/internal/core", "github.com/osteele/liquid/render", "parley/internal/store"}}, "[./internal/store]"},
		{"internal/storefront", pkg{Deps: []string{"parley/internal/chat"}}, "[]"},
	} {
		got := []string{}
		for _, r := range rules {
			got = append(got, r.broken("./"+tt.name, tt.p)...)
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("%s: broken by %v, want %s", tt.name, got, tt.want)
		}
	}
}
