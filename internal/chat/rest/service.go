package rest

import (
	"encoding/json"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// service is chat.v2.service.
type service struct {
	SID                          string            `json:"sid"`
	AccountSID                   string            `json:"account_sid"`
	FriendlyName                 string            `json:"friendly_name"`
	DateCreated                  string            `json:"date_created"`
	DateUpdated                  string            `json:"date_updated"`
	DefaultServiceRoleSID        string            `json:"default_service_role_sid"`
	DefaultChannelRoleSID        string            `json:"default_channel_role_sid"`
	DefaultChannelCreatorRoleSID string            `json:"default_channel_creator_role_sid"`
	ReadStatusEnabled            bool              `json:"read_status_enabled"`
	ReachabilityEnabled          bool              `json:"reachability_enabled"`
	TypingIndicatorTimeout       int64             `json:"typing_indicator_timeout"`
	ConsumptionReportInterval    int64             `json:"consumption_report_interval"`
	Limits                       map[string]int64  `json:"limits"`
	PreWebhookURL                *string           `json:"pre_webhook_url"`
	PostWebhookURL               *string           `json:"post_webhook_url"`
	WebhookMethod                *string           `json:"webhook_method"`
	WebhookFilters               json.RawMessage   `json:"webhook_filters"`
	PreWebhookRetryCount         int64             `json:"pre_webhook_retry_count"`
	PostWebhookRetryCount        int64             `json:"post_webhook_retry_count"`
	Notifications                json.RawMessage   `json:"notifications"`
	Media                        map[string]any    `json:"media"`
	URL                          string            `json:"url"`
	Links                        map[string]string `json:"links"`
}

// mediaLimitMB is what the service says of the size of media (rest-semantics §2.8).
const mediaLimitMB = 150

func showService(r *httpapi.Request) func(*chat.Service) any {
	return func(s *chat.Service) any {
		url := r.Base.URL(product, "/v2/Services/"+s.SID)
		filters := json.RawMessage(s.WebhookFilters)
		if len(filters) == 0 || s.WebhookFilters == "[]" {
			filters = json.RawMessage("null")
		}
		return service{
			SID: s.SID, AccountSID: s.AccountSID, FriendlyName: s.FriendlyName, DateCreated: core.ISO(s.CreatedAt), DateUpdated: core.ISO(s.UpdatedAt),
			DefaultServiceRoleSID: s.DefaultServiceRole, DefaultChannelRoleSID: s.DefaultChannelRole, DefaultChannelCreatorRoleSID: s.DefaultCreatorRole,
			ReadStatusEnabled: s.ReadStatus, ReachabilityEnabled: s.Reachability,
			TypingIndicatorTimeout: s.TypingTimeout, ConsumptionReportInterval: s.ConsumptionInterval,
			Limits:        map[string]int64{"channel_members": s.MaxMembers, "user_channels": s.MaxChannels},
			PreWebhookURL: s.PreWebhookURL, PostWebhookURL: s.PostWebhookURL, WebhookMethod: s.WebhookMethod, WebhookFilters: filters,
			PreWebhookRetryCount: s.PreWebhookRetries, PostWebhookRetryCount: s.PostWebhookRetries, Notifications: json.RawMessage(s.Notifications),
			Media: map[string]any{"size_limit_mb": mediaLimitMB, "compatibility_message": s.MediaMessage}, URL: url,
			Links: map[string]string{"channels": url + "/Channels", "users": url + "/Users", "roles": url + "/Roles", "bindings": url + "/Bindings"},
		}
	}
}

func (h handlers) listServices(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	l, err := h.chat.ListServices(r.Context(), r.Caller.AccountSID, pageOf(page))
	return listing(r, "services", page, l, err, showService(r))
}

func (h handlers) createService(r *httpapi.Request) (httpapi.Response, error) {
	name := r.Required("FriendlyName", core.CodeChatNameRequired)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.chat.CreateService(r.Context(), chat.NewService{AccountSID: r.Caller.AccountSID, FriendlyName: name})
	return answer(httpapi.Created, s, err, showService(r))
}

func (h handlers) fetchService(r *httpapi.Request) (httpapi.Response, error) {
	s, err := h.chat.Service(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	return answer(httpapi.OK, s, err, showService(r))
}

func (h handlers) deleteService(r *httpapi.Request) (httpapi.Response, error) {
	s, err := h.chat.Service(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return gone(h.chat.DeleteService(r.Context(), s))
}

func (h handlers) updateService(r *httpapi.Request) (httpapi.Response, error) {
	patch := chat.ServicePatch{
		FriendlyName:       r.Str("FriendlyName"),
		DefaultServiceRole: r.Str("DefaultServiceRoleSid"), DefaultChannelRole: r.Str("DefaultChannelRoleSid"), DefaultCreatorRole: r.Str("DefaultChannelCreatorRoleSid"),
		ReadStatus: r.Bool("ReadStatusEnabled"), Reachability: r.Bool("ReachabilityEnabled"),
		TypingTimeout:       r.Int("TypingIndicatorTimeout", core.CodeInvalidTyping, 0, 1<<31),
		ConsumptionInterval: r.Int("ConsumptionReportInterval", core.CodeInvalidConsumption, 0, 1<<31),
		MaxMembers:          r.Int("Limits.ChannelMembers", core.CodeInvalidChannelMembers, 1, 1000),
		MaxChannels:         r.Int("Limits.UserChannels", core.CodeInvalidUserChannels, 1, 1000),
		PreWebhookURL:       r.Str("PreWebhookUrl"), PostWebhookURL: r.Str("PostWebhookUrl"),
		WebhookMethod:     r.Enum("WebhookMethod", core.CodeInvalidWebhookMethod, "GET", "POST", ""),
		PreWebhookRetries: r.Int("PreWebhookRetryCount", core.CodeInvalidWebhookRetries, 0, 3), PostWebhookRetries: r.Int("PostWebhookRetryCount", core.CodeInvalidWebhookRetries, 0, 3),
		MediaMessage: r.Str("Media.CompatibilityMessage"), Notifications: readNotifications(r),
	}
	if filters := r.List("WebhookFilters"); filters != nil {
		patch.WebhookFilters = &filters
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.chat.Service(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err == nil {
		s, err = h.chat.UpdateService(r.Context(), s, patch)
	}
	return answer(httpapi.OK, s, err, showService(r))
}

// readNotifications reads the Notifications.* parameters into the paths of the service's notifications object.
func readNotifications(r *httpapi.Request) map[string]any {
	set := map[string]any{}
	flag := func(param, path string) {
		if v := r.Bool(param); v != nil {
			set[path] = *v
		}
	}
	flag("Notifications.LogEnabled", "log_enabled")
	flag("Notifications.NewMessage.BadgeCountEnabled", "new_message.badge_count_enabled")
	for param, path := range map[string]string{"NewMessage": "new_message", "AddedToChannel": "added_to_channel",
		"RemovedFromChannel": "removed_from_channel", "InvitedToChannel": "invited_to_channel"} {
		flag("Notifications."+param+".Enabled", path+".enabled")
		for _, leaf := range []struct{ param, path string }{{"Template", "template"}, {"Sound", "sound"}} {
			if v := r.Str("Notifications." + param + "." + leaf.param); v != nil {
				set[path+"."+leaf.path] = *v
			}
		}
	}
	if len(set) == 0 {
		return nil
	}
	return set
}
