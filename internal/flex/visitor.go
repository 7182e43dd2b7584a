package flex

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
)

// Pass is the token of an anonymous visitor of the chat widget.
type Pass struct {
	Token, Identity string
	Roles           []string
	Expires         time.Time
}

// NewVisitor lets somebody unknown in, under a random identity, for as long as ttl. An account without an enabled flow for the widget has
// no visitors (45003).
func (x *Flex) NewVisitor(ctx context.Context, accountSID string, ttl time.Duration) (*Pass, error) {
	closed := forbidden("the account has no enabled Flex Flow of ChannelType " + TypeWeb + ", so it has no chat widget")
	if !core.IsSID("AC", accountSID) {
		return nil, closed
	}
	var open int64
	err := x.store.View(ctx, func(r *store.Reader) error {
		return r.One(`SELECT COUNT(*) FROM flex_flow WHERE account_sid = $1 AND channel_type = $2 AND enabled`, []any{accountSID, TypeWeb}, &open)
	})
	if err != nil {
		return nil, err
	}
	if open == 0 {
		return nil, closed
	}
	var who [16]byte
	_, _ = rand.Read(who[:]) // never fails (crypto/rand)
	return x.pass(ctx, accountSID, hex.EncodeToString(who[:]), ttl)
}

// RenewVisitor gives a visitor whose token is still good another one. Tokens that were made for somebody known are not renewed here (20106):
// their makers decide how long they live.
func (x *Flex) RenewVisitor(ctx context.Context, accountSID, token string, ttl time.Duration) (*Pass, error) {
	by, err := x.identity.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	if by.AccountSID != accountSID {
		return nil, core.Ef(core.CodeTokenIssuer, "Invalid Access Token issuer/subject: it is not of account %.34q", accountSID)
	}
	if !by.Visitor {
		return nil, core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: only the token of a visitor of the chat widget can be renewed here")
	}
	return x.pass(ctx, by.AccountSID, by.Identity, ttl)
}

func (x *Flex) pass(ctx context.Context, accountSID, who string, ttl time.Duration) (*Pass, error) {
	c, err := x.FetchConfiguration(ctx, accountSID)
	if err != nil {
		return nil, err
	}
	p, err := x.sign(ctx, c, who, ttl)
	if err != nil {
		// A service, role or key that was deleted is the operator's to find in the log, and nothing to tell a stranger of.
		return nil, core.Internal(fmt.Errorf("visitors of account %s cannot be let in: %w", accountSID, err))
	}
	return p, nil
}

func (x *Flex) sign(ctx context.Context, c *Configuration, who string, ttl time.Duration) (*Pass, error) {
	service, err := x.chat.Service(ctx, c.AccountSID, c.ChatServiceSID)
	if err != nil {
		return nil, err
	}
	claim := identity.Claim{KeySID: c.KeySID, Identity: who, TTL: ttl, ChatServiceSID: service.SID, Visitor: true}
	err = x.store.View(ctx, func(r *store.Reader) error {
		role, err := x.chat.RoleByName(r, service, chat.RoleDeployment, chat.RoleGuest)
		if err == nil {
			claim.RoleSID = role.SID
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	token, expires, err := x.identity.Mint(ctx, claim)
	if err != nil {
		return nil, err
	}
	return &Pass{Token: token, Identity: who, Roles: []string{chat.RoleGuest}, Expires: expires}, nil
}
