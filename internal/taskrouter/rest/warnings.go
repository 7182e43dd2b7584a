package rest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

// Bounds of the headers with warnings. All warnings in full are read under the resource's Warnings.
const (
	maxWarnings      = 20
	maxWarningLength = 500 // bytes, before escaping
)

// warned answers with what was saved, as the original does, and says in headers what of it does not do what it seems to do: each
// Parley-Warning is "path:column code message", without the column where the whole is meant.
func warned(status int, body any, found []taskrouter.Warning) (httpapi.Response, error) {
	resp := httpapi.Response{Status: status, Body: body}
	if len(found) == 0 {
		return resp, nil
	}
	var lines []string
	for _, w := range found[:min(len(found), maxWarnings)] {
		at := w.Path
		if w.Column > 0 {
			at += ":" + strconv.Itoa(w.Column)
		}
		line := at + " " + w.Code + " " + w.Message
		lines = append(lines, escape(line[:min(len(line), maxWarningLength)]))
	}
	resp.Header = http.Header{"Parley-Warning": lines}
	return resp, nil
}

// escape writes what is not printable ASCII as %XX, as in URLs, and the percent sign too.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// showWarnings answers with all warnings.
func showWarnings(found []taskrouter.Warning) (httpapi.Response, error) {
	if found == nil {
		found = []taskrouter.Warning{}
	}
	return httpapi.OK(map[string]any{"warnings": found})
}
