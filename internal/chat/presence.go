package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// SetPresence records that a node has a live connection of a user, or none any more. The user's reachability changes with the
// first and the last node. Nothing happens while the service has reachability off (rest-semantics §2.7).
func (c *Chat) SetPresence(ctx context.Context, svc *Service, identity string, nodeID int64, online bool) error {
	fresh, err := c.ServiceByID(ctx, svc.ID)
	if err != nil {
		return err
	}
	if !fresh.Reachability && online {
		return nil
	}
	return c.st.Update(ctx, func(tx *store.Tx) error {
		u, err := userTable.One(&tx.Reader, "WHERE service_id = $1 AND identity = $2", svc.ID, identity)
		if errors.Is(err, store.ErrNoRow) {
			return nil
		}
		if err != nil {
			return err
		}
		// The lock of the user's map comes first: presence rows of a user change one after the other.
		if _, err := tx.Exec("UPDATE user_seq SET info = info WHERE user_id = $1", u.ID); err != nil {
			return err
		}
		statement := "DELETE FROM presence WHERE user_id = $1 AND node_id = $2"
		if online {
			statement = "INSERT INTO presence (user_id, node_id) VALUES ($1, $2) ON CONFLICT (user_id, node_id) DO NOTHING"
		}
		if _, err := tx.Exec(statement, u.ID, nodeID); err != nil {
			return err
		}
		return c.settlePresence(tx, u.ID)
	})
}

// settlePresence makes a user's reachability agree with its presence rows.
func (c *Chat) settlePresence(tx *store.Tx, userID int64) error {
	var n int64
	if err := tx.One("SELECT count(*) FROM presence WHERE user_id = $1", []any{userID}, &n); err != nil {
		return err
	}
	err := c.editUser(tx, userID, func(fresh *User, next func() int64) {
		if online := n > 0; fresh.Online != online {
			fresh.Online, fresh.ReachEv = online, next()
		}
	})
	if core.HasCode(err, core.CodeUserNotFound) {
		return nil
	}
	return err
}

// SweepPresence removes the nodes that were last seen before a time and takes those offline who were connected to them only.
// Any node may call it at any time.
func (c *Chat) SweepPresence(ctx context.Context, seenBefore int64) error {
	var dead []int64
	err := c.st.View(ctx, func(r *store.Reader) error {
		return r.Query("SELECT id FROM node WHERE seen_at < $1", []any{seenBefore}, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			dead = append(dead, id)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, node := range dead {
		if err := c.DropNodePresence(ctx, node); err != nil {
			return err
		}
		err := c.st.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM node WHERE id = $1 AND seen_at < $2", node, seenBefore)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// DropNodePresence takes those offline who were connected to a node only: at its end, or after its death.
func (c *Chat) DropNodePresence(ctx context.Context, nodeID int64) error {
	const block = 200 // users in a transaction
	for {
		var users []int64
		err := c.st.Update(ctx, func(tx *store.Tx) error {
			users = users[:0]
			err := tx.Query("SELECT user_id FROM presence WHERE node_id = $1 ORDER BY user_id LIMIT $2", []any{nodeID, block},
				func(scan func(...any) error) error {
					var id int64
					err := scan(&id)
					users = append(users, id)
					return err
				})
			if err != nil {
				return err
			}
			for _, id := range users {
				if _, err := tx.Exec("UPDATE user_seq SET info = info WHERE user_id = $1", id); err != nil {
					return err
				}
				if _, err := tx.Exec("DELETE FROM presence WHERE user_id = $1 AND node_id = $2", id, nodeID); err != nil {
					return err
				}
				if err := c.settlePresence(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(users) < block {
			return err
		}
	}
}
