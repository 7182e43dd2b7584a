package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"parley/internal/core"
	"parley/internal/ratelimit"
	"parley/internal/taskrouter"
)

// OIDC says where workers prove who they are by OpenID Connect.
type OIDC struct {
	Issuer, ClientID, ClientSecret string
	Scopes                         []string // beside openid
	// NameClaim is the claim that is the worker's name; "" takes preferred_username, else a verified email.
	NameClaim string
	// RolesClaim, where it is set, gives the worker its roles at each sign-in. Dots lead into objects ("realm_access.roles").
	RolesClaim    string
	CreateWorkers bool // for people for whom there is no worker yet
}

// providerPatience bounds each request to the provider.
const providerPatience = 10 * time.Second

// provider is an identity provider, which is asked for its endpoints when somebody first signs in by it: it may start after this server.
type provider struct {
	OIDC
	client *http.Client
	known  atomic.Pointer[oidc.Provider]
	asking singleflight.Group
}

func newProvider(o *OIDC) *provider {
	if o == nil {
		return nil
	}
	return &provider{OIDC: *o, client: &http.Client{Timeout: providerPatience}}
}

// discover returns the provider's endpoints and keys. Those who ask at the same time wait for one answer.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	if known := p.known.Load(); known != nil {
		return known, nil
	}
	_, err, _ := p.asking.Do("", func() (any, error) {
		known, err := oidc.NewProvider(context.WithoutCancel(ctx), p.Issuer)
		if err == nil {
			p.known.Store(known)
		}
		return nil, err
	})
	return p.known.Load(), err
}

// Attempt is a sign-in that is under way at the provider. The browser keeps it until it comes back.
type Attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE
	Resource string `json:"resource"`
}

// HasProvider reports whether workers may sign in by OpenID Connect.
func (s *SignIn) HasProvider() bool { return s.provider != nil }

// errProvider hides what the provider did wrong behind words for the person who signs in.
func errProvider(cause error) *core.Error {
	return core.Ef(core.CodeUnavailable, "The identity provider does not answer as it should. Please try again in a minute, or tell your administrator").Because(cause)
}

// ask prepares a conversation with the provider.
func (s *SignIn) ask(ctx context.Context, redirectURL string) (context.Context, *oidc.Provider, *oauth2.Config, error) {
	p := s.provider
	ctx = oidc.ClientContext(ctx, p.client)
	known, err := p.discover(ctx)
	if err != nil {
		return nil, nil, nil, errProvider(err)
	}
	return ctx, known, &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: known.Endpoint(), RedirectURL: redirectURL,
		Scopes: append([]string{oidc.ScopeOpenID}, p.Scopes...)}, nil
}

// BeginOIDC returns where to send somebody who is to sign in at the provider, and what their browser must bring back.
func (s *SignIn) BeginOIDC(ctx context.Context, redirectURL, resource string) (string, *Attempt, error) {
	_, _, client, err := s.ask(ctx, redirectURL)
	if err != nil {
		return "", nil, err
	}
	a := &Attempt{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(), Resource: resource}
	return client.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// FinishOIDC begins a session for who comes back from the provider with a code. Who has no worker, or one without a role, is 20403;
// an answer of the provider that does not hold is 20503; too many of them from one address are 20429.
func (s *SignIn) FinishOIDC(ctx context.Context, redirectURL string, a *Attempt, code string, from netip.Addr) (*Grant, error) {
	from = ratelimit.Source(from)
	if ok, wait := s.failures.addresses.Allow(from, s.now()); !ok {
		return nil, core.Ef(core.CodeTooManyRequests, "Too many sign-ins failed").RetryAfter(wait)
	}
	who, err := s.identify(ctx, redirectURL, a, code)
	if err != nil {
		return nil, err
	}
	s.failures.addresses.GiveBack(from, s.now())
	w, err := s.workerOf(ctx, who)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, w)
}

// identify trades the code for what the provider says about its bearer.
func (s *SignIn) identify(ctx context.Context, redirectURL string, a *Attempt, code string) (claims, error) {
	ctx, known, client, err := s.ask(ctx, redirectURL)
	if err != nil {
		return nil, err
	}
	tokens, err := client.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.ErrorCode == "invalid_grant" {
		return nil, core.Ef(core.CodeForbidden, "This sign-in took too long, or was finished already. Please try again")
	}
	if err != nil {
		return nil, errProvider(withoutBody(err))
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := known.Verifier(&oidc.Config{ClientID: s.provider.ClientID, Now: s.now}).Verify(ctx, raw)
	if err != nil {
		return nil, errProvider(err)
	}
	if id.Nonce != a.Nonce {
		return nil, errProvider(errors.New("the ID token has another nonce"))
	}
	who := claims{}
	if err := id.Claims(&who); err != nil {
		return nil, errProvider(err)
	}
	if s.provider.complete(who) || known.UserInfoEndpoint() == "" {
		return who, nil
	}
	more, err := known.UserInfo(ctx, client.TokenSource(ctx, tokens)) // many providers keep an ID token small
	if err != nil {
		return nil, errProvider(withoutBody(err))
	}
	if more.Subject != id.Subject {
		return nil, errProvider(errors.New("the user info is about somebody else"))
	}
	return who, more.Claims(&who)
}

// withoutBody keeps an answer of the token endpoint out of the log: it may repeat the code.
func withoutBody(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider answered %s %s", e.Response.Status, e.ErrorCode)
	}
	return err
}

// claims are what a provider says about a person.
type claims map[string]any

// complete reports whether all is known that is asked for.
func (p *provider) complete(c claims) bool {
	return p.name(c) != "" && (p.RolesClaim == "" || c.at(p.RolesClaim) != nil)
}

// at returns a claim; the name of one that is not there may lead into objects.
func (c claims) at(name string) any {
	if v, ok := c[name]; ok {
		return v
	}
	first, rest, nested := strings.Cut(name, ".")
	if inner, ok := c[first].(map[string]any); nested && ok {
		return claims(inner).at(rest)
	}
	return nil
}

func (c claims) text(name string) string {
	s, _ := c.at(name).(string)
	return strings.TrimSpace(s)
}

// name is that of the worker. An address that the provider did not verify could be anybody's.
func (p *provider) name(c claims) string {
	if p.NameClaim != "" {
		return c.text(p.NameClaim)
	}
	if name := c.text("preferred_username"); name != "" {
		return name
	}
	if verified, _ := c["email_verified"].(bool); verified {
		return c.text("email")
	}
	return ""
}

// roles are those of ranks that the roles claim names, as a list or as one word.
func (p *provider) roles(c claims) (roles []string) {
	for _, role := range taskrouter.Ranks {
		switch v := c.at(p.RolesClaim).(type) {
		case string:
			if v == role {
				roles = append(roles, role)
			}
		case []any:
			if slices.Contains(v, any(role)) {
				roles = append(roles, role)
			}
		}
	}
	return roles
}

// workerOf finds the worker of a person, or makes it, and gives it the roles of the provider.
func (s *SignIn) workerOf(ctx context.Context, who claims) (*taskrouter.WorkerView, error) {
	p := s.provider
	name := p.name(who)
	if name == "" {
		return nil, core.Ef(core.CodeForbidden, "The identity provider does not say your name here. Please tell your administrator")
	}
	roles := p.roles(who)
	if p.RolesClaim != "" && len(roles) == 0 {
		return nil, core.Ef(core.CodeForbidden, "You have no role in this contact centre. Please ask your administrator for one")
	}
	w, err := s.workerNamed(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case w == nil && !p.CreateWorkers:
		return nil, core.Ef(core.CodeForbidden, "There is no worker %.64q here. Please ask your administrator for one", name)
	case w == nil:
		return s.createWorker(ctx, name, roles, who)
	case p.RolesClaim == "" || slices.Equal(taskrouter.Roles(w.Attributes), roles):
		return w, nil
	}
	attributes, err := withRoles(w.Attributes, roles)
	if err != nil {
		return nil, err
	}
	return s.Tasks.UpdateWorker(ctx, s.AccountSID, s.WorkspaceSID, w.SID, taskrouter.WorkerPatch{Attributes: &attributes}, "")
}

// createWorker makes a worker for a person: an agent, unless the provider gives roles.
func (s *SignIn) createWorker(ctx context.Context, name string, roles []string, who claims) (*taskrouter.WorkerView, error) {
	if roles == nil {
		roles = taskrouter.Ranks[:1]
	}
	attributes := map[string]any{"contact_uri": "client:" + name, "full_name": name, "roles": roles}
	for attribute, claim := range map[string]string{"full_name": "name", "email": "email"} {
		if v := who.text(claim); v != "" {
			attributes[attribute] = v
		}
	}
	b, err := json.Marshal(attributes)
	if err != nil {
		return nil, err
	}
	return s.Tasks.CreateWorker(ctx, s.AccountSID, s.WorkspaceSID, taskrouter.NewWorker{FriendlyName: name, Attributes: string(b)})
}

// withRoles sets the attribute roles and leaves the others.
func withRoles(attributes string, roles []string) (string, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(attributes), &all); err != nil {
		return "", err
	}
	list, err := json.Marshal(roles)
	if err != nil {
		return "", err
	}
	all["roles"] = list
	b, err := json.Marshal(all)
	return string(b), err
}
