package syncapi

import (
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/twilsock"
)

// object is a Sync object as one snapshot saw it, opened for a user.
type object struct {
	topic  realtime.Topic
	name   string
	room   *chat.Room     // of a channel's objects
	user   *chat.UserView // of a user's objects
	viewer *User
	watch  bool // the viewer may read channels without being in them
}

// open finds an object by SID or name and checks that the user may open it.
func (s *Sync) open(r *store.Reader, u *User, fam *family, ref string, watch bool) (*object, error) {
	notFound := core.E(fam.notFound)
	o := &object{viewer: u, watch: watch}
	var ok bool
	owner := ""
	if o.topic, ok = s.bySID(fam, ref); !ok {
		if owner, o.topic.Kind, ok = named(fam, ref); !ok {
			return nil, notFound
		}
	}
	switch o.topic.Kind {
	case session:
		if o.topic.ID != u.ID {
			return nil, notFound
		}
		return o, nil
	case Channels, Info:
		return o, s.openUser(r, o, owner)
	}
	return o, s.openRoom(r, o, owner)
}

func (s *Sync) openUser(r *store.Reader, o *object, owner string) error {
	if owner != "" {
		found, err := s.chat.ViewUsersBySID(r, o.viewer.ServiceID, []string{owner})
		if err != nil {
			return err
		}
		o.user = found[owner]
	} else {
		found, err := s.chat.ViewUsers(r, []int64{o.topic.ID})
		if err != nil {
			return err
		}
		o.user = found[o.topic.ID]
	}
	if o.user == nil {
		return core.E(core.CodeMapNotFound)
	}
	o.topic.ID = o.user.User.ID
	o.name = uniqueName(o.topic.Kind, o.user.User.SID)
	snap := snapshot{users: map[int64]*chat.UserView{o.topic.ID: o.user}}
	return snap.open(&viewer{user: o.viewer}, o.topic)
}

func (s *Sync) openRoom(r *store.Reader, o *object, owner string) error {
	if owner != "" {
		found, err := s.chat.ViewRoomsBySID(r, o.viewer.ServiceID, []string{owner})
		if err != nil {
			return err
		}
		o.room = found[owner]
	} else {
		found, err := s.chat.ViewRooms(r, []int64{o.topic.ID})
		if err != nil {
			return err
		}
		o.room = found[o.topic.ID]
	}
	if o.room == nil {
		return core.E(familyOf(o.topic.Kind).notFound)
	}
	o.topic.ID = o.room.Channel.ID
	o.name = uniqueName(o.topic.Kind, o.room.Channel.SID)
	if o.watch && o.room.Channel.ServiceID == o.viewer.ServiceID {
		return nil
	}
	standing, err := s.chat.ViewUserItems(r, o.viewer.ID, []int64{o.topic.ID})
	if err != nil {
		return err
	}
	return may(o.viewer, o.room.Channel, standing[o.topic.ID], o.topic.Kind)
}

// position is the object's event number.
func (o *object) position() int64 {
	switch {
	case o.room != nil:
		return position(o.topic.Kind, &o.room.Seq)
	case o.user != nil:
		return userPosition(o.topic.Kind, &o.user.Seq)
	}
	return 0
}

// dates are when the object was made and last changed, as far as that is kept.
func (o *object) dates() (created, updated int64) {
	switch {
	case o.room != nil:
		ch := o.room.Channel
		return ch.CreatedAt, max(ch.UpdatedAt, o.room.Seq.LastAt)
	case o.user != nil:
		return o.user.User.CreatedAt, o.user.User.UpdatedAt
	}
	return 0, 0
}

// fetch answers GET of an object: its descriptor (§6.1).
func (s *Sync) fetch(fam *family) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		if s.isBoard(fam, r.Path("object")) {
			return s.fetchBoard(r)
		}
		if s.isPlain(fam, r.Path("object")) {
			return s.fetchDocument(r)
		}
		u, _, err := userOf(r.Context())
		if err != nil {
			return httpapi.Response{}, err
		}
		var o *object
		err = s.reading(r, u, fam, func(rd *store.Reader, found *object) error {
			o = found
			return nil
		})
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(s.descriptor(o, r.Text("Include") == "items"))
	}
}

// descriptor writes an object's descriptor. Only the info map is small enough to include its items.
func (s *Sync) descriptor(o *object, items bool) []byte {
	fam := familyOf(o.topic.Kind)
	created, updated := o.dates()
	url := s.objectURL(o.topic)
	b := make([]byte, 0, 1024)
	b = append(b, `{"sid":"`...)
	b = append(b, s.sid(o.topic)...)
	b = append(b, `","unique_name":`...)
	if o.name == "" {
		b = append(b, "null"...)
	} else {
		b = twilsock.AppendString(b, o.name)
	}
	b = append(b, `,"url":"`...)
	b = append(b, url...)
	b = append(b, `","revision":"`...)
	b = strconv.AppendInt(b, o.position(), 10)
	b = append(b, `","last_event_id":`...)
	b = strconv.AppendInt(b, o.position(), 10)
	b = append(b, `,"date_created":`...)
	b = appendTime(b, created)
	b = append(b, `,"date_updated":`...)
	b = appendTime(b, updated)
	b = append(b, `,"date_expires":null,"created_by":"system","type":"`...)
	b = append(b, fam.name...)
	b = append(b, '"')
	switch fam {
	case documents:
		b = append(b, `,"data":`...)
		b = appendDocument(b, o.room.Channel, &o.room.Seq)
	case lists:
		b = append(b, `,"links":{"items":"`...)
		b = append(b, url...)
		b = append(b, `/Items","context":"`...)
		b = append(b, url...)
		b = append(b, `/Context"}`...)
	default:
		b = append(b, `,"links":{"items":"`...)
		b = append(b, url...)
		b = append(b, `/Items"}`...)
	}
	if items && o.topic.Kind == Info {
		b = append(b, `,"items":[`...)
		for i, item := range infoItems(o.user.User) {
			if i > 0 {
				b = append(b, ',')
			}
			b = s.appendInfoItem(b, o.topic, o.user.User, item)
		}
		b = append(b, ']')
	}
	return append(b, '}')
}
