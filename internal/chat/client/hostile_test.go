package client_test

import (
	"strings"
	"testing"

	"parley/internal/twilsock/socktest"
)

// TestHostileText: text that no database would take is refused, never passed over and never an error of the server's own.
func TestHostileText(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("public", "ann")
		ann := w.Dial("ann")
		a, b := "/v1/Services/"+w.Service.SID, "/Client/v1/Services/"+w.Service.SID
		for _, bad := range []string{"%00", "%FF", "a%00b", "%ED%A0%80"} {
			for _, path := range []string{
				a + "/SyncList?PageToken=", a + "/MyChannels?PageToken=", a + "/MyChannels?ChannelSid=", a + "/PublicChannels?PageToken=", a + "/PublicChannels/",
				a + "/Users/", a + "/Users?ChannelSid=", b + "/MyConversations/", b + "/MyConversations?PageToken=", b + "/Conversations?PageToken=", b + "/Conversations/",
				b + "/Users/", b + "/Users?ConversationSid=", "/v3/Documents/", "/v3/Lists/", "/v3/Maps/",
				"/v3/Lists/" + ch.SID + ".messages/Items?Index=", "/v3/Lists/" + ch.SID + ".messages/Items?From=",
				"/v3/Maps/" + ch.SID + ".roster/Items?Key=", "/v3/Maps/" + ch.SID + ".roster/Items?PageToken=",
			} {
				if got := ann.Do("GET", path+bad, nil); got.Status < 400 || got.Status >= 500 || got.Code() == 0 {
					t.Errorf("%s%s: %d %v", strings.ReplaceAll(path, ch.SID, "CH"), bad, got.Status, got.Body)
				}
			}
		}
	})
}
