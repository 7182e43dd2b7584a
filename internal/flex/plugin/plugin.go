package plugin

import (
	"log/slog"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Where this server has scripts: those that it ships, and those of the folder.
const (
	Transfer = shipped + "transfer.js"
	Files    = shipped + "files.js"
	shipped  = "/desktop/"
	Folder   = "/plugins/"
)

// maxFiles bounds how many scripts of the folder are listed.
const maxFiles = 100

// Plugin is a script for the desktop. Src is a path of this server, or an absolute address.
type Plugin struct{ Name, Src string }

// Options of New.
type Options struct {
	Shipped   []string // Transfer, Files
	Dir       string   // the folder, or ""
	Addresses []string // what is loaded besides, in this order
	// Exists reports whether this server serves a path.
	Exists func(path string) bool
	Log    *slog.Logger
}

// List finds the plugins anew each time, so that a file that is put into the folder counts at the next start of a desktop.
type List struct {
	Options
	mu      sync.Mutex
	missing map[string]bool // what the log was told of
}

// New makes a list.
func New(o Options) *List {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &List{Options: o, missing: map[string]bool{}}
}

// All returns the plugins in the order in which they are to be loaded, each under a name of its own.
func (l *List) All() []Plugin {
	sources := slices.Concat(l.Shipped, l.files(), l.Addresses)
	all, names := []Plugin{}, map[string]bool{}
	for _, src := range sources {
		if strings.HasPrefix(src, "/") && !l.served(src) {
			continue
		}
		name := nameOf(src)
		for n := 2; names[name]; n++ {
			name = nameOf(src) + "-" + strconv.Itoa(n)
		}
		names[name] = true
		all = append(all, Plugin{Name: name, Src: src})
	}
	return all
}

// files are the scripts directly in the folder, in the order of their names.
func (l *List) files() (sources []string) {
	if l.Dir == "" {
		return nil
	}
	entries, err := os.ReadDir(l.Dir)
	l.note(l.Dir, err == nil, "the plugins folder cannot be read; no plugin of it is loaded")
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || filepath.Ext(e.Name()) != ".js" {
			continue
		}
		if len(sources) == maxFiles {
			l.note(filepath.Join(l.Dir, "*"), false, "the plugins folder has more scripts than are loaded")
			break
		}
		sources = append(sources, Folder+url.PathEscape(e.Name()))
	}
	return sources
}

// served asks for a script of this server.
func (l *List) served(src string) bool {
	ok := l.Exists(src)
	l.note(src, ok, "a Flex plugin is not there and is left out; correct the setting plugins, or put the file into plugins-dir")
	return ok
}

// note tells the log when something begins to be missing, not at each start of a desktop.
func (l *List) note(what string, ok bool, words string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ok && !l.missing[what] {
		l.Log.Warn(words, "plugin", what)
	}
	if ok {
		delete(l.missing, what)
	} else {
		l.missing[what] = true
	}
}

// nameOf is the name of a script's file; where a bundler gave that a name of its own, the words before it say more.
func nameOf(src string) string {
	own := strings.HasPrefix(src, shipped)
	if u, err := url.Parse(src); err == nil {
		src = u.Path
	}
	parts := strings.FieldsFunc(src, func(r rune) bool { return r == '/' })
	if len(parts) == 0 {
		return "plugin"
	}
	name := strings.TrimSuffix(parts[len(parts)-1], path.Ext(src))
	if own {
		return "parley-" + name
	}
	if slices.Contains([]string{"", "bundle", "index", "main"}, name) && len(parts) > 1 {
		name = strings.Join(parts[:len(parts)-1], "-")
	}
	return name
}
