package chat

import (
	"fmt"
	"slices"
	"testing"

	"parley/internal/store"
)

func TestViews(t *testing.T) {
	each(t, func(w *world) {
		alice := w.as("alice")
		var channels []*Channel
		var sids []string
		for i := range 5 {
			kind := []string{TypePublic, TypePrivate}[i%2]
			channels = append(channels, w.channel(NewChannel{Type: kind}, "alice", fmt.Sprint("other", i)))
			sids = append(sids, channels[i].SID)
		}
		must(w.chat.SetHorizon(w.ctx(), alice, sids[0], ptr(int64(7))))(t)
		w.code(0, w.chat.RemoveMember(w.ctx(), w.api, sids[4], "alice"))
		left := channels[4]
		sids = sids[:4]
		slices.Sort(sids)
		view := func(fn func(r *store.Reader) error) {
			t.Helper()
			if err := w.st.View(w.ctx(), fn); err != nil {
				t.Fatal(err)
			}
		}
		keys := func(items []*UserItem) (keys []string) {
			for _, i := range items {
				keys = append(keys, i.ChannelSID)
			}
			return keys
		}
		view(func(r *store.Reader) error {
			for _, row := range []struct {
				g    Range[string]
				want []string
			}{
				{Range[string]{Limit: 10}, sids},
				{Range[string]{Limit: 2}, sids[:2]},
				{Range[string]{Limit: 2, From: &sids[1]}, sids[1:3]},
				{Range[string]{Limit: 2, From: &sids[1], Desc: true}, []string{sids[1], sids[0]}},
				{Range[string]{Limit: 1, Desc: true}, sids[3:]},
			} {
				items, err := w.chat.ViewUserChannels(r, alice.User.ID, row.g)
				if err != nil || !slices.Equal(keys(items), row.want) {
					t.Errorf("%+v: items are %v, want %v (%v)", row.g, keys(items), row.want, err)
				}
			}
			items, err := w.chat.ViewUserItems(r, alice.User.ID, []int64{channels[0].ID, channels[1].ID, left.ID, 12345})
			if err != nil || len(items) != 2 || *items[channels[0].ID].ConsumedIndex != 7 || items[channels[1].ID].Type != TypePrivate {
				t.Errorf("items are %+v (%v)", items, err)
			}
			rooms, err := w.chat.ViewRoomsBySID(r, w.svc.ID, append(sids, "CHnobody"))
			if err != nil || len(rooms) != 4 || rooms[channels[0].SID].Seq.Members != 2 {
				t.Errorf("rooms are %+v (%v)", rooms, err)
			}
			rooms, err = w.chat.ViewRoomsBySID(r, w.svc.ID+1, sids)
			if err != nil || len(rooms) != 0 {
				t.Errorf("rooms of another service are %+v (%v)", rooms, err)
			}
			byID, err := w.chat.ViewRooms(r, []int64{channels[0].ID, channels[1].ID, channels[2].ID})
			if err != nil || len(byID) != 3 {
				t.Errorf("rooms are %+v (%v)", byID, err)
			}
			users, err := w.chat.ViewUsersBySID(r, w.svc.ID, []string{alice.User.SID})
			if err != nil || users[alice.User.SID].Seq.Channels != 7 || users[alice.User.SID].Seq.Info != 2 {
				t.Errorf("users are %+v (%v)", users, err)
			}
			one, err := w.chat.ViewUserByIdentity(r, w.svc.ID, "alice")
			if err != nil || one.User.SID != alice.User.SID {
				t.Errorf("user is %+v (%v)", one, err)
			}
			if none, err := w.chat.ViewUserByIdentity(r, w.svc.ID, "nobody"); none != nil || err != nil {
				t.Errorf("user is %+v (%v)", none, err)
			}
			rosters, err := w.chat.ViewRosters(r, []int64{channels[0].ID, left.ID})
			if err != nil || len(rosters[channels[0].ID]) != 2 || len(rosters[left.ID]) != 1 {
				t.Errorf("rosters are %+v (%v)", rosters, err)
			}
			m, err := w.chat.ViewMember(r, channels[0], w.chat.MemberSID(rosters[channels[0].ID][0].ID))
			if err != nil || m.UserSID != alice.User.SID {
				t.Errorf("member is %+v (%v)", m, err)
			}
			if none, err := w.chat.ViewMember(r, channels[0], "alice"); none != nil || err != nil {
				t.Errorf("a key of the roster is a SID: %+v (%v)", none, err)
			}
			return nil
		})
	})
}

func TestRoomCache(t *testing.T) {
	k := newRoomCache(20)
	put := func(sid string, members int) {
		seats := map[string]seat{}
		for i := range members {
			seats[fmt.Sprint(i)] = seat{}
		}
		k.put(&snapshot{channel: &Channel{SID: sid}, seats: seats})
	}
	put("a", 2)
	put("b", 2)
	put("a", 2)
	if k.weight != 12 {
		t.Errorf("weight is %d", k.weight)
	}
	put("c", 2)
	k.get("b")
	put("d", 2) // a is the least recently used
	if k.get("a") != nil || k.get("b") == nil || k.get("c") == nil || k.weight != 18 {
		t.Errorf("weight is %d", k.weight)
	}
	put("e", 100) // more than the bound, but the newest is kept
	if k.recent.Len() != 1 || k.get("e") == nil {
		t.Errorf("%d kept", k.recent.Len())
	}
	k.forget("e")
	k.forget("e")
	if k.weight != 0 || len(k.bySID) != 0 {
		t.Errorf("weight is %d", k.weight)
	}
}
