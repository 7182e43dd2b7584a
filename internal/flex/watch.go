package flex

import (
	"context"

	"parley/internal/core"
	"parley/internal/identity"
)

// MayWatch reports whether whoever has a token may read a channel without being in it: supervisors and admins may, where the channel is one of
// Flex in the token's chat service (flex-ui-protocol §5.6).
func (x *Flex) MayWatch(ctx context.Context, by *identity.Token, channelSID string) (bool, error) {
	if by == nil || by.WorkerSID == "" {
		return false, nil
	}
	s, err := x.StaffOf(ctx, by)
	if core.HasCode(err, core.CodeAuthenticate) || err == nil && s.rank == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c, err := x.FetchChannel(ctx, by.AccountSID, channelSID)
	if core.HasCode(err, core.CodeFlexChannelNotFound) {
		return false, nil
	}
	return err == nil && c.ChatServiceSID == by.ChatServiceSID, err
}
