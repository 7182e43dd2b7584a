package chat

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// Defaults and bounds of a service's settings (rest-semantics §2.8).
const (
	defaultTypingTimeout       = 5
	defaultConsumptionInterval = 10
	defaultMaxMembers          = 100
	defaultMaxChannels         = 250
	maxLimit                   = 1000
	maxRetries                 = 3
	maxServiceName             = core.MaxName
	defaultMediaMessage        = "Media messages are not supported by your client"
	maxSeconds                 = 24 * 60 * 60
)

// notificationKinds are the keys of the notifications object (rest-semantics §2.7).
var notificationKinds = [...]string{"new_message", "added_to_channel", "removed_from_channel", "invited_to_channel"}

// CreateService makes a service with its stock roles and defaults (rest-semantics §2.9).
func (c *Chat) CreateService(ctx context.Context, in NewService) (svc *Service, err error) {
	err = c.st.Update(ctx, func(tx *store.Tx) (err error) {
		svc, err = c.CreateServiceTx(tx, in)
		return err
	})
	return svc, err
}

// CreateServiceTx is CreateService inside a transaction. A SID that is given must be free.
func (c *Chat) CreateServiceTx(tx *store.Tx, in NewService) (*Service, error) {
	if in.FriendlyName == "" {
		return nil, core.E(core.CodeChatNameRequired)
	}
	if _, err := checkName(&in.FriendlyName); err != nil {
		return nil, err
	}
	if in.SID == "" {
		in.SID = core.NewSID("IS")
	}
	now := tx.Now()
	svc := &Service{ID: tx.NextID(), SID: in.SID, AccountSID: in.AccountSID, FriendlyName: in.FriendlyName,
		ReadStatus: true, TypingTimeout: defaultTypingTimeout, ConsumptionInterval: defaultConsumptionInterval,
		MaxMembers: defaultMaxMembers, MaxChannels: defaultMaxChannels, WebhookFilters: "[]",
		Notifications: defaultNotifications(), MediaMessage: defaultMediaMessage, CreatedAt: now, UpdatedAt: now}
	for _, stock := range stockRoles() {
		role := &Role{ID: tx.NextID(), SID: core.NewSID("RL"), ServiceID: svc.ID, FriendlyName: stock.name, Type: stock.kind,
			Permissions: encodeStrings(stock.permissions.names()), CreatedAt: now, UpdatedAt: now}
		if stock.isDefault != nil {
			*stock.isDefault(svc) = role.SID
		}
		if err := roleTable.Append(tx, role); err != nil {
			return nil, err
		}
	}
	if err := serviceTable.Insert(tx, svc); err != nil {
		return nil, err
	}
	tx.Emit(ServiceChanged{svc.ID})
	return svc, nil
}

func defaultNotifications() string {
	m := map[string]any{"log_enabled": false}
	for _, kind := range notificationKinds {
		m[kind] = map[string]any{"enabled": false}
	}
	b, _ := json.Marshal(m) // such a map always encodes
	return string(b)
}

// Service returns an account's service by its SID, from memory where that is fresh. 50050 for one that is not there or is
// another account's.
func (c *Chat) Service(ctx context.Context, accountSID, sid string) (*Service, error) {
	if !core.IsSID("IS", sid) {
		return nil, core.E(core.CodeServiceNotFound)
	}
	e, err := c.serviceEntry(ctx, sid, 0)
	if err != nil {
		return nil, err
	}
	if e.svc.AccountSID != accountSID {
		return nil, core.E(core.CodeServiceNotFound)
	}
	return e.svc, nil
}

// ServiceByID returns a service by its number, from memory where that is fresh.
func (c *Chat) ServiceByID(ctx context.Context, id int64) (*Service, error) {
	e, err := c.serviceEntry(ctx, "", id)
	if err != nil {
		return nil, err
	}
	return e.svc, nil
}

// ServiceTx is Service inside a transaction or snapshot.
func (c *Chat) ServiceTx(r *store.Reader, accountSID, sid string) (*Service, error) {
	e, _ := c.services.get(sid, 0)
	if e == nil {
		svc, err := readService(r, "WHERE sid = $1", sid)
		if err != nil {
			return nil, err
		}
		e = &serviceEntry{svc: svc}
	}
	if e.svc.AccountSID != accountSID {
		return nil, core.E(core.CodeServiceNotFound)
	}
	return e.svc, nil
}

// ListServices lists an account's services.
func (c *Chat) ListServices(ctx context.Context, accountSID string, p Page) (out List[*Service], err error) {
	size, after, err := c.keys("IS", p)
	if err != nil {
		return out, err
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		rows, err := serviceTable.All(r, "WHERE account_sid = $1 AND id > $2 ORDER BY id LIMIT $3", accountSID, after, size+1)
		out = pageOf(c, "IS", rows, size, func(s *Service) int64 { return s.ID })
		return err
	})
	return out, err
}

// UpdateService changes a service's settings (rest-semantics §1.1, §2.8).
func (c *Chat) UpdateService(ctx context.Context, svc *Service, in ServicePatch) (out *Service, err error) {
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("UPDATE chat_service SET updated_at = updated_at WHERE id = $1", svc.ID); err != nil {
			return err // taken for its lock
		}
		e, err := loadService(&tx.Reader, "WHERE id = $1", svc.ID)
		if err != nil {
			return err
		}
		out = e.svc
		before := *out
		if err := in.apply(out, e); err != nil {
			return err
		}
		if reflect.DeepEqual(&before, out) {
			return nil
		}
		out.UpdatedAt = tx.Now()
		tx.Emit(ServiceChanged{svc.ID})
		return or(serviceTable.Update(tx, out), core.CodeServiceNotFound)
	})
	return out, err
}

func (in *ServicePatch) apply(s *Service, e *serviceEntry) error {
	if in.FriendlyName != nil {
		name, err := checkName(in.FriendlyName)
		if err != nil {
			return err
		}
		if name == nil {
			return core.E(core.CodeChatNameRequired)
		}
		s.FriendlyName = *name
	}
	for _, r := range []struct {
		in   *string
		out  *string
		kind string
		code int
	}{
		{in.DefaultServiceRole, &s.DefaultServiceRole, RoleDeployment, core.CodeDeploymentRoleNotFound},
		{in.DefaultChannelRole, &s.DefaultChannelRole, RoleChannel, core.CodeChannelRoleNotFound},
		{in.DefaultCreatorRole, &s.DefaultCreatorRole, RoleChannel, core.CodeChannelRoleNotFound},
	} {
		if r.in == nil {
			continue
		}
		if role := e.roles[*r.in]; role == nil || role.Type != r.kind {
			return core.Ef(r.code, "There is no %s role %s in this service", r.kind, *r.in)
		}
		*r.out = *r.in
	}
	setBool(&s.ReadStatus, in.ReadStatus)
	setBool(&s.Reachability, in.Reachability)
	for _, n := range []struct {
		in       *int64
		out      *int64
		min, max int64
		code     int
		name     string
	}{
		{in.TypingTimeout, &s.TypingTimeout, 0, maxSeconds, core.CodeInvalidTyping, "TypingIndicatorTimeout"},
		{in.ConsumptionInterval, &s.ConsumptionInterval, 0, maxSeconds, core.CodeInvalidConsumption, "ConsumptionReportInterval"},
		{in.MaxMembers, &s.MaxMembers, 1, maxLimit, core.CodeInvalidChannelMembers, "Limits.ChannelMembers"},
		{in.MaxChannels, &s.MaxChannels, 1, maxLimit, core.CodeInvalidUserChannels, "Limits.UserChannels"},
		{in.PreWebhookRetries, &s.PreWebhookRetries, 0, maxRetries, core.CodeInvalidWebhookRetries, "PreWebhookRetryCount"},
		{in.PostWebhookRetries, &s.PostWebhookRetries, 0, maxRetries, core.CodeInvalidWebhookRetries, "PostWebhookRetryCount"},
	} {
		if n.in == nil {
			continue
		}
		if *n.in < n.min || *n.in > n.max {
			return core.Ef(n.code, "%s must be between %d and %d", n.name, n.min, n.max)
		}
		*n.out = *n.in
	}
	if err := in.applyWebhooks(s); err != nil {
		return err
	}
	if in.MediaMessage != nil {
		if len(*in.MediaMessage) > core.MaxName {
			return core.Ef(core.CodeInvalidParameter, "Media.CompatibilityMessage has more than %d bytes", core.MaxName)
		}
		if err := checkText("Media.CompatibilityMessage", *in.MediaMessage); err != nil {
			return err
		}
		s.MediaMessage = *in.MediaMessage
	}
	return in.applyNotifications(s)
}

func (in *ServicePatch) applyWebhooks(s *Service) error {
	for _, u := range []struct {
		in   *string
		out  **string
		name string
	}{{in.PreWebhookURL, &s.PreWebhookURL, "PreWebhookUrl"}, {in.PostWebhookURL, &s.PostWebhookURL, "PostWebhookUrl"}} {
		if u.in == nil {
			continue
		}
		if *u.in == "" {
			*u.out = nil
			continue
		}
		if len(*u.in) > maxURL || !webURL(*u.in) {
			return core.Ef(core.CodeInvalidWebhook, "%s must be an absolute http or https URL of at most %d bytes", u.name, maxURL)
		}
		*u.out = u.in
	}
	if m := in.WebhookMethod; m != nil {
		method := strings.ToUpper(*m)
		switch method {
		case "":
			s.WebhookMethod = nil
		case "GET", "POST":
			s.WebhookMethod = &method
		default:
			return core.Ef(core.CodeInvalidWebhookMethod, "WebhookMethod must be GET or POST")
		}
	}
	if in.WebhookFilters != nil {
		var filters []string
		for _, f := range *in.WebhookFilters {
			if f == "" {
				continue // an empty list is sent as one empty value
			}
			if !isServiceEvent(f) {
				return core.Ef(core.CodeInvalidWebhook, "There is no webhook event %q", f)
			}
			filters = append(filters, f)
		}
		s.WebhookFilters = encodeStrings(filters)
	}
	return nil
}

// Bounds of push templates and sound names in bytes. The published list has codes for them but no sizes; these are ours.
const (
	maxTemplate = 1024
	maxSound    = 256
)

func (in *ServicePatch) applyNotifications(s *Service) error {
	if len(in.Notifications) == 0 {
		return nil
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(s.Notifications), &all); err != nil {
		return err
	}
	for path, value := range in.Notifications {
		kind, key, nested := strings.Cut(path, ".")
		if !nested {
			all[kind] = value
			continue
		}
		if text, ok := value.(string); ok {
			if key == "template" && len(text) > maxTemplate {
				return core.E(core.CodeTemplateTooLong)
			}
			if key == "sound" && len(text) > maxSound {
				return core.E(core.CodeSoundTooLong)
			}
			if err := checkText("Notifications", text); err != nil {
				return err
			}
		}
		section, _ := all[kind].(map[string]any)
		if section == nil {
			section = map[string]any{}
			all[kind] = section
		}
		section[key] = value
	}
	b, err := json.Marshal(all)
	s.Notifications = string(b)
	return err
}

func setBool(out, in *bool) {
	if in != nil {
		*out = *in
	}
}

// DeleteService removes a service with all that belongs to it. Media rows stay for the collector of bytes.
func (c *Chat) DeleteService(ctx context.Context, svc *Service) error {
	return c.st.Update(ctx, func(tx *store.Tx) error {
		rooms, err := readRooms(&tx.Reader, "WHERE c.service_id = $1", []any{svc.ID})
		if err != nil {
			return err
		}
		const (
			ofChannel = " WHERE channel_id IN (SELECT id FROM channel WHERE service_id = $1)"
			ofUser    = " WHERE user_id IN (SELECT id FROM chat_user WHERE service_id = $1)"
			ofService = " WHERE service_id = $1"
		)
		for _, part := range []struct{ table, rows string }{
			{"channel_seq", ofChannel}, {"message", ofChannel}, {"message_edit", ofChannel}, {"member", ofChannel}, {"invite", ofChannel},
			{"channel_webhook", ofChannel}, {"user_channel", ofUser}, {"user_seq", ofUser}, {"presence", ofUser}, {"binding", ofService},
			{"chat_user", ofService}, {"channel", ofService}, {"role", ofService},
		} {
			if _, err := tx.Exec("DELETE FROM "+part.table+part.rows, svc.ID); err != nil {
				return err
			}
		}
		for _, room := range rooms {
			c.roomGone(tx, room)
		}
		tx.Emit(ServiceChanged{svc.ID})
		return or(serviceTable.Delete(tx, svc), core.CodeServiceNotFound)
	})
}
