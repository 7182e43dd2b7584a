package server

import (
	"io"
	"log/slog"

	"parley/internal/config"
)

// NewLogger makes the log of the configuration's level and form. Secrets have types that hide themselves; what else could hold
// one (headers, queries, bodies) is never given to a log.
func NewLogger(w io.Writer, c config.Logging) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // Validate has refused what is no level
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
