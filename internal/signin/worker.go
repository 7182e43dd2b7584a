package signin

import (
	"context"
	"encoding/json"
	"slices"

	"parley/internal/core"
	"parley/internal/taskrouter"
)

// ranks are the roles of Flex's people, the highest last (flex-ui-protocol §5.3).
var ranks = []string{"agent", "supervisor", "admin"}

// rolesOf reads the Flex roles in a worker's attributes, the highest last. The attribute roles is a list or, in old attributes, one word.
func rolesOf(attributes string) (roles []string) {
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
	for _, role := range ranks {
		if slices.Contains(list, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// leads reports whether somebody with these roles looks after others.
func leads(roles []string) bool { return highest(roles) != ranks[0] }

func highest(roles []string) string { return roles[len(roles)-1] }

// errNoRole tells somebody who proved who they are why they may not come in.
func errNoRole() *core.Error {
	return core.Ef(core.CodeForbidden, "This worker has no role in Flex: its attribute roles must name agent, supervisor or admin")
}

// WorkerSID finds a worker by its name, without regard to case; 20404 when there is none.
func (s *SignIn) WorkerSID(ctx context.Context, name string) (string, error) {
	w, err := s.workerNamed(ctx, name)
	if err != nil {
		return "", err
	}
	if w == nil {
		return "", core.Ef(core.CodeNotFound, "The requested resource was not found: there is no worker %.64q", name)
	}
	return w.SID, nil
}

// workerNamed finds a worker by its name; nil when there is none.
func (s *SignIn) workerNamed(ctx context.Context, name string) (*taskrouter.WorkerView, error) {
	if name == "" || len(name) > core.MaxName || !core.CleanText(name) {
		return nil, nil
	}
	list, err := s.Tasks.ListWorkers(ctx, s.AccountSID, s.WorkspaceSID, taskrouter.WorkerFilter{FriendlyName: name}, "", 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}
