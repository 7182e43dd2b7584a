package flex

import (
	"context"
	"slices"
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// ranks are the roles of Flex's people, the highest last; the chat's channel roles bear the same names.
var ranks = taskrouter.Ranks

// Staff is a worker of Flex who comes with a token.
type Staff struct {
	*taskrouter.WorkerView
	rank int
}

// StaffOf returns the worker behind a token. A token that is not a worker's is 45003. A worker who was deleted, or lost its roles, is 20003:
// at that word the desktop drops its token and asks to sign in (flex-ui-protocol §5.2).
func (x *Flex) StaffOf(ctx context.Context, by *identity.Token) (Staff, error) {
	if by.WorkerSID == "" {
		return Staff{}, forbidden("the token is not of a worker")
	}
	w, err := x.tr.FetchWorker(ctx, by.AccountSID, by.WorkspaceSID, by.WorkerSID)
	if core.HasCode(err, core.CodeNotFound) {
		return Staff{}, core.Ef(core.CodeAuthenticate, "The worker of this token does not exist any more")
	}
	if err != nil {
		return Staff{}, err
	}
	rank := taskrouter.RankOf(w.Attributes)
	if rank < 0 {
		return Staff{}, core.Ef(core.CodeAuthenticate, "The worker of this token has no role in Flex any more")
	}
	return Staff{w, rank}, nil
}

// Leads reports whether the worker looks after others.
func (s Staff) Leads() bool { return s.rank > 0 }

// AdmitLead refuses a token that is not of a supervisor or an admin: 20403, or what StaffOf says.
func (x *Flex) AdmitLead(ctx context.Context, by *identity.Token) error {
	s, err := x.StaffOf(ctx, by)
	if err == nil && !s.Leads() {
		err = core.Ef(core.CodeForbidden, "Only a supervisor or an admin may do this, and this worker is neither")
	}
	return err
}

// IsAdmin reports whether the worker may change what holds for all.
func (s Staff) IsAdmin() bool { return ranks[s.rank] == chat.RoleAdmin }

// ChangeWorker has a supervisor or an admin change another worker: its activity, or its attributes. Nobody makes somebody out to be more
// than they are themselves, nor changes the attributes of who is more.
func (x *Flex) ChangeWorker(ctx context.Context, by *identity.Token, workspaceSID, workerSID string, p taskrouter.WorkerPatch) (*taskrouter.WorkerView, error) {
	s, err := x.StaffOf(ctx, by)
	if err != nil {
		return nil, err
	}
	switch {
	case !s.Leads():
		return nil, forbidden("only a supervisor or an admin may change another worker")
	case workspaceSID != by.WorkspaceSID:
		return nil, forbidden("the token is for another workspace")
	}
	var ifMatch string
	if p.Attributes != nil {
		other, err := x.tr.FetchWorker(ctx, by.AccountSID, workspaceSID, workerSID)
		if err != nil {
			return nil, err
		}
		if max(taskrouter.RankOf(other.Attributes), taskrouter.RankOf(*p.Attributes)) > s.rank {
			return nil, forbidden("only an admin may give or take the role of an admin")
		}
		ifMatch = strconv.FormatInt(other.Version, 10) // the roles that were looked at are those that are replaced
	}
	return x.tr.UpdateWorker(ctx, by.AccountSID, workspaceSID, workerSID, p, ifMatch)
}

// AddUser takes an identity into a channel with the channel role of an agent, supervisor or admin, as the desktop asks when its worker
// accepted a task (rest-semantics §4.6). by is the token of who asks, nil for a server. Whoever is a member already is 45206.
//
// A worker may give the roles that it has itself or outranks. An agent may add nobody but itself, and only to a channel about which it
// holds an accepted task; supervisors and admins may enter any.
func (x *Flex) AddUser(ctx context.Context, accountSID, channelSID, role, who string, by *identity.Token) (*chat.Member, error) {
	if !slices.Contains(ranks, role) {
		return nil, core.Ef(core.CodeFlexValidation, "The role must be one of %v, not %q", ranks, clip(role))
	}
	if who == "" {
		return nil, core.Ef(core.CodeFlexValidation, "Missing required parameter Identity")
	}
	c, err := x.FetchChannel(ctx, accountSID, channelSID)
	if err != nil {
		return nil, err
	}
	if by != nil {
		if err := x.mayEnter(ctx, c, role, who, by); err != nil {
			return nil, err
		}
	}
	conductor, err := x.conductor(ctx, accountSID, c.ChatServiceSID)
	if err != nil {
		return nil, err
	}
	var m *chat.Member
	err = x.store.Update(ctx, func(tx *store.Tx) error {
		room, err := x.chat.OpenTx(tx, conductor.Service, c.SID)
		if err != nil {
			return err
		}
		channelRole, err := x.chat.RoleByName(&tx.Reader, conductor.Service, chat.RoleChannel, role)
		if err != nil {
			return err
		}
		m, err = x.chat.AddMemberTx(tx, conductor, room, chat.NewMember{Identity: who, RoleSID: channelRole.SID})
		return err
	})
	if core.HasCode(err, core.CodeChannelNotFound) {
		return nil, notFound(channelSID)
	}
	if err != nil {
		return nil, flexCode(err)
	}
	return m, nil
}

// mayEnter checks a worker's token.
func (x *Flex) mayEnter(ctx context.Context, c *Channel, role, who string, by *identity.Token) error {
	if by.ChatServiceSID != c.ChatServiceSID {
		return forbidden("the token needs the chat grant of the channel's service")
	}
	s, err := x.StaffOf(ctx, by)
	if err != nil {
		return err
	}
	switch {
	case s.rank < slices.Index(ranks, role):
		return forbidden("the worker's attribute roles does not allow the role " + role)
	case s.rank > 0:
		return nil
	case who != by.Identity:
		return forbidden("an agent may only add itself")
	}
	return x.holdsTask(ctx, c, by)
}

// holdsTask checks that a worker has accepted a task about the channel.
func (x *Flex) holdsTask(ctx context.Context, c *Channel, by *identity.Token) error {
	const most = 1000 // more than anybody works on at a time
	held, err := x.tr.ListReservations(ctx, c.AccountSID, by.WorkspaceSID, taskrouter.ReservationFilter{WorkerSID: by.WorkerSID, Active: true}, "", most)
	if err != nil {
		return err
	}
	for _, r := range held {
		if (r.Status == taskrouter.ReservationAccepted || r.Status == taskrouter.ReservationWrapping) && r.Task != nil && channelOf(r.Task.Attributes) == c.SID {
			return nil
		}
	}
	return forbidden("the worker has not accepted a task about this channel")
}

func forbidden(why string) error {
	return core.Ef(core.CodeFlexForbidden, "Not allowed: %s", why)
}
