package media

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"parley/internal/blob"
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// content sends the bytes to a caller with credentials.
func (h handlers) content(w http.ResponseWriter, r *http.Request) {
	actor, err := h.actor(r)
	if err != nil {
		httpapi.WriteError(w, r, err)
		return
	}
	m, err := h.Chat.FetchMedia(r.Context(), actor, r.PathValue("Sid"))
	if err != nil {
		httpapi.WriteError(w, r, err)
		return
	}
	h.send(w, r, m)
}

// link sends the bytes to whoever has a link that was signed here and is still good.
func (h handlers) link(w http.ResponseWriter, r *http.Request) {
	sid := r.PathValue("Sid")
	switch err := h.Signer.Verify(sid, r.PathValue("Pass"), h.Now()); {
	case errors.Is(err, blob.ErrExpired):
		httpapi.WriteError(w, r, core.Ef(core.CodeForbidden, "This link has expired; fetch the media again for a new one"))
		return
	case err != nil:
		httpapi.WriteError(w, r, core.Ef(core.CodeForbidden, "This link was not made by this server"))
		return
	}
	m, err := h.Chat.LinkedMedia(r.Context(), sid)
	if err != nil {
		httpapi.WriteError(w, r, err)
		return
	}
	h.send(w, r, m)
}

func (h handlers) send(w http.ResponseWriter, r *http.Request, m *chat.Media) {
	sid := h.Chat.MediaSID(m.ID)
	f, _, err := h.Blobs.Open(r.Context(), sid)
	if err != nil {
		if !errors.Is(err, blob.ErrNotFound) {
			h.Log.Error("a media could not be read", "media", sid, "error", err)
		}
		httpapi.WriteError(w, r, core.E(core.CodeMediaNotFound).Because(err))
		return
	}
	defer f.Close()
	header := w.Header()
	header.Set("Content-Type", m.ContentType)
	header.Set("Content-Disposition", disposition(m))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "private, max-age=300")
	header.Set("ETag", `"`+sid+`"`)
	http.ServeContent(&patientWriter{w, h.patience(w)}, r, "", core.FromMicros(m.CreatedAt), f)
}

// disposition offers as a download whatever a browser could run.
func disposition(m *chat.Media) string {
	kind, _, _ := mime.ParseMediaType(m.ContentType)
	how := "attachment"
	if passive(kind) {
		how = "inline"
	}
	params := map[string]string{}
	if m.Filename != nil {
		params["filename"] = *m.Filename
	}
	return mime.FormatMediaType(how, params)
}

// passive reports whether a type is only looked at or listened to. SVG is not: it may hold scripts.
func passive(kind string) bool {
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "text/plain":
		return true
	}
	return strings.HasPrefix(kind, "audio/") || strings.HasPrefix(kind, "video/")
}
