package chat

import (
	"encoding/json"

	"parley/internal/core"
)

// Permissions is a set of permissions (rest-semantics §2.9).
type Permissions uint32

// The permissions, one bit each.
const (
	CreateChannelPermission Permissions = 1 << iota
	JoinChannelPermission
	DestroyChannelPermission
	InviteMemberPermission
	AddMemberPermission
	RemoveMemberPermission
	EditChannelNamePermission
	EditChannelAttributesPermission
	EditAnyMessagePermission
	EditAnyMessageAttributesPermission
	DeleteAnyMessagePermission
	EditAnyMemberAttributesPermission
	EditAnyUserInfoPermission
	EditOwnUserInfoPermission
	SendMessagePermission
	SendMediaMessagePermission
	LeaveChannelPermission
	EditNotificationLevelPermission
	EditOwnMessagePermission
	EditOwnMessageAttributesPermission
	DeleteOwnMessagePermission
	EditOwnMemberAttributesPermission
)

// permissionNames holds the name of bit i at index i.
var permissionNames = [...]string{
	"createChannel", "joinChannel", "destroyChannel", "inviteMember", "addMember", "removeMember",
	"editChannelName", "editChannelAttributes", "editAnyMessage", "editAnyMessageAttributes", "deleteAnyMessage",
	"editAnyMemberAttributes", "editAnyUserInfo", "editOwnUserInfo", "sendMessage", "sendMediaMessage", "leaveChannel",
	"editNotificationLevel", "editOwnMessage", "editOwnMessageAttributes", "deleteOwnMessage", "editOwnMemberAttributes",
}

// Where a permission counts: most in both kinds of roles.
const (
	deploymentOnly = CreateChannelPermission | JoinChannelPermission
	channelOnly    = SendMessagePermission | SendMediaMessagePermission | LeaveChannelPermission | EditNotificationLevelPermission |
		DeleteOwnMessagePermission
)

// ownOf is the "own" permission that an "any" implies.
func ownOf(any Permissions) Permissions {
	switch any {
	case EditAnyMessagePermission:
		return EditOwnMessagePermission
	case EditAnyMessageAttributesPermission:
		return EditOwnMessageAttributesPermission
	case DeleteAnyMessagePermission:
		return DeleteOwnMessagePermission
	case EditAnyMemberAttributesPermission:
		return EditOwnMemberAttributesPermission
	case EditAnyUserInfoPermission:
		return EditOwnUserInfoPermission
	}
	return 0
}

// Allowed reports whether somebody with a service role and, in the channel, a channel role may do what perm names. own says that
// it is done to something of their own: then the "own" permission that belongs to an "any" is enough. A role counts only
// within its scope. The deployment role reaches into every channel of the service.
func Allowed(perm, serviceRole, channelRole Permissions, own bool) bool {
	need := perm
	if own {
		need |= ownOf(perm)
	}
	return (serviceRole&^channelOnly|channelRole&^deploymentOnly)&need != 0
}

// parsePermissions turns names into a set, for a role of a type: 50104 for a name that does not exist, 50105 for one that such
// a role cannot hold.
func parsePermissions(kind string, names []string) (p Permissions, err error) {
	for _, name := range names {
		i := permissionIndex(name)
		if i < 0 {
			return 0, core.Ef(core.CodePermissionNotFound, "There is no permission %q", name)
		}
		bit := Permissions(1) << i
		if kind == RoleChannel && bit&deploymentOnly != 0 || kind == RoleDeployment && bit&channelOnly != 0 {
			return 0, core.Ef(core.CodeInvalidRoleType, "A role of type %s cannot hold the permission %q", kind, name)
		}
		p |= bit
	}
	if p == 0 {
		return 0, core.Ef(core.CodePermissionNotFound, "A role needs at least one permission")
	}
	return p, nil
}

func permissionIndex(name string) int {
	for i, known := range permissionNames {
		if known == name {
			return i
		}
	}
	return -1
}

// storedPermissions reads a role's column; names that this version does not know are passed over.
func storedPermissions(text string) (p Permissions) {
	var names []string
	_ = json.Unmarshal([]byte(text), &names) // written by encodeStrings
	for _, name := range names {
		if i := permissionIndex(name); i >= 0 {
			p |= 1 << i
		}
	}
	return p
}

// names lists the set as the resources show it.
func (p Permissions) names() []string {
	var names []string
	for i, name := range permissionNames {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// encodeStrings writes a list as its JSON column.
func encodeStrings(s []string) string {
	if len(s) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(s) // strings always encode
	return string(b)
}

// decodeStrings reads a list's JSON column.
func decodeStrings(text string) (s []string) {
	_ = json.Unmarshal([]byte(text), &s) // written by encodeStrings
	return s
}
