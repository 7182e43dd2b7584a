package identity

import (
	"context"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"parley/internal/core"
)

// Claim is what a token to be minted says.
type Claim struct {
	KeySID         string
	Identity       string
	TTL            time.Duration // at most MaxLifetime
	ChatServiceSID string        // "" leaves the chat grant out
	RoleSID        string        // deployment role of the chat grant, or ""
	WorkspaceSID   string
	WorkerSID      string // "" leaves the task_router grant out
	WorkerRole     string
	SessionSID     string // the sign-in from which the token comes; "" leaves the flex grant out
	Visitor        bool   // of the chat widget: a token that is renewed without a sign-in
}

// Mint signs an access token as the official libraries do, for `parley token`, the demo pages and who signs in.
func (id *Identity) Mint(ctx context.Context, c Claim) (token string, expires time.Time, err error) {
	switch {
	case c.Identity == "" || len(c.Identity) > core.MaxIdentity || !core.CleanText(c.Identity):
		return "", time.Time{}, core.Ef(core.CodeInvalidParameter, "Identity must be a text of 1 to %d bytes", core.MaxIdentity)
	case c.TTL <= 0 || c.TTL > MaxLifetime:
		return "", time.Time{}, core.Ef(core.CodeInvalidParameter, "The time to live must be more than 0 and at most 24h")
	}
	key, err := id.keys.get(ctx, c.KeySID)
	if err != nil {
		return "", time.Time{}, core.Internal(err)
	}
	if key == nil {
		return "", time.Time{}, core.Ef(core.CodeNotFound, "There is no API key %s", c.KeySID)
	}
	now := id.now()
	expires = now.Add(c.TTL).Truncate(time.Second)
	allowed := map[string]any{"identity": c.Identity}
	if c.ChatServiceSID != "" {
		chat := map[string]string{"service_sid": c.ChatServiceSID}
		if c.RoleSID != "" {
			chat["deployment_role_sid"] = c.RoleSID
		}
		allowed["chat"] = chat
	}
	if c.WorkerSID != "" {
		allowed["task_router"] = map[string]string{"workspace_sid": c.WorkspaceSID, "worker_sid": c.WorkerSID, "role": c.WorkerRole}
	}
	if c.SessionSID != "" {
		allowed["flex"] = map[string]string{"session_sid": c.SessionSID}
	}
	if c.Visitor {
		allowed["web_channel"] = struct{}{}
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"jti": key.SID + "-" + strconv.FormatInt(now.Unix(), 10), "iss": key.SID, "sub": key.AccountSID,
		"iat": now.Unix(), "exp": expires.Unix(), "grants": allowed,
	})
	t.Header["cty"] = contentType
	token, err = t.SignedString([]byte(key.Secret))
	return token, expires, err
}
