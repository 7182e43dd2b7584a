package syncapi

import (
	"context"
	"slices"

	"parley/internal/chat"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/realtime"
	"parley/internal/store"
)

// MayWatch decides whether whoever has a token may read a channel without being in it.
type MayWatch func(ctx context.Context, by *identity.Token, channelSID string) (bool, error)

// LetWatch names who decides; without it nobody may. Call it before the first request.
func (s *Sync) LetWatch(may MayWatch) { s.mayWatch = may }

// watched returns those of channels that the caller is not in and may watch. It reads the store itself, so no snapshot must be open.
func (s *Sync) watched(r *httpapi.Request, u *User, channels []int64) (map[int64]bool, error) {
	if s.mayWatch == nil || r.Caller.Token == nil || r.Caller.Token.WorkerSID == "" || len(channels) == 0 {
		return nil, nil
	}
	var outside []*chat.Channel
	err := s.st.View(r.Context(), func(rd *store.Reader) error {
		rooms, err := s.chat.ViewRooms(rd, channels)
		if err != nil {
			return err
		}
		standing, err := s.chat.ViewUserItems(rd, u.ID, channels)
		outside = nil
		for id, room := range rooms {
			if item := standing[id]; item == nil || item.Status != chat.StatusJoined {
				outside = append(outside, room.Channel)
			}
		}
		return err
	})
	watched := map[int64]bool{}
	for _, ch := range outside {
		if err == nil {
			watched[ch.ID], err = s.mayWatch(r.Context(), r.Caller.Token, ch.SID)
		}
	}
	return watched, err
}

// reading opens the object that a request names and runs fn in the snapshot that allowed it. Who is refused an object of a channel is asked for
// the right to watch it.
func (s *Sync) reading(r *httpapi.Request, u *User, fam *family, fn func(rd *store.Reader, o *object) error) error {
	attempt := func(watch bool) (channel int64, err error) {
		err = s.st.View(r.Context(), func(rd *store.Reader) error {
			o, err := s.open(rd, u, fam, r.Path("object"), watch)
			if err != nil {
				if o != nil && o.room != nil {
					channel = o.topic.ID
				}
				return err
			}
			return fn(rd, o)
		})
		return channel, err
	}
	channel, refused := attempt(false)
	if refused == nil || channel == 0 {
		return refused
	}
	watched, err := s.watched(r, u, []int64{channel})
	if err != nil {
		return err
	}
	if !watched[channel] {
		return refused
	}
	_, err = attempt(true)
	return err
}

// channelsOf are the channels whose objects are among positions.
func channelsOf(at []realtime.Position) []int64 {
	channels, _ := idsOf(at, func(p realtime.Position) realtime.Topic { return p.Topic })
	return slices.Clip(channels)
}
