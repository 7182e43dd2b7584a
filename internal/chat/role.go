package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// maxRoleName bounds a role's friendly name in bytes (rest-semantics §2.8).
const maxRoleName = 64

// The friendly names of the channel roles that Flex adds: agents, by whom CustomersOnly webhooks are not called, and guests.
const (
	RoleAgent      = "agent"
	RoleSupervisor = "supervisor"
	RoleAdmin      = "admin"
	RoleGuest      = "guest"
)

// stockRole is a role that every service begins with.
type stockRole struct {
	name, kind  string
	permissions Permissions
	isDefault   func(*Service) *string // the setting that names it
}

// stockRoles are the roles of rest-semantics §2.9: the four of every service, and those of Flex in both kinds. A Flex user's
// deployment role is like the stock roles beside it; supervisors and admins may enter any channel, to monitor it.
func stockRoles() []stockRole {
	const (
		own = EditOwnMessagePermission | EditOwnMessageAttributesPermission | DeleteOwnMessagePermission |
			EditOwnMemberAttributesPermission
		talk  = SendMessagePermission | SendMediaMessagePermission | LeaveChannelPermission | EditNotificationLevelPermission
		order = DestroyChannelPermission | InviteMemberPermission | AddMemberPermission | RemoveMemberPermission |
			EditChannelNamePermission | EditChannelAttributesPermission | EditAnyMessagePermission |
			EditAnyMessageAttributesPermission | DeleteAnyMessagePermission | EditAnyMemberAttributesPermission
		serviceUser  = CreateChannelPermission | JoinChannelPermission | EditOwnUserInfoPermission
		serviceAdmin = CreateChannelPermission | JoinChannelPermission | order | EditAnyUserInfoPermission
		agent        = talk | own | EditChannelAttributesPermission
		supervisor   = agent | RemoveMemberPermission | AddMemberPermission | EditChannelNamePermission | DeleteAnyMessagePermission
		guest        = talk | EditOwnMessagePermission | EditChannelAttributesPermission
	)
	return []stockRole{
		{"service user", RoleDeployment, serviceUser, func(s *Service) *string { return &s.DefaultServiceRole }},
		{"service admin", RoleDeployment, serviceAdmin, nil},
		{"channel user", RoleChannel, talk | own, func(s *Service) *string { return &s.DefaultChannelRole }},
		{"channel admin", RoleChannel, talk | order, func(s *Service) *string { return &s.DefaultCreatorRole }},
		{RoleAgent, RoleDeployment, serviceUser, nil},
		{RoleSupervisor, RoleDeployment, serviceAdmin, nil},
		{RoleAdmin, RoleDeployment, serviceAdmin, nil},
		{RoleGuest, RoleDeployment, serviceUser &^ CreateChannelPermission, nil},
		{RoleAgent, RoleChannel, agent, nil},
		{RoleSupervisor, RoleChannel, supervisor, nil},
		{RoleAdmin, RoleChannel, supervisor, nil},
		{RoleGuest, RoleChannel, guest, nil},
	}
}

// CreateRole makes a role.
func (c *Chat) CreateRole(ctx context.Context, svc *Service, in NewRole) (role *Role, err error) {
	if in.FriendlyName == "" {
		return nil, core.E(core.CodeChatNameRequired)
	}
	if len(in.FriendlyName) > maxRoleName {
		return nil, core.Ef(core.CodeChatNameTooLong, "FriendlyName has %d bytes; at most %d are allowed", len(in.FriendlyName), maxRoleName)
	}
	if err := checkText("FriendlyName", in.FriendlyName); err != nil {
		return nil, err
	}
	if in.Type != RoleChannel && in.Type != RoleDeployment {
		return nil, core.Ef(core.CodeInvalidRoleType, "Type must be channel or deployment")
	}
	set, err := parsePermissions(in.Type, in.Permissions)
	if err != nil {
		return nil, err
	}
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		role = &Role{ID: tx.NextID(), SID: core.NewSID("RL"), ServiceID: svc.ID, FriendlyName: in.FriendlyName, Type: in.Type,
			Permissions: encodeStrings(set.names()), CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		tx.Emit(ServiceChanged{svc.ID})
		return roleTable.Insert(tx, role)
	})
	return role, err
}

// FetchRole reads a role by its SID.
func (c *Chat) FetchRole(ctx context.Context, svc *Service, sid string) (role *Role, err error) {
	err = c.st.View(ctx, func(r *store.Reader) (err error) {
		role, err = findRole(r, svc, sid)
		return err
	})
	return role, err
}

func findRole(r *store.Reader, svc *Service, sid string) (*Role, error) {
	if !core.IsSID("RL", sid) {
		return nil, core.E(core.CodeRoleNotFound)
	}
	role, err := roleTable.One(r, "WHERE sid = $1 AND service_id = $2", sid, svc.ID)
	return role, or(err, core.CodeRoleNotFound)
}

// RoleByName finds a role of a type by its friendly name; of several the oldest.
func (c *Chat) RoleByName(r *store.Reader, svc *Service, kind, name string) (*Role, error) {
	if e, _ := c.services.get("", svc.ID); e != nil {
		var found *Role
		for _, role := range e.roles {
			if role.Type == kind && role.FriendlyName == name && (found == nil || role.ID < found.ID) {
				found = role.Role
			}
		}
		if found != nil {
			return found, nil
		}
	}
	role, err := roleTable.One(r, "WHERE service_id = $1 AND type = $2 AND friendly_name = $3 ORDER BY id", svc.ID, kind, name)
	return role, or(err, core.CodeRoleNotFound)
}

// ListRoles lists a service's roles.
func (c *Chat) ListRoles(ctx context.Context, svc *Service, p Page) (out List[*Role], err error) {
	size, after, err := c.keys("RL", p)
	if err != nil {
		return out, err
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		rows, err := roleTable.All(r, "WHERE service_id = $1 AND id > $2 ORDER BY id LIMIT $3", svc.ID, after, size+1)
		out = pageOf(c, "RL", rows, size, func(r *Role) int64 { return r.ID })
		return err
	})
	return out, err
}

// UpdateRole replaces what a role allows.
func (c *Chat) UpdateRole(ctx context.Context, svc *Service, sid string, permissions []string) (role *Role, err error) {
	err = c.st.Update(ctx, func(tx *store.Tx) (err error) {
		if role, err = findRole(&tx.Reader, svc, sid); err != nil {
			return err
		}
		set, err := parsePermissions(role.Type, permissions)
		if err != nil {
			return err
		}
		role.Permissions, role.UpdatedAt = encodeStrings(set.names()), tx.Now()
		tx.Emit(ServiceChanged{svc.ID})
		return or(roleTable.Update(tx, role), core.CodeRoleNotFound)
	})
	if err != nil {
		return nil, err
	}
	return role, nil
}

// PermissionList is the list as the resource shows it.
func (r *Role) PermissionList() []string { return decodeStrings(r.Permissions) }

// DeleteRole removes a role; one that is a default of the service cannot go (20409). Whoever bears it may do nothing by it
// from then on.
func (c *Chat) DeleteRole(ctx context.Context, svc *Service, sid string) error {
	return c.st.Update(ctx, func(tx *store.Tx) error {
		e, err := loadService(&tx.Reader, "WHERE id = $1", svc.ID)
		if err != nil {
			return err
		}
		role := e.roles[sid]
		if role == nil {
			return core.E(core.CodeRoleNotFound)
		}
		if s := e.svc; sid == s.DefaultServiceRole || sid == s.DefaultChannelRole || sid == s.DefaultCreatorRole {
			return core.Ef(core.CodeConflict, "The role is a default of its service; give the service another default first")
		}
		tx.Emit(ServiceChanged{svc.ID})
		return or(roleTable.Delete(tx, role.Role), core.CodeRoleNotFound)
	})
}

// checkRole returns the SID to store for a role that a caller names, or fallback for none. code is the error for one that
// is not there or is of another type.
func (c *Chat) checkRole(r *store.Reader, svc *Service, sid, kind, fallback string, code int) (string, error) {
	if sid == "" {
		return fallback, nil
	}
	role, err := c.role(r, svc.ID, sid)
	if errors.Is(err, store.ErrNoRow) || err == nil && role.Type != kind {
		return "", core.Ef(code, "There is no %s role %s in this service", kind, sid)
	}
	if err != nil {
		return "", err
	}
	return role.SID, nil
}
