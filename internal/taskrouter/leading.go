package taskrouter

import (
	"encoding/json"
	"slices"
)

// LeadingRole reports whether a role, of a token or of a worker, looks after other workers (flex-ui-protocol §5.3).
func LeadingRole(role string) bool { return role == "supervisor" || role == "admin" }

// HasLeadingRole reads a worker's attribute roles, which is a list or, in old attributes, one word.
func HasLeadingRole(attributes string) bool {
	var a struct {
		Roles json.RawMessage `json:"roles"`
	}
	if json.Unmarshal([]byte(attributes), &a) != nil {
		return false
	}
	var list []string
	if json.Unmarshal(a.Roles, &list) == nil {
		return slices.ContainsFunc(list, LeadingRole)
	}
	var one string
	return json.Unmarshal(a.Roles, &one) == nil && LeadingRole(one)
}
