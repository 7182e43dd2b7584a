package taskrouter

import (
	"encoding/json"
	"slices"
)

// Ranks are the roles of Flex's people, the highest last (flex-ui-protocol §5.3). Shared: not to be changed.
var Ranks = []string{"agent", "supervisor", "admin"}

// Rank is the place in Ranks of a role, of a token or of a worker; -1 for none of them.
func Rank(role string) int { return slices.Index(Ranks, role) }

// RankOf is the place in Ranks of the highest of a worker's roles, -1 for none.
func RankOf(attributes string) int {
	rank := -1
	for _, role := range Roles(attributes) {
		rank = Rank(role)
	}
	return rank
}

// LeadingRole reports whether a role looks after other workers.
func LeadingRole(role string) bool { return Rank(role) > 0 }

// Roles reads those of Ranks that a worker's attribute roles names, the highest last. The attribute is a list or, in old attributes, one
// word.
func Roles(attributes string) (roles []string) {
	var a struct {
		Roles json.RawMessage `json:"roles"`
	}
	if json.Unmarshal([]byte(attributes), &a) != nil {
		return nil
	}
	var list []string
	var one string
	if json.Unmarshal(a.Roles, &one) == nil {
		list = []string{one}
	} else if json.Unmarshal(a.Roles, &list) != nil {
		return nil
	}
	for _, role := range Ranks {
		if slices.Contains(list, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// HasLeadingRole reports whether one of a worker's roles is a leading one.
func HasLeadingRole(attributes string) bool { return RankOf(attributes) > 0 }
