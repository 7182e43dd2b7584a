package twilsock

// Revoke ends the connections whose API key is not good any more; good is asked once for each key. Their clients connect again and
// are told why they may not. A session that is being woken at this moment is missed, so call it again from time to time.
func (s *Server) Revoke(good func(keySID string) bool) {
	known := map[string]bool{}
	for _, ses := range s.wheel.all() {
		ses.mu.Lock()
		key := ses.caller.KeySID
		ses.mu.Unlock()
		if key == "" { // no init yet
			continue
		}
		ok, asked := known[key]
		if !asked {
			ok = good(key)
			known[key] = ok
		}
		if !ok {
			ses.end(ReasonExpired)
		}
	}
}
