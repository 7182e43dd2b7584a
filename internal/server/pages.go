package server

import (
	"net/http"
	"net/url"
	"os"

	"parley/internal/web"
)

// pages are the start page, the guide, the flows, the desktop and the widget.
func (s *Server) pages() http.Handler {
	o := web.Options{Demo: s.config.Demo, AccountSID: s.instance.AccountSID, WebFlowSID: s.instance.WebFlowSID, PluginOrigins: s.config.PluginOrigins}
	if s.config.PluginsDir != "" {
		o.Plugins = os.DirFS(s.config.PluginsDir)
	}
	for _, script := range s.config.Plugins {
		if u, err := url.Parse(script); err == nil && u.Host != "" {
			o.PluginOrigins = append(o.PluginOrigins[:len(o.PluginOrigins):len(o.PluginOrigins)], u.Scheme+"://"+u.Host)
		}
	}
	return web.Handler(o)
}
