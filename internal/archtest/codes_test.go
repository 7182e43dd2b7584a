package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"parley/internal/core"
)

const codesFile = "internal/core/codes.go"

// TestCodes: every code that the program can answer is explained, and the catalogue says of all others why they never come.
func TestCodes(t *testing.T) {
	names := map[string]int{}
	raised := map[int]string{} // code → a file that does
	files := map[string]*ast.File{}
	eachFile(t, func(path string, text []byte) {
		if !strings.HasPrefix(path, "internal/") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "internal/resttest/") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		if path == codesFile {
			names = constants(t, file)
			return
		}
		files[path] = file
	})
	for path, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(strings.ToLower(spec.Names[0].Name), "code") && isNumber(spec) {
				t.Errorf("%s has the code %s, which belongs into %s", path, spec.Names[0].Name, codesFile)
			}
			if name, ok := n.(*ast.Ident); ok && names[name.Name] != 0 {
				raised[names[name.Name]] = path
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := called(call)
			if number, ok := literal(call); ok && (name == "E" || name == "Ef") {
				raised[number] = path
			}
			return name != "HasCode" // which asks for a code
		})
	}
	for code, path := range raised {
		switch e, ok := core.Lookup(code); {
		case !ok:
			t.Errorf("%s raises %d, which internal/core/errors.json does not have", path, code)
		case e.Never != "":
			t.Errorf("%s raises %d, of which internal/core/errors.json says that it never comes: write what to do in place of why", path, code)
		}
	}
	for _, area := range core.Catalogue() {
		for _, e := range area.Errors {
			if raised[e.Code] == "" && e.Never == "" {
				t.Errorf("nothing raises %d (%s): write in internal/core/errors.json why it never comes in place of what to do", e.Code, e.Title)
			}
		}
	}
}

// isNumber reports whether a constant is declared as a number as such.
func isNumber(spec *ast.ValueSpec) bool {
	if len(spec.Values) == 0 {
		return false
	}
	lit, ok := spec.Values[0].(*ast.BasicLit)
	return ok && lit.Kind == token.INT
}

// constants reads names and values of constant declarations.
func constants(t *testing.T, file *ast.File) map[string]int {
	t.Helper()
	found := map[string]int{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			value, err := strconv.Atoi(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Error(err)
			}
			found[spec.Names[0].Name] = value
		}
		return true
	})
	return found
}

// called is the name of a called function, without its package.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// literal is the first argument of a call, if it is a number as such.
func literal(call *ast.CallExpr) (int, bool) {
	if len(call.Args) == 0 {
		return 0, false
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(lit.Value)
	return n, err == nil
}
