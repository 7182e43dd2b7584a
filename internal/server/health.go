package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"parley/internal/store"
)

// probeTimeout bounds a look at a part; one that needs longer does not work.
const probeTimeout = 2 * time.Second

// health answers /healthz (the process lives) and /readyz (it can do its work, so send it requests).
type health struct {
	store    *store.Store
	bus      func() bool // whether the bus works
	stopping atomic.Bool
}

func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	writeStatus(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	parts := map[string]string{"server": "ok", "store": "ok", "bus": "ok"}
	status, word := http.StatusOK, "ok"
	fault := func(part, what string) {
		parts[part], status, word = what, http.StatusServiceUnavailable, "unavailable"
	}
	if h.stopping.Load() {
		fault("server", "stopping")
	}
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	err := h.store.View(ctx, func(r *store.Reader) error {
		_, err := readSetting(r, settingInstance)
		return err
	})
	if err != nil {
		fault("store", "does not answer") // why is in the log of the store; an address may be a secret
	}
	if !h.bus() {
		fault("bus", "not connected")
	}
	writeStatus(w, status, map[string]any{"status": word, "checks": parts})
}

func writeStatus(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"status":"unavailable"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the prober may be gone
}
