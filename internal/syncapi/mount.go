package syncapi

import "parley/internal/httpapi"

// Mount puts the Sync paths on the router. Clients take them from what we answer, in the short form; the form with a service in
// it is understood, too, and the service in it is ignored: the token names it (chat-sdk-protocol §13).
func (s *Sync) Mount(router *httpapi.Router, commands Commands) {
	handle := func(method, path string, h httpapi.Handler) {
		router.Handle(httpapi.Socket, method+" /v3/"+path, httpapi.Token, h)
		router.Handle(httpapi.Socket, method+" /v3/Services/{service}/"+path, httpapi.Token, h)
	}
	for _, fam := range [...]*family{documents, lists, maps} {
		handle("GET", fam.path+"/{object}", s.fetch(fam))
		if fam != documents {
			handle("POST", fam.path+"/{object}", refuse)
			handle("DELETE", fam.path+"/{object}", refuse)
		}
	}
	handle("POST", "Documents", s.createDocument)
	handle("POST", "Documents/{object}", s.updateDocument)
	handle("DELETE", "Documents/{object}", s.deleteDocument)
	for _, fam := range [...]*family{lists, maps} {
		handle("GET", fam.path+"/{object}/Items", s.items(fam))
		handle("POST", fam.path+"/{object}/Items/{item}", refuse)
		handle("PUT", fam.path+"/{object}/Items/{item}", refuse)
		handle("DELETE", fam.path+"/{object}/Items/{item}", refuse)
	}
	handle("POST", "Lists", s.createSession)
	handle("GET", "Lists/{object}/Context", s.sessionContext(commands))
	handle("POST", "Lists/{object}/Items", s.command(commands))
	handle("POST", "Maps/{object}/Items", refuse)
	for _, path := range [...]string{"Maps", "Streams", "Streams/{object}/Messages"} {
		handle("POST", path, refuse)
	}
	handle("GET", "Streams/{object}", refuse)
	handle("POST", "Insights/{index}/Items", s.query)
	router.Handle(httpapi.Socket, "POST /v4/Subscriptions", httpapi.Token, func(r *httpapi.Request) (httpapi.Response, error) {
		return s.subscribe(r, commands)
	})
}

// refuse answers what chat users may not do: chat objects are changed through chat.
func refuse(*httpapi.Request) (httpapi.Response, error) { return httpapi.Response{}, forbidden() }
