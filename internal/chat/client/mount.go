package client

import "parley/internal/httpapi"

// Mount puts the paths on the router. They are ours to choose, but for the two that clients know by themselves
// (/Client/v1/Configuration and /v1/typing) and the tails that they append to what we give them (chat-sdk-protocol §7.3, §8.2).
func (c *Client) Mount(router *httpapi.Router) {
	read := func(pattern string, fn func(*call) (httpapi.Response, error)) {
		router.Handle(httpapi.Socket, "GET "+pattern, httpapi.Token, c.handler(fn))
	}
	change := func(pattern string, fn func(*call) (httpapi.Response, error)) {
		router.Handle(httpapi.Socket, pattern, httpapi.Token, c.mutation(fn))
	}

	// Generation A; what it changes are commands.
	const a = "/v1/Services/{service}"
	read(a+"/SyncList", mine("channels", ""))
	read(a+"/MyChannels", mine("channels", "ChannelSid"))
	read(a+"/PublicChannels", public("channels"))
	read(a+"/PublicChannels/{channel}", fetchChannel)
	read(a+"/Users", usersOfChannel("ChannelSid"))
	read(a+"/Users/{who...}", fetchUser)

	// Generation B.
	const b = "/Client/v1/Services/{service}"
	read("/Client/v1/Configuration", configuration)
	read(b+"/MyConversations", mine("conversations", ""))
	read(b+"/MyConversations/{channel}", fetchMine)
	change("POST "+b+"/MyConversations/{channel}", updateMine)
	read(b+"/Conversations", public("conversations"))
	read(b+"/Conversations/{channel}", fetchChannel)
	change("POST "+b+"/Conversations", createConversation)
	change("POST "+b+"/Conversations/{channel}", updateConversation)
	change("DELETE "+b+"/Conversations/{channel}", deleteConversation)
	change("POST "+b+"/Conversations/{channel}/Participants", addParticipant)
	change("POST "+b+"/Conversations/{channel}/Participants/{who...}", updateParticipant)
	change("DELETE "+b+"/Conversations/{channel}/Participants/{who...}", removeParticipant)
	change("POST "+b+"/Conversations/{channel}/Invites", invite)
	change("DELETE "+b+"/Conversations/{channel}/Invites/{who...}", decline)
	change("POST "+b+"/Conversations/{channel}/Messages", sendMessage)
	change("POST "+b+"/Conversations/{channel}/Messages/{message}", updateMessage)
	change("DELETE "+b+"/Conversations/{channel}/Messages/{message}", deleteMessage)
	read(b+"/Users", usersOfChannel("ConversationSid"))
	read(b+"/Users/{who...}", fetchUser)
	change("POST "+b+"/Users/{who...}", updateUser)

	for _, path := range [...]string{"/v1/typing", b + "/Typing"} {
		router.Handle(httpapi.Socket, "POST "+path, httpapi.Token, c.handler(typing))
	}
	router.Handle(httpapi.Socket, "POST /v1/registrations", httpapi.Token, c.handler(register))
	router.Handle(httpapi.Socket, "DELETE /v1/registrations/{binding}", httpapi.Token, c.handler(unregister))
}
