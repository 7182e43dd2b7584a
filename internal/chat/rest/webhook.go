package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// webhook is chat.v2.service.channel.channel_webhook.
type webhook struct {
	SID           string         `json:"sid"`
	AccountSID    string         `json:"account_sid"`
	ServiceSID    string         `json:"service_sid"`
	ChannelSID    string         `json:"channel_sid"`
	Type          string         `json:"type"`
	URL           string         `json:"url"`
	Configuration map[string]any `json:"configuration"`
	DateCreated   string         `json:"date_created"`
	DateUpdated   string         `json:"date_updated"`
}

func showWebhook(r *httpapi.Request, s *chat.Service) func(*chat.Webhook) any {
	return func(w *chat.Webhook) any {
		configuration := map[string]any{"url": w.URL, "method": w.Method, "filters": w.FilterList(), "retry_count": w.RetryCount}
		if w.Type == chat.HookTrigger {
			// The published examples show a trigger's words as its filters (rest-semantics §1.1); who asks for triggers gets them too.
			configuration["filters"], configuration["triggers"] = w.TriggerList(), w.TriggerList()
		}
		if w.Type == chat.HookStudio {
			configuration = map[string]any{"flow_sid": w.FlowSID, "retry_count": w.RetryCount}
		}
		return webhook{
			SID: w.SID, AccountSID: s.AccountSID, ServiceSID: s.SID, ChannelSID: w.ChannelSID, Type: w.Type, Configuration: configuration,
			DateCreated: core.ISO(w.CreatedAt), DateUpdated: core.ISO(w.UpdatedAt),
			URL: r.Base.URL(product, "/v2/Services/"+s.SID+"/Channels/"+w.ChannelSID+"/Webhooks/"+w.SID),
		}
	}
}

// readConfiguration reads the Configuration.* parameters.
func readConfiguration(r *httpapi.Request) (c chat.WebhookPatch) {
	c.URL, c.Method = r.Str("Configuration.Url"), r.Enum("Configuration.Method", core.CodeInvalidWebhookMethod, "GET", "POST")
	c.FlowSID = r.Str("Configuration.FlowSid")
	c.RetryCount = r.Int("Configuration.RetryCount", core.CodeInvalidWebhookRetries, 0, 3)
	if list := r.List("Configuration.Filters"); list != nil {
		c.Filters = &list
	}
	if list := r.List("Configuration.Triggers"); list != nil {
		c.Triggers = &list
	}
	return c
}

func (h handlers) listWebhooks(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		l, err := h.chat.ListWebhooks(r.Context(), a.Service, r.Path("ChannelSid"), pageOf(page))
		return listing(r, "webhooks", page, l, err, showWebhook(r, a.Service))
	})
}

func (h handlers) createWebhook(r *httpapi.Request) (httpapi.Response, error) {
	c := readConfiguration(r)
	n := chat.NewWebhook{Type: r.Required("Type", core.CodeWebhookTypeRequired), FlowSID: r.Text("Configuration.FlowSid"),
		Filters: r.List("Configuration.Filters"), Triggers: r.List("Configuration.Triggers")}
	if c.URL != nil {
		n.URL = *c.URL
	}
	if c.Method != nil {
		n.Method = *c.Method
	}
	if c.RetryCount != nil {
		n.RetryCount = *c.RetryCount
	}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		w, err := h.chat.CreateWebhook(r.Context(), a.Service, r.Path("ChannelSid"), n)
		return answer(httpapi.Created, w, err, showWebhook(r, a.Service))
	})
}

func (h handlers) fetchWebhook(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		w, err := h.chat.FetchWebhook(r.Context(), a.Service, r.Path("ChannelSid"), r.Path("Sid"))
		return answer(httpapi.OK, w, err, showWebhook(r, a.Service))
	})
}

func (h handlers) updateWebhook(r *httpapi.Request) (httpapi.Response, error) {
	patch := readConfiguration(r)
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		w, err := h.chat.UpdateWebhook(r.Context(), a.Service, r.Path("ChannelSid"), r.Path("Sid"), patch)
		return answer(httpapi.OK, w, err, showWebhook(r, a.Service))
	})
}

func (h handlers) deleteWebhook(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		return gone(h.chat.DeleteWebhook(r.Context(), a.Service, r.Path("ChannelSid"), r.Path("Sid")))
	})
}
