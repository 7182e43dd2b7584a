package server_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/internal/httpapi"
	"parley/internal/resttest"
	"parley/internal/server"
)

const apiDoc = "../../docs/api.md"

// TestAPIDoc: docs/api.md lists the routes that are served, with their names in the published OpenAPI files, and says of these which
// operations are not served.
func TestAPIDoc(t *testing.T) {
	got := describeAPI(t, server.Routes(t, start(t, settings(t)).Server))
	if resttest.Updating() {
		if err := os.WriteFile(apiDoc, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(apiDoc)
	if err != nil || string(want) != got {
		t.Errorf("docs/api.md is not what is served (%v); write it anew: go test ./internal/server -run TestAPIDoc -update", err)
	}
}

const apiHead = `# What is served

Written by ` + "`go test ./internal/server -run TestAPIDoc -update`" + `; a test fails when it is out of date. The names are those of the vendor's
published OpenAPI files, which describe parameters and answers. How to reach a product: [migration.md](migration.md); what errors mean:
` + "`/errors/`" + ` of a running server.

Who may call: *account* is the account SID with its auth token, or an API key; *auth token* is the former alone; *token* is an access token;
*anybody* needs nothing to reach the route, which may look for proof of its own.
`

var accessWords = map[httpapi.Access]string{
	httpapi.Public: "anybody", httpapi.Account: "account", httpapi.Owner: "auth token", httpapi.Token: "token", httpapi.AccountOrToken: "account or token",
}

// fewMissing is how many operations that are not served are listed one by one; of more, such as all of telephony, only the number is told.
const fewMissing = 60

func describeAPI(t *testing.T, routes []httpapi.Route) string {
	t.Helper()
	products := map[string][]httpapi.Route{}
	for _, r := range routes {
		products[r.Product] = append(products[r.Product], r)
	}
	var doc strings.Builder
	doc.WriteString(apiHead)
	specs, files := resttest.NewSpecs(), resttest.Files()
	for _, product := range slices.Sorted(maps.Keys(products)) {
		var operations []resttest.Operation
		if files[product] != "" {
			operations = specs.Operations(t, product)
		}
		describeProduct(&doc, product, products[product], operations)
	}
	return doc.String()
}

func describeProduct(doc *strings.Builder, product string, routes []httpapi.Route, operations []resttest.Operation) {
	unserved := map[string]resttest.Operation{}
	for _, o := range operations {
		unserved[o.Method+" "+shape(o.Path)] = o
	}
	slices.SortFunc(routes, func(a, b httpapi.Route) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	if product == httpapi.Socket {
		doc.WriteString("\n## Inside a chat socket\n\nRequests that the chat SDKs send through their socket.\n")
	} else {
		fmt.Fprintf(doc, "\n## `/%s`, `https://%s.twilio.com`\n", product, product)
	}
	doc.WriteString("\n| route | operation | who |\n|---|---|---|\n")
	for _, r := range routes {
		key := r.Method + " " + shape(r.Path)
		o := unserved[key]
		delete(unserved, key)
		fmt.Fprintf(doc, "| `%s %s` | %s | %s |\n", r.Method, cmp.Or(o.Path, r.Path), o.ID, accessWords[r.Access])
	}
	var missing []string
	for _, o := range unserved {
		missing = append(missing, o.ID)
	}
	slices.Sort(missing)
	switch {
	case len(operations) == 0:
	case len(missing) == 0:
		fmt.Fprintf(doc, "\nAll %d operations of the published file are served.\n", len(operations))
	case len(missing) > fewMissing:
		fmt.Fprintf(doc, "\nThe other %d of %d operations of the published file are not served.\n", len(missing), len(operations))
	default:
		fmt.Fprintf(doc, "\nNot served, %d of %d: %s.\n", len(missing), len(operations), strings.Join(missing, ", "))
	}
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// shape is a path without the names of its parameters and the suffix that routes leave to their handlers.
func shape(path string) string {
	return strings.TrimSuffix(parameter.ReplaceAllString(path, "{}"), ".json")
}
