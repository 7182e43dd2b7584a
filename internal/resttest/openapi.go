package resttest

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Files are the vendor's OpenAPI files by the product whose answers they describe; of several versions, with a blank between.
func Files() map[string]string {
	return map[string]string{"chat": "twilio_chat_v2", "flex-api": "twilio_flex_v1", "api": "twilio_api_v2010", "taskrouter": "twilio_taskrouter_v1",
		"iam": "twilio_iam_v1", "accounts": "twilio_accounts_v1", "proxy": "twilio_proxy_v1", "studio": "twilio_studio_v1 twilio_studio_v2"}
}

// Operation is one operation of an OpenAPI file.
type Operation struct {
	Product, Method, Path, ID string
	op                        *openapi3.Operation
}

// Specs checks answers against the published OpenAPI files and remembers which operations were answered well.
type Specs struct {
	mu     sync.Mutex
	loaded map[string][]Operation
	seen   map[string]bool
}

// NewSpecs makes an empty set; files are read when they are needed.
func NewSpecs() *Specs {
	return &Specs{loaded: map[string][]Operation{}, seen: map[string]bool{}}
}

// root is the folder of the module, as seen from the folder of any package below internal.
func root() (string, error) {
	for up := ".."; len(up) < 32; up = filepath.Join("..", up) {
		if _, err := os.Stat(filepath.Join(up, "go.mod")); err == nil {
			return up, nil
		}
	}
	return "", errors.New("there is no go.mod above this folder")
}

// published is where npm puts the files, below root.
const published = "test/openapi/node_modules/@twilio/cli-core/src/services/twilio-api"

// Operations returns the operations of a product's file in the order of their paths.
func (s *Specs) Operations(w testingT, product string) []Operation {
	w.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if all, ok := s.loaded[product]; ok {
		return all
	}
	dir, err := root()
	if err != nil {
		w.Fatalf("%v", err)
	}
	var all []Operation
	for name := range strings.FieldsSeq(Files()[product]) {
		all = append(all, operations(w, product, filepath.Join(dir, published, name+".json"))...)
	}
	slices.SortFunc(all, func(a, b Operation) int { return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method) })
	s.loaded[product] = all
	return all
}

// operations reads those of one file.
func operations(w testingT, product, path string) (all []Operation) {
	w.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		w.Fatalf("the published OpenAPI files are not installed; run: make deps-test")
	}
	var raw map[string]any
	if err == nil {
		err = json.Unmarshal(text, &raw)
	}
	if err == nil {
		nullable(raw)
		text, err = json.Marshal(raw)
	}
	if err != nil {
		w.Fatalf("%v", err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		w.Fatalf("%v", err)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, Operation{product, method, path, op.OperationID, op})
		}
	}
	return all
}

// nullable lets enumerations be null. The files call every property nullable, but for those that are a reference to an enumeration,
// where there is no place to say so: a flow without a message handler has no integration type.
func nullable(file map[string]any) {
	components, _ := file["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	for _, s := range schemas {
		schema, _ := s.(map[string]any)
		if words, ok := schema["enum"].([]any); ok {
			schema["nullable"], schema["enum"] = true, append(words, nil)
		}
	}
}

// testingT is what checks need of a test.
type testingT interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// find returns the operation that a request is for; literal segments win over parameters.
func (s *Specs) find(w testingT, r *http.Request) (found Operation, ok bool) {
	w.Helper()
	product, path := productOf(r)
	if Files()[product] == "" {
		return found, false
	}
	for _, o := range s.Operations(w, product) {
		if o.Method == r.Method && fits(o.Path, path) && (!ok || strings.Count(o.Path, "{") < strings.Count(found.Path, "{")) {
			found, ok = o, true
		}
	}
	return found, ok
}

func productOf(r *http.Request) (product, path string) {
	if strings.HasSuffix(r.URL.Hostname(), ".twilio.com") {
		product, _, _ = strings.Cut(r.URL.Host, ".")
		path = r.URL.EscapedPath()
	} else {
		product, path, _ = strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
		path = "/" + path
	}
	if product == "ip-messaging" {
		product = "chat"
	}
	return product, path
}

// fits reports whether a path is one of a template's; a segment may hold a parameter and a suffix, as in "{Sid}.json".
func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, segment := range want {
		_, suffix, parameter := strings.Cut(segment, "}")
		if parameter && (!strings.HasSuffix(got[i], suffix) || len(got[i]) == len(suffix)) || !parameter && segment != got[i] {
			return false
		}
	}
	return true
}

// note remembers that a request's operation was answered well.
func (s *Specs) note(w testingT, r *http.Request) (Operation, bool) {
	w.Helper()
	o, ok := s.find(w, r)
	if ok {
		s.mu.Lock()
		s.seen[o.ID+" "+o.Path] = true
		s.mu.Unlock()
	}
	return o, ok
}

// check compares a successful answer with the schema of its operation. The files require no property; a client may still look
// at each, so all must be there and no others.
func (s *Specs) check(w testingT, label string, r *http.Request, a Answer) {
	w.Helper()
	o, ok := s.note(w, r)
	if !ok {
		w.Errorf("%s: the OpenAPI files know no such operation", label)
		return
	}
	response := o.op.Responses.Value(strconv.Itoa(a.Status))
	if response == nil {
		w.Errorf("%s: %s never answers %d", label, o.ID, a.Status)
		return
	}
	schema := response.Value.Content["application/json"].Schema.Value
	var body any
	if err := json.Unmarshal(a.Body, &body); err != nil {
		w.Errorf("%s: %v", label, err)
		return
	}
	if err := schema.VisitJSON(body, openapi3.MultiErrors()); err != nil {
		w.Errorf("%s: %s does not allow this answer: %v", label, o.ID, err)
	}
	complete(w, label+" "+o.ID, schema, body)
}

// complete reports properties that are missing, and those that the schema does not have.
func complete(w testingT, label string, schema *openapi3.Schema, body any) {
	w.Helper()
	switch v := body.(type) {
	case []any:
		if schema.Items != nil {
			for _, item := range v {
				complete(w, label+"[]", schema.Items.Value, item)
			}
		}
	case map[string]any:
		if len(schema.Properties) == 0 {
			return // of any form
		}
		for name, property := range schema.Properties {
			if value, ok := v[name]; !ok {
				w.Errorf("%s: %s is missing", label, name)
			} else {
				complete(w, label+"."+name, property.Value, value)
			}
		}
		for name := range v {
			if schema.Properties[name] == nil {
				w.Errorf("%s: %s is not in the schema", label, name)
			}
		}
	}
}

// Covered reports the served operations of a product's paths below prefix that no scenario of this world's test has seen succeed.
func (w *World) Covered(product, prefix string) {
	w.Helper()
	for _, o := range w.specs.Operations(w, product) {
		if strings.HasPrefix(o.Path, prefix) && w.Serves(o) && !w.specs.seen[o.ID+" "+o.Path] {
			w.Errorf("%s %s %s (%s) is served, but no scenario shows its answer", product, o.Method, o.Path, o.ID)
		}
	}
}

// Serves reports whether the router has a route for an operation: without credentials it asks for them, where there is none it
// finds nothing.
func (w *World) Serves(o Operation) bool {
	path := o.Path
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + "x" + after
	}
	r := w.RequestBody(o.Method, "/"+o.Product+path, "")
	r.Header["Authorization"] = nil
	return w.Send(r).Status == http.StatusUnauthorized
}
