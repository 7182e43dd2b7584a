package signin

import (
	"context"
	"parley/internal/core"
	"parley/internal/taskrouter"
)

// leads reports whether somebody with these roles looks after others.
func leads(roles []string) bool { return taskrouter.LeadingRole(highest(roles)) }

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
