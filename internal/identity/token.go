package identity

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"parley/internal/core"
)

// Rules of access tokens (rest-semantics §5).
const (
	contentType = "twilio-fpa;v=1"
	// Leeway is how far the clock of an application may be ahead of this server's. It is not given after exp: a socket ends at exp,
	// and its client must then hear 20104 to ask for a new token (chat-sdk-protocol §3).
	Leeway = 60 * time.Second
	// MaxLifetime is the longest life of a token.
	MaxLifetime = 24 * time.Hour
	// maxTokenBytes bounds what is parsed; real tokens have less than one thousand.
	maxTokenBytes = 8 << 10
)

// Token is a verified access token.
type Token struct {
	AccountSID, KeySID string
	Identity           string
	ExpiresAt          time.Time

	// The chat grant; ChatServiceSID is "" when the token has none.
	ChatServiceSID    string
	EndpointID        string
	RoleSID           string // deployment role to set at login, or ""
	PushCredentialSID string

	// The task_router grant; WorkerSID is "" when the token has none.
	WorkspaceSID, WorkerSID, WorkerRole string

	// SessionSID is the sign-in from which the token comes; "" when somebody else made it.
	SessionSID string

	// Visitor says that the token is of an anonymous visitor of the chat widget, and may be renewed by whoever has it.
	Visitor bool
}

// RequireChat refuses a token that is good, but not for chat (20106).
func (t *Token) RequireChat() error {
	if t.ChatServiceSID == "" {
		return core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: the token has no chat grant with a service_sid")
	}
	return nil
}

// claims keeps the values raw: a wrong type belongs to the check of that value, not to parsing.
type claims struct {
	Issuer    json.RawMessage `json:"iss"`
	Subject   json.RawMessage `json:"sub"`
	NotBefore json.RawMessage `json:"nbf"`
	Expires   json.RawMessage `json:"exp"`
	Grants    json.RawMessage `json:"grants"`
}

// The jwt library asks for these; we do the checks ourselves, in the documented order.
func (*claims) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (*claims) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (*claims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (*claims) GetIssuer() (string, error)                   { return "", nil }
func (*claims) GetSubject() (string, error)                  { return "", nil }
func (*claims) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }

// grants are those that this server acts upon. Others are allowed and ignored.
type grants struct {
	Identity    json.RawMessage `json:"identity"`
	Chat        *chatGrant      `json:"chat"`
	IPMessaging *chatGrant      `json:"ip_messaging"`
	TaskRouter  *struct {
		WorkspaceSID string `json:"workspace_sid"`
		WorkerSID    string `json:"worker_sid"`
		Role         string `json:"role"`
	} `json:"task_router"`
	Flex *struct {
		SessionSID string `json:"session_sid"`
	} `json:"flex"`
	WebChannel *struct{} `json:"web_channel"`
}

type chatGrant struct {
	ServiceSID        string `json:"service_sid"`
	EndpointID        string `json:"endpoint_id"`
	RoleSID           string `json:"deployment_role_sid"`
	PushCredentialSID string `json:"push_credential_sid"`
}

// Verify checks an access token whole: form (20101), header (20102), issuer and subject (20103), signature (20107), not-before
// (20105), expiry (20104), grants (20106), in this order (rest-semantics §5). All are 401.
func (id *Identity) Verify(ctx context.Context, raw string) (*Token, error) {
	parsed, c, err := parseToken(raw)
	if err != nil {
		return nil, err
	}
	t := &Token{}
	key, err := id.issuer(ctx, c, t)
	if err != nil {
		return nil, err
	}
	signed := raw[:strings.LastIndexByte(raw, '.')]
	if err := parsed.Method.Verify(signed, parsed.Signature, []byte(key.Secret)); err != nil {
		return nil, core.Ef(core.CodeTokenSignature, "Invalid Access Token signature: it was not made with the secret of %s", key.SID)
	}
	if err := id.times(c, t); err != nil {
		return nil, err
	}
	return t, id.grants(ctx, c, t)
}

// parseToken does all that needs no store: form and header.
func parseToken(raw string) (*jwt.Token, *claims, error) {
	if raw == "" || len(raw) > maxTokenBytes {
		return nil, nil, core.Ef(core.CodeTokenInvalid, "Invalid Access Token: it is empty or too long")
	}
	var c claims
	parsed, parts, err := jwt.NewParser().ParseUnverified(raw, &c)
	switch {
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return nil, nil, core.Ef(core.CodeTokenHeader, "Invalid Access Token header: alg must be HS256, HS384 or HS512")
	case err != nil:
		return nil, nil, core.Ef(core.CodeTokenInvalid, "Invalid Access Token: it is not a JSON Web Token").Because(err)
	}
	if parsed.Signature, err = jwt.NewParser().DecodeSegment(parts[2]); err != nil {
		return nil, nil, core.Ef(core.CodeTokenInvalid, "Invalid Access Token: its signature is not base64url").Because(err)
	}
	switch parsed.Method.Alg() {
	case "HS256", "HS384", "HS512":
	default:
		return nil, nil, core.Ef(core.CodeTokenHeader, "Invalid Access Token header: alg must be HS256, HS384 or HS512")
	}
	if cty, _ := parsed.Header["cty"].(string); cty != contentType {
		return nil, nil, core.Ef(core.CodeTokenHeader, "Invalid Access Token header: cty must be %q", contentType)
	}
	if typ, set := parsed.Header["typ"]; set {
		if s, _ := typ.(string); !strings.EqualFold(s, "JWT") {
			return nil, nil, core.Ef(core.CodeTokenHeader, "Invalid Access Token header: typ must be \"JWT\"")
		}
	}
	return parsed, &c, nil
}

// issuer finds the key that made the token, which must belong to the token's account.
func (id *Identity) issuer(ctx context.Context, c *claims, t *Token) (*Key, error) {
	iss, _ := text(c.Issuer)
	sub, _ := text(c.Subject)
	if !core.IsSID("SK", iss) || !core.IsSID("AC", sub) {
		return nil, core.Ef(core.CodeTokenIssuer, "Invalid Access Token issuer/subject: iss must be an API key SID (SK…) and sub an account SID (AC…)")
	}
	key, err := id.keys.get(ctx, iss)
	if err != nil {
		return nil, core.Internal(err)
	}
	if key == nil || key.AccountSID != sub {
		return nil, core.Ef(core.CodeTokenIssuer, "Invalid Access Token issuer/subject: account %s has no API key %s", sub, iss)
	}
	a, err := id.account(ctx, sub)
	if err != nil {
		return nil, err
	}
	if a.Status != StatusActive {
		return nil, core.Ef(core.CodeTokenIssuer, "Invalid Access Token issuer/subject: account %s is not active", sub)
	}
	t.AccountSID, t.KeySID = sub, iss
	return key, nil
}

// times checks nbf, then exp.
func (id *Identity) times(c *claims, t *Token) error {
	now := id.now()
	if len(c.NotBefore) > 0 && string(c.NotBefore) != "null" {
		nbf, ok := seconds(c.NotBefore)
		if !ok || nbf.After(now.Add(Leeway)) {
			return core.Ef(core.CodeTokenNotYetValid, "Access Token not yet valid: nbf is in the future, or is no number")
		}
	}
	exp, ok := seconds(c.Expires)
	switch {
	case !ok:
		return core.Ef(core.CodeTokenExpired, "Access Token expired or expiration date invalid: exp is missing, or is no number")
	case !exp.After(now):
		return core.Ef(core.CodeTokenExpired, "Access Token expired or expiration date invalid: it expired at %s", exp.UTC().Format(time.RFC3339))
	case exp.After(now.Add(MaxLifetime + Leeway)):
		return core.Ef(core.CodeTokenExpired, "Access Token expired or expiration date invalid: exp is more than 24 hours ahead")
	}
	t.ExpiresAt = exp
	return nil
}

// grants reads what the token allows, and to whom.
func (id *Identity) grants(ctx context.Context, c *claims, t *Token) error {
	var g grants
	if len(c.Grants) == 0 || json.Unmarshal(c.Grants, &g) != nil {
		return core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: grants are missing or malformed")
	}
	who, ok := text(g.Identity)
	if !ok || who == "" || len(who) > core.MaxIdentity || !core.CleanText(who) {
		return core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: identity must be a text of 1 to %d bytes", core.MaxIdentity)
	}
	t.Identity = who
	if w := g.TaskRouter; w != nil {
		t.WorkspaceSID, t.WorkerSID, t.WorkerRole = w.WorkspaceSID, w.WorkerSID, w.Role
	}
	if g.Flex != nil {
		t.SessionSID = g.Flex.SessionSID
	}
	t.Visitor = g.WebChannel != nil
	chat := g.Chat
	if chat == nil {
		chat = g.IPMessaging
	}
	if chat == nil {
		return nil
	}
	if !core.IsSID("IS", chat.ServiceSID) {
		return core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: the chat grant needs a service_sid (IS…)")
	}
	has, err := id.hasService(ctx, t.AccountSID, chat.ServiceSID)
	if err != nil {
		return core.Internal(err)
	}
	if !has {
		return core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: account %s has no chat service %s", t.AccountSID, chat.ServiceSID)
	}
	t.ChatServiceSID, t.EndpointID, t.RoleSID, t.PushCredentialSID = chat.ServiceSID, chat.EndpointID, chat.RoleSID, chat.PushCredentialSID
	return nil
}

// text reads a JSON string.
func text(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil || !utf8.ValidString(s) {
		return "", false
	}
	return s, true
}

// seconds reads a JSON number of seconds since 1970; a fraction is dropped.
func seconds(raw json.RawMessage) (time.Time, bool) {
	var n float64
	if len(raw) == 0 || raw[0] == 'n' || json.Unmarshal(raw, &n) != nil || n < 0 || n > math.MaxInt32*1000 {
		return time.Time{}, false
	}
	return time.Unix(int64(n), 0), true
}
