package syncapi

import (
	"strings"

	"parley/internal/core"
	"parley/internal/realtime"
)

// family is the type of a Sync object as paths and pokes name it.
type family struct {
	path     string    // "Documents"
	name     string    // "document"
	prefix   string    // of SIDs
	notFound int       // code
	events   [3]string // of items, by chat.Kind
}

var (
	documents = &family{"Documents", "document", "ET", core.CodeDocumentNotFound, [3]string{}}
	lists     = &family{"Lists", "list", "ES", core.CodeListNotFound, [3]string{"list_item_added", "list_item_updated", "list_item_removed"}}
	maps      = &family{"Maps", "map", "MP", core.CodeMapNotFound, [3]string{"map_item_added", "map_item_updated", "map_item_removed"}}
)

func familyOf(kind realtime.Kind) *family {
	switch kind {
	case Document, Plain:
		return documents
	case Messages, session:
		return lists
	default:
		return maps
	}
}

// objectSIDs maps kinds to the number spaces of their SIDs.
func sidKind(kind realtime.Kind) core.SIDKind {
	switch kind {
	case Document:
		return core.SIDDocument
	case Messages:
		return core.SIDMessageList
	case Roster:
		return core.SIDRoster
	case Channels:
		return core.SIDMyChannels
	case Info:
		return core.SIDUserInfo
	case Plain:
		return core.SIDPlainDocument
	}
	return core.SIDSession
}

// sid is the SID of an object.
func (s *Sync) sid(t realtime.Topic) string {
	return s.codec.Encode(familyOf(t.Kind).prefix, sidKind(t.Kind), t.ID)
}

// bySID finds the object of a SID.
func (s *Sync) bySID(fam *family, sid string) (realtime.Topic, bool) {
	kind, id, ok := s.codec.DecodeAny(fam.prefix, sid)
	if !ok {
		return realtime.Topic{}, false
	}
	for k := Document; k <= Plain; k++ {
		if sidKind(k) == kind && familyOf(k) == fam {
			return realtime.Topic{Kind: k, ID: id}, true
		}
	}
	return realtime.Topic{}, false
}

// named splits an object's name, the owner's SID and a word (chat-sdk-protocol §5).
func named(fam *family, name string) (owner string, kind realtime.Kind, ok bool) {
	owner, word, ok := strings.Cut(name, ".")
	if !ok {
		return "", 0, false
	}
	prefix := "CH"
	switch word {
	case "channel":
		kind = Document
	case "messages":
		kind = Messages
	case "roster":
		kind = Roster
	case "channels":
		kind, prefix = Channels, "US"
	case "info":
		kind, prefix = Info, "US"
	default:
		return "", 0, false
	}
	return owner, kind, familyOf(kind) == fam && core.IsSID(prefix, owner)
}

// uniqueName is the name of an object of the channel or user with this SID.
func uniqueName(kind realtime.Kind, owner string) string {
	return owner + [...]string{Document: ".channel", Messages: ".messages", Roster: ".roster", Channels: ".channels", Info: ".info"}[kind]
}
