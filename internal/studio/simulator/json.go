package simulator

import (
	"encoding/json"
	"strings"
)

// jsonText writes a value as JSON.
func jsonText(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // what came from JSON never fails
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
