package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/internal/core"
)

//go:embed errors
var errorFiles embed.FS

var errorPage = template.Must(template.New("page.html").Funcs(template.FuncMap{"prose": prose}).ParseFS(errorFiles, "errors/page.html"))

// prose shows what the catalogue has between backquotes as code.
func prose(text string) template.HTML {
	var html strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		html.WriteString(part)
	}
	return template.HTML(html.String())
}

// maxQuery bounds what is searched for and shown again, in bytes.
const maxQuery = 100

// errorView is what a page about errors shows: one code, or a list of them.
type errorView struct {
	Entry   *core.Entry
	Unknown string // a code that does not exist

	Query        string
	Areas        []core.Area
	Found, Total int
}

// Errors serves the pages that errors name as more_info: "/errors/" lists and searches the codes, "/errors/{code}" explains one. They
// need no build of the pages and no script.
func Errors() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /errors/{$}", listErrors)
	mux.HandleFunc("GET /errors/{code}", explainError)
	mux.HandleFunc("GET /errors/errors.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", cacheRevalidate)
		http.ServeFileFS(w, r, errorFiles, "errors/errors.css")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setSecurityHeaders(w.Header(), r.Host)
		mux.ServeHTTP(w, r)
	})
}

func listErrors(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query().Get("q")
	if len(query) > maxQuery {
		query = strings.ToValidUTF8(query[:maxQuery], "")
	}
	showError(w, r, http.StatusOK, search(strings.TrimSpace(query)))
}

func explainError(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	entry, ok := core.Lookup(code)
	if !ok {
		v := search("")
		v.Unknown = strconv.Itoa(code)
		showError(w, r, http.StatusNotFound, v)
		return
	}
	showError(w, r, http.StatusOK, errorView{Entry: &entry})
}

// search lists the codes that have every word of a query in their number or their texts.
func search(query string) errorView {
	v := errorView{Query: query}
	words := strings.Fields(strings.ToLower(query))
	for _, area := range core.Catalogue() {
		v.Total += len(area.Errors)
		found := slices.DeleteFunc(slices.Clone(area.Errors), func(e core.Entry) bool {
			text := strings.ToLower(strings.Join([]string{strconv.Itoa(e.Code), area.Name, e.Title, e.Cause, e.Do, e.Never}, " "))
			return slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
		})
		if len(found) > 0 {
			v.Found += len(found)
			v.Areas = append(v.Areas, core.Area{Name: area.Name, Errors: found})
		}
	}
	return v
}

func showError(w http.ResponseWriter, r *http.Request, status int, v errorView) {
	var page bytes.Buffer
	if err := errorPage.Execute(&page, v); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", cacheRevalidate)
	if status == http.StatusOK {
		h.Set("ETag", tag(page.Bytes()))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page.Bytes()))
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the client may be gone
}
