package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// EnsureUser returns the user of an identity and makes it where there is none: at its first token login (rest-semantics §2.7).
func (c *Chat) EnsureUser(ctx context.Context, svc *Service, identity string) (u *User, err error) {
	if err := checkIdentity(identity); err != nil {
		return nil, err
	}
	err = c.st.View(ctx, func(r *store.Reader) (err error) {
		u, err = userTable.One(r, "WHERE service_id = $1 AND identity = $2", svc.ID, identity)
		return err
	})
	if !errors.Is(err, store.ErrNoRow) {
		return u, err
	}
	err = c.st.Update(ctx, func(tx *store.Tx) (err error) {
		var created bool
		if u, created, err = c.EnsureUserTx(tx, svc, NewUser{Identity: identity}); err != nil || !created {
			return err
		}
		return c.fireUser(tx, eventUserAdded, &Actor{Service: svc, Identity: identity, Source: SourceSDK}, u)
	})
	return u, err
}

// EnsureUserTx returns the user of an identity, and makes it with what else in says where there is none. An existing user
// stays as it is.
func (c *Chat) EnsureUserTx(tx *store.Tx, svc *Service, in NewUser) (u *User, created bool, err error) {
	if err := checkIdentity(in.Identity); err != nil {
		return nil, false, err
	}
	const find = "WHERE service_id = $1 AND identity = $2"
	u, err = userTable.One(&tx.Reader, find, svc.ID, in.Identity)
	if !errors.Is(err, store.ErrNoRow) {
		return u, false, err
	}
	if u, err = c.newUser(tx, svc, in); err != nil {
		return nil, false, err
	}
	// Another node may make the same user at this moment: then its row wins.
	n, err := tx.Exec(`INSERT INTO chat_user (id, sid, service_id, identity, friendly_name, attributes, role_sid, name_ev,
		attributes_ev, reach_ev, online, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (service_id, identity) DO NOTHING`,
		u.ID, u.SID, u.ServiceID, u.Identity, u.FriendlyName, u.Attributes, u.RoleSID, u.NameEv,
		u.AttributesEv, u.ReachEv, u.Online, u.CreatedAt, u.UpdatedAt)
	if err != nil {
		return nil, false, err
	}
	if n == 0 {
		u, err = userTable.One(&tx.Reader, find, svc.ID, in.Identity)
		return u, false, err
	}
	return u, true, c.addUserSeq(tx, u)
}

func (c *Chat) newUser(tx *store.Tx, svc *Service, in NewUser) (*User, error) {
	name, err := checkName(in.FriendlyName)
	if err != nil {
		return nil, err
	}
	attributes, err := core.CheckAttributes(in.Attributes, core.MaxAttributes)
	if err != nil {
		return nil, err
	}
	role, err := c.checkRole(&tx.Reader, svc, in.RoleSID, RoleDeployment, svc.DefaultServiceRole, core.CodeDeploymentRoleNotFound)
	if err != nil {
		return nil, err
	}
	return &User{ID: tx.NextID(), SID: core.NewSID("US"), ServiceID: svc.ID, Identity: in.Identity, FriendlyName: name,
		Attributes: attributes, RoleSID: role, NameEv: 1, AttributesEv: 2, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}, nil
}

func (c *Chat) addUserSeq(tx *store.Tx, u *User) error {
	tx.Emit(UserChanged{User: u, Since: 0})
	return userSeqTable.Append(tx, &UserSeq{UserID: u.ID, Info: u.AttributesEv})
}

// CreateUser makes a user; 50201 if the identity has one.
func (c *Chat) CreateUser(ctx context.Context, a Actor, in NewUser) (u *User, err error) {
	if err := checkIdentity(in.Identity); err != nil {
		return nil, err
	}
	if !a.server() {
		return nil, core.E(core.CodeNotAuthorized)
	}
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		var created bool
		if u, created, err = c.EnsureUserTx(tx, a.Service, in); err != nil {
			return err
		}
		if !created {
			return core.E(core.CodeUserExists)
		}
		return c.fireUser(tx, eventUserAdded, &a, u)
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// FindUserTx reads a user by SID or identity; 50200 when there is none.
func (c *Chat) FindUserTx(r *store.Reader, svc *Service, ref string) (*User, error) {
	if ref == "" || len(ref) > core.MaxIdentity || !core.CleanText(ref) {
		return nil, core.E(core.CodeUserNotFound)
	}
	tail := "WHERE service_id = $1 AND identity = $2"
	if core.IsSID("US", ref) {
		tail = "WHERE service_id = $1 AND sid = $2"
	}
	u, err := userTable.One(r, tail, svc.ID, ref)
	return u, or(err, core.CodeUserNotFound)
}

// FetchUser is FindUserTx in a snapshot of its own. Every user of a service may see the others (chat-sdk-protocol §5).
func (c *Chat) FetchUser(ctx context.Context, svc *Service, ref string) (u *User, err error) {
	err = c.st.View(ctx, func(r *store.Reader) error {
		u, err = c.FindUserTx(r, svc, ref)
		return err
	})
	return u, err
}

// ListUsers lists a service's users.
func (c *Chat) ListUsers(ctx context.Context, svc *Service, p Page) (out List[*User], err error) {
	size, after, err := c.keys("US", p)
	if err != nil {
		return out, err
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		rows, err := userTable.All(r, "WHERE service_id = $1 AND id > $2 ORDER BY id LIMIT $3", svc.ID, after, size+1)
		out = pageOf(c, "US", rows, size, func(u *User) int64 { return u.ID })
		return err
	})
	return out, err
}

// UsersOfChannel lists the users who are members of a channel, in the order of their joining.
func (c *Chat) UsersOfChannel(ctx context.Context, a Actor, ref string, p Page) (out List[*User], err error) {
	members, err := c.ListMembers(ctx, a, ref, nil, p)
	if err != nil {
		return out, err
	}
	ids := make([]int64, len(members.Items))
	for i, m := range members.Items {
		ids[i] = m.UserID
	}
	out.Next = members.Next
	err = c.st.View(ctx, func(r *store.Reader) error {
		users, err := usersByID(r, ids)
		for _, id := range ids {
			if u := users[id]; u != nil {
				out.Items = append(out.Items, u)
			}
		}
		return err
	})
	return out, err
}

func usersByID(r *store.Reader, ids []int64) (map[int64]*User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cond, args := store.In(nil, ids)
	rows, err := userTable.All(r, "WHERE id IN "+cond, args...)
	users := make(map[int64]*User, len(rows))
	for _, u := range rows {
		users[u.ID] = u
	}
	return users, err
}

// UpdateUser changes a user's profile or role. SDK users may change profiles as their roles allow, and no roles.
func (c *Chat) UpdateUser(ctx context.Context, a Actor, ref string, in UserPatch) (u *User, err error) {
	if a.server() && in == (UserPatch{}) {
		return c.FetchUser(ctx, a.Service, ref) // some servers fetch users so (rest-semantics §2.2)
	}
	next := in
	if c.asks(&a, preUserUpdate) {
		if next, err = c.askUserUpdate(ctx, &a, ref, in); err != nil {
			return nil, err
		}
	}
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		if u, err = c.FindUserTx(&tx.Reader, a.Service, ref); err != nil {
			return err
		}
		if err := c.mayEditUser(&tx.Reader, &a, u, in); err != nil {
			return err
		}
		u, err = c.UpdateUserTx(tx, a, u, next)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// UpdateUserTx is UpdateUser of a user that was found, without a question of permission.
func (c *Chat) UpdateUserTx(tx *store.Tx, a Actor, u *User, in UserPatch) (_ *User, err error) {
	name, attributes, role := u.FriendlyName, u.Attributes, u.RoleSID
	if in.FriendlyName != nil {
		if name, err = checkName(in.FriendlyName); err != nil {
			return nil, err
		}
	}
	if in.Attributes != nil {
		if attributes, err = core.CheckAttributes(*in.Attributes, core.MaxAttributes); err != nil {
			return nil, err
		}
	}
	if in.RoleSID != nil {
		if role, err = c.checkRole(&tx.Reader, a.Service, *in.RoleSID, RoleDeployment, role, core.CodeDeploymentRoleNotFound); err != nil {
			return nil, err
		}
	}
	changed := false
	err = c.editUser(tx, u.ID, func(fresh *User, next func() int64) {
		was := *fresh
		if in.FriendlyName != nil && !same(fresh.FriendlyName, name) {
			fresh.FriendlyName, fresh.NameEv = name, next()
		}
		if in.Attributes != nil && fresh.Attributes != attributes {
			fresh.Attributes, fresh.AttributesEv = attributes, next()
		}
		if in.RoleSID != nil {
			fresh.RoleSID = role
		}
		if changed = *fresh != was; changed {
			fresh.UpdatedAt = tx.Now()
		}
		u = fresh
	})
	if err != nil || !changed {
		return u, err
	}
	return u, c.fireUser(tx, eventUserUpdated, &a, u)
}

func (c *Chat) mayEditUser(r *store.Reader, a *Actor, u *User, in UserPatch) error {
	if a.server() {
		return nil
	}
	_, service, err := c.actor(r, a)
	if err != nil {
		return err
	}
	if in.RoleSID != nil || !Allowed(EditAnyUserInfoPermission, service, 0, a.Identity == u.Identity) {
		return core.E(core.CodeNotAuthorized)
	}
	return nil
}

// editUser changes a user under the lock of its counters; next gives the event number of an item that changes. What it
// changed is emitted.
func (c *Chat) editUser(tx *store.Tx, id int64, edit func(fresh *User, next func() int64)) error {
	var since int64
	if err := tx.One("UPDATE user_seq SET info = info WHERE user_id = $1 RETURNING info", []any{id}, &since); err != nil {
		return or(err, core.CodeUserNotFound)
	}
	u, err := userTable.One(&tx.Reader, "WHERE id = $1", id)
	if err != nil {
		return or(err, core.CodeUserNotFound)
	}
	info := since
	edit(u, func() int64 { info++; return info })
	if err := userTable.Update(tx, u); err != nil {
		return err
	}
	if info == since {
		return nil
	}
	tx.Emit(UserChanged{User: u, Since: since})
	return tx.Defer("UPDATE user_seq SET info = $2 WHERE user_id = $1", id, info)
}

// DeleteUser removes a user and its memberships and invites; its messages stay.
func (c *Chat) DeleteUser(ctx context.Context, a Actor, ref string) error {
	if !a.server() {
		return core.E(core.CodeNotAuthorized)
	}
	return c.st.Update(ctx, func(tx *store.Tx) error {
		u, err := c.FindUserTx(&tx.Reader, a.Service, ref)
		if err != nil {
			return err
		}
		// The lock of the user's maps comes first, so that nobody adds it to a channel meanwhile.
		if _, err := tx.Exec("UPDATE user_seq SET channels = channels WHERE user_id = $1", u.ID); err != nil {
			return err
		}
		items, err := userChannelTable.All(&tx.Reader, "WHERE user_id = $1 AND status <> 'gone' ORDER BY channel_id", u.ID)
		if err != nil {
			return err
		}
		for _, item := range items {
			room, err := c.OpenTx(tx, a.Service, item.ChannelSID)
			if err != nil {
				return err
			}
			if err := c.dropUser(tx, &a, room, u); err != nil {
				return err
			}
		}
		for _, table := range []string{"user_channel", "presence", "binding", "user_seq"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE user_id = $1", u.ID); err != nil {
				return err
			}
		}
		return or(userTable.Delete(tx, u), core.CodeUserNotFound)
	})
}

// dropUser ends a user's membership of, or invite to, a channel.
func (c *Chat) dropUser(tx *store.Tx, a *Actor, room *Room, u *User) error {
	m, err := c.memberOf(&tx.Reader, room.Channel, u)
	if err != nil {
		return err
	}
	if m != nil {
		return c.endMembership(tx, a, room, m)
	}
	if _, err := tx.Exec("DELETE FROM invite WHERE channel_id = $1 AND user_id = $2", room.Channel.ID, u.ID); err != nil {
		return err
	}
	return c.setUserChannel(tx, room.Channel, u.key(), StatusGone, nil)
}

// JoinedCounts returns how many channels each of many users has joined, by user number.
func (c *Chat) JoinedCounts(ctx context.Context, userIDs []int64) (map[int64]int64, error) {
	counts := make(map[int64]int64, len(userIDs))
	if len(userIDs) == 0 {
		return counts, nil
	}
	cond, args := store.In(nil, userIDs)
	err := c.st.View(ctx, func(r *store.Reader) error {
		return r.Query("SELECT user_id, count(*) FROM user_channel WHERE user_id IN "+cond+" AND status <> 'gone' AND status = 'joined' GROUP BY user_id",
			args, func(scan func(...any) error) error {
				var id, n int64
				err := scan(&id, &n)
				counts[id] = n
				return err
			})
	})
	return counts, err
}

// Notifiable tells which of many users have a push binding (rest-semantics §2.7).
func (c *Chat) Notifiable(ctx context.Context, userIDs []int64) (map[int64]bool, error) {
	have := make(map[int64]bool, len(userIDs))
	if len(userIDs) == 0 {
		return have, nil
	}
	cond, args := store.In(nil, userIDs)
	err := c.st.View(ctx, func(r *store.Reader) error {
		return r.Query("SELECT DISTINCT user_id FROM binding WHERE user_id IN "+cond, args, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			have[id] = true
			return err
		})
	})
	return have, err
}
