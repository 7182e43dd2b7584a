package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/store"
)

const (
	maxBody  = 8 << 10 // bytes; a name and an identity fit
	tokenTTL = time.Hour
	// agentRole is a chat role's name, and what a token asks for that speaks for the worker too.
	agentRole = "agent"

	// A person who tries things out makes a few calls a second; tests make more. What is beyond waits for its next try.
	callsPerSecond = 100
	callsBurst     = 500
)

// Options of New.
type Options struct {
	Store    *store.Store
	Identity *identity.Identity
	Chat     *chat.Chat
	Flex     *flex.Flex
	// Credentials returns what `parley credentials --json` prints, with the base URL by which the request came.
	Credentials    func(r *http.Request) (any, error)
	AccountSID     string
	APIKeySID      string
	ChatServiceSID string
	FlexFlowSID    string // of ChannelType custom
	WorkspaceSID   string
	WorkerSID      string // who answers
	Log            *slog.Logger
}

// demo answers the calls.
type demo struct {
	Options
	calls *rate.Limiter
}

// New returns the handler of everything below /demo/.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &demo{o, rate.NewLimiter(callsPerSecond, callsBurst)}
	mux := http.NewServeMux()
	mux.Handle("GET /demo/credentials", d.handler(func(r *http.Request) (any, error) { return d.Credentials(r) }))
	mux.Handle("POST /demo/token", d.handler(d.token))
	mux.Handle("POST /demo/channel", d.handler(d.channel))
	mux.Handle("/", NotFound())
	return mux
}

// NotFound answers where there is no such call: everywhere, when the server is not in demo mode.
func NotFound() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpapi.WriteError(w, r, core.Ef(core.CodeNotFound, "The requested resource %s was not found", r.URL.Path))
	})
}

// handler wraps a call with what all have in common.
func (d *demo) handler(call func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		answer, err := d.answer(w, r, call)
		if err != nil {
			if core.AsError(err).Status >= http.StatusInternalServerError {
				d.Log.Error("a demo call failed", "path", r.URL.Path, "error", err)
			}
			httpapi.WriteError(w, r, err)
			return
		}
		body, err := json.Marshal(answer)
		if err != nil {
			httpapi.WriteError(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the client may be gone
	})
}

func (d *demo) answer(w http.ResponseWriter, r *http.Request, call func(*http.Request) (any, error)) (any, error) {
	// Browsers say where a request comes from. A page of another site must not act with this server's credentials.
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return nil, core.Ef(core.CodeForbidden, "The demo answers its own pages only")
	}
	if !d.calls.Allow() {
		w.Header().Set("Retry-After", "1")
		return nil, core.Ef(core.CodeTooManyRequests, "Too many requests; try again in a second")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return call(r)
}

// read decodes a JSON body. Another content type is refused, because a browser lets any page send those without asking.
func read(r *http.Request, dest any) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return core.Ef(core.CodeInvalidParameter, "Send a JSON object with Content-Type application/json")
	}
	body, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return core.Ef(core.CodeTooLarge, "The body has more than %d bytes", maxBody)
	}
	if err != nil {
		return core.Ef(core.CodeInvalidParameter, "The body could not be read").Because(err)
	}
	if err := json.Unmarshal(body, dest); err != nil {
		return core.Ef(core.CodeInvalidParameter, "The body is not a JSON object of texts").Because(err)
	}
	return nil
}

// token makes an access token for a visitor, or with a role for the other side: an agent's token is the worker's too, as the desktop's is.
func (d *demo) token(r *http.Request) (any, error) {
	var in struct {
		Identity string `json:"identity"`
		Role     string `json:"role"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	claim := identity.Claim{KeySID: d.APIKeySID, Identity: in.Identity, TTL: tokenTTL, ChatServiceSID: d.ChatServiceSID}
	if in.Role != "" {
		role, err := d.role(r.Context(), in.Role)
		if err != nil {
			return nil, err
		}
		claim.RoleSID = role
	}
	if in.Role == agentRole {
		claim.WorkspaceSID, claim.WorkerSID, claim.WorkerRole = d.WorkspaceSID, d.WorkerSID, "worker"
	}
	jwt, expires, err := d.Identity.Mint(r.Context(), claim)
	if err != nil {
		return nil, err
	}
	return map[string]any{"identity": in.Identity, "token": jwt, "chat_service_sid": d.ChatServiceSID, "flex_flow_sid": d.FlexFlowSID,
		"expires_at": expires.UTC().Format(time.RFC3339)}, nil
}

// channel does the one request that the guide's back end makes.
func (d *demo) channel(r *http.Request) (any, error) {
	var in struct {
		Identity     string `json:"identity"`
		FriendlyName string `json:"friendly_name"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if in.FriendlyName == "" {
		in.FriendlyName = in.Identity
	}
	task, err := json.Marshal(map[string]string{"name": in.FriendlyName}) // without it, the task would be called after the Target
	if err != nil {
		return nil, err
	}
	ch, err := d.Flex.CreateChannel(r.Context(), d.AccountSID, flex.NewChannel{FlowSID: d.FlexFlowSID, Identity: in.Identity,
		ChatUserFriendlyName: in.FriendlyName, ChatFriendlyName: "Chat with " + in.FriendlyName, Target: in.Identity, TaskAttributes: string(task)})
	if err != nil {
		return nil, err
	}
	return map[string]any{"channel_sid": ch.SID}, nil
}

// role returns the SID of a deployment role by its name.
func (d *demo) role(ctx context.Context, name string) (sid string, err error) {
	svc, err := d.Chat.Service(ctx, d.AccountSID, d.ChatServiceSID)
	if err != nil {
		return "", err
	}
	err = d.Store.View(ctx, func(r *store.Reader) error {
		role, err := d.Chat.RoleByName(r, svc, chat.RoleDeployment, name)
		if err == nil {
			sid = role.SID
		}
		return err
	})
	return sid, err
}
