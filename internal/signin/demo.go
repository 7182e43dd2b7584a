package signin

import (
	"context"

	"parley/internal/core"
	"parley/internal/taskrouter"
)

// ProvideWorker makes a worker with one role, for demo mode, unless there is one of that name.
func (s *SignIn) ProvideWorker(ctx context.Context, name, fullName, role string) error {
	w, err := s.workerNamed(ctx, name)
	if err != nil || w != nil {
		return err
	}
	_, err = s.Tasks.CreateWorker(ctx, s.AccountSID, s.WorkspaceSID, taskrouter.NewWorker{FriendlyName: name,
		Attributes: `{"contact_uri":"client:` + name + `","full_name":"` + fullName + `","roles":["` + role + `"]}`})
	if core.HasCode(err, core.CodeTaskRouterInvalid) { // another node was faster
		return nil
	}
	return err
}

// Enter begins a session for a worker without any proof. It is for demo mode, whose visitors may do everything.
func (s *SignIn) Enter(ctx context.Context, name string) (*Grant, error) {
	w, err := s.workerNamed(ctx, name)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, ErrDenied
	}
	return s.begin(ctx, w)
}
