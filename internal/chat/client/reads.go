package client

import (
	"encoding/json"
	"net/url"
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// Reads of both generations: the same lists and things under other names and keys.

// duration writes seconds as ISO 8601.
func duration(seconds int64) string { return "PT" + strconv.FormatInt(seconds, 10) + "S" }

const (
	cacheSeconds     = 5   // how long clients may keep what they read
	usersToSubscribe = 100 // how many users a client watches at once
)

// Context implements syncapi.Commands: the session context of generation A (§7.1).
func (c *Client) Context(r *httpapi.Request) ([]byte, error) {
	in, err := c.call(r)
	if err != nil {
		return nil, err
	}
	svc := in.actor.Service
	base := servicesA + svc.SID
	return json.Marshal(map[string]any{
		"type": "IpMsgSession", "apiVersion": "3", "identity": in.actor.Identity,
		"userInfo": in.user.SID + ".info", "myChannels": in.user.SID + ".channels", "channels": svc.SID + ".channels",
		"reachabilityEnabled": svc.Reachability, "consumptionReportInterval": duration(svc.ConsumptionInterval),
		"httpCacheInterval": duration(cacheSeconds), "userInfosToSubscribe": usersToSubscribe,
		"links": map[string]string{
			"publicChannelsUrl": base + "/PublicChannels", "myChannelsUrl": base + "/MyChannels", "typingUrl": "/v1/typing",
			"syncListUrl": base + "/SyncList", "usersUrl": base + "/Users", "mediaServiceUrl": in.mediaA(),
		},
	})
}

// configuration is what generation B starts with (§8.1).
func configuration(in *call) (httpapi.Response, error) {
	svc := in.actor.Service
	base := servicesB + svc.SID
	return httpapi.OK(map[string]any{
		"identity": in.actor.Identity, "url": labelHost + "/Client/v1/Configuration",
		"options": map[string]any{
			"consumption_report_interval": duration(svc.ConsumptionInterval), "http_cache_interval": duration(cacheSeconds),
			"user_infos_to_subscribe": usersToSubscribe, "reachability_enabled": svc.Reachability, "my_conversations_page_size": restPage,
		},
		"sync_objects": map[string]string{"my_conversations": in.user.SID + ".channels", "my_user_info": in.user.SID + ".info"},
		"links": map[string]string{
			"my_conversations": base + "/MyConversations", "conversations": base + "/Conversations", "users": base + "/Users",
			"current_user": base + "/Users/" + url.PathEscape(in.actor.Identity), "typing": base + "/Typing",
			"media_service": in.mediaB(), "messages_receipts": base + "/MessagesReceipts",
		},
	})
}

func (in *call) page() chat.Page { return chat.Page{Size: restPage, Token: in.Text("PageToken")} }

// mine lists the caller's own channels under key; of one, with its unread count, if only names it.
func mine(key, only string) func(in *call) (httpapi.Response, error) {
	return func(in *call) (httpapi.Response, error) {
		if sid := in.Text(only); only != "" && sid != "" {
			s, err := in.c.chat.UserChannel(in.Context(), in.actor, in.actor.Identity, sid)
			if err != nil {
				return httpapi.Response{}, err
			}
			return httpapi.OK(map[string]any{key: []*conversation{in.conversation(s)}, "meta": meta(key, "")})
		}
		list, err := in.c.chat.UserChannels(in.Context(), in.actor, in.actor.Identity, in.page())
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(map[string]any{key: in.conversations(list.Items), "meta": meta(key, list.Next)})
	}
}

// public lists the public channels under key.
func public(key string) func(in *call) (httpapi.Response, error) {
	return func(in *call) (httpapi.Response, error) {
		list, err := in.c.chat.PublicChannels(in.Context(), in.actor, in.page())
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(map[string]any{key: in.conversations(list.Items), "meta": meta(key, list.Next)})
	}
}

// fetchChannel answers with one channel that the caller may see, by SID or unique name.
func fetchChannel(in *call) (httpapi.Response, error) {
	s, err := in.c.chat.FetchChannel(in.Context(), in.actor, in.Path("channel"))
	if core.HasCode(err, core.CodeChannelNotFound) && in.c.mayWatch != nil {
		s, err = in.watchChannel(err)
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.conversation(s))
}

// watchChannel fetches a channel for who may watch it without being in it; others keep their refusal.
func (in *call) watchChannel(refused error) (*chat.Standing, error) {
	may, err := in.c.mayWatch(in.Context(), in.Caller.Token, in.Path("channel"))
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, refused
	}
	return in.c.chat.FetchChannel(in.Context(), chat.Actor{Service: in.actor.Service, Source: chat.SourceAPI}, in.Path("channel"))
}

// fetchMine answers with one of the caller's own channels.
func fetchMine(in *call) (httpapi.Response, error) {
	s, err := in.c.chat.UserChannel(in.Context(), in.actor, in.actor.Identity, in.Path("channel"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.conversation(s))
}

// usersOfChannel lists the users of the channel that the parameter names.
func usersOfChannel(param string) func(in *call) (httpapi.Response, error) {
	return func(in *call) (httpapi.Response, error) {
		ref := in.Required(param, core.CodeInvalidParameter)
		if err := in.Err(); err != nil {
			return httpapi.Response{}, err
		}
		list, err := in.c.chat.UsersOfChannel(in.Context(), in.actor, ref, in.page())
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(map[string]any{"users": in.users(list.Items), "meta": meta("users", list.Next)})
	}
}

func fetchUser(in *call) (httpapi.Response, error) {
	u, err := in.c.chat.FetchUser(in.Context(), in.actor.Service, in.Path("who"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.userOf(u))
}
