package server

import (
	"net/http"

	"parley/internal/config"
	"parley/internal/flex/plugin"
	flexrest "parley/internal/flex/rest"
)

// openFlex mounts the Flex API and what Flex's pages ask for. A plugin of this server is listed when the pages have it.
func (s *Server) openFlex() {
	s.site = s.pages()
	c := &s.config
	scripts := plugin.New(plugin.Options{Shipped: shippedPlugins(c), Dir: c.PluginsDir, Addresses: c.Plugins, Exists: s.hasPage, Log: s.log})
	w := flexrest.Widget{Origins: c.WidgetOrigins, PerAddress: c.WidgetRate, PerFlow: c.WidgetFlowRate, TokenTTL: c.WidgetTokenTTL}
	if c.Demo && len(w.Origins) == 0 {
		w.Origins = []string{"*"}
	}
	s.flexAPI = flexrest.New(s.flex, flexrest.Options{Widget: w, ClientIP: s.clientIP, Plugins: scripts.All, Version: s.version})
	s.flexAPI.Routes(s.router)
}

// shippedPlugins are those of this server's own that are wanted.
func shippedPlugins(c *config.Config) (paths []string) {
	if c.TransferPlugin {
		paths = append(paths, plugin.Transfer)
	}
	if c.FilesPlugin {
		paths = append(paths, plugin.Files)
	}
	return paths
}

// hasPage asks the pages for a path, as a browser would.
func (s *Server) hasPage(path string) bool {
	r, err := http.NewRequest(http.MethodHead, path, nil)
	if err != nil {
		return false
	}
	w := &nowhere{header: http.Header{}, status: http.StatusOK}
	s.site.ServeHTTP(w, r)
	return w.status == http.StatusOK
}

// nowhere keeps the status of an answer that nobody reads.
type nowhere struct {
	header http.Header
	status int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(status int)      { w.status = status }
func (w *nowhere) Write(b []byte) (int, error) { return len(b), nil }
