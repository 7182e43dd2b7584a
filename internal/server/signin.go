package server

import (
	"context"

	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/core"
	"parley/internal/signin"
	signinrest "parley/internal/signin/rest"
	"parley/internal/store"
)

// demoSupervisor is the worker who looks after the agent in demo mode.
const demoSupervisor = "supervisor"

// openSignIn makes the way into the desktop. In demo mode it has two doors without a lock.
func (s *Server) openSignIn(ctx context.Context) error {
	in := s.instance
	way := signin.New(signin.Options{Store: s.store, Identity: s.identity, Tasks: s.tasks, AccountSID: in.AccountSID, WorkspaceSID: in.WorkspaceSID,
		APIKeySID: in.APIKeySID, ChatServiceSID: in.ChatServiceSID, ChatRole: s.deploymentRole, OIDC: identityProvider(s.config.SignIn),
		MarkKey: s.keys.Link, MaxSession: s.config.SessionMax, Log: s.log})
	o := signinrest.Options{SignIn: way, Origins: s.config.DesktopOrigins, ClientIP: s.clientIP, RefreshVisitor: s.flexAPI.RefreshVisitor}
	if s.config.Demo {
		if err := way.ProvideWorker(ctx, demoSupervisor, "Supervisor", "supervisor"); err != nil {
			return err
		}
		o.Demo = []string{in.WorkerName, demoSupervisor}
	}
	signinrest.Routes(s.router, o)
	return nil
}

// identityProvider is where workers sign in by OpenID Connect; nil without one.
func identityProvider(c config.SignIn) *signin.OIDC {
	if c.OIDCIssuer == "" {
		return nil
	}
	return &signin.OIDC{Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCClientSecret.Reveal(), Scopes: c.OIDCScopes,
		NameClaim: c.OIDCNameClaim, RolesClaim: c.OIDCRolesClaim, CreateWorkers: c.OIDCCreateWorkers}
}

// deploymentRole returns the SID of a deployment role of the default chat service.
func (s *Server) deploymentRole(ctx context.Context, name string) (sid string, err error) {
	svc, err := s.chat.Service(ctx, s.instance.AccountSID, s.instance.ChatServiceSID)
	if err != nil {
		return "", err
	}
	err = s.store.View(ctx, func(r *store.Reader) error {
		role, err := s.chat.RoleByName(r, svc, chat.RoleDeployment, name)
		if core.HasCode(err, core.CodeRoleNotFound) {
			return nil // a service whose roles are of its owner's making; its default is taken
		}
		if err == nil {
			sid = role.SID
		}
		return err
	})
	return sid, err
}
