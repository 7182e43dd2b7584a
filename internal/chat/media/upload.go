package media

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"parley/internal/blob"
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

const (
	// maxParts and maxField bound the forms of an upload; clients send a file and one or two fields.
	maxParts = 8
	maxField = 4 << 10 // bytes
	// formOverhead is what a form may have beside the file's bytes.
	formOverhead = 64 << 10
	// maxFilename and maxType bound what is kept, in bytes.
	maxFilename = 256
	maxType     = 256

	octets = "application/octet-stream"
)

// upload takes the bytes of a media: as the body itself, or as the file of a form.
func (h handlers) upload(w http.ResponseWriter, r *http.Request) {
	v, err := h.take(w, r)
	if err != nil {
		// The rest of the body is not worth waiting for.
		w.Header().Set("Connection", "close")
		if core.AsError(err).Code == core.CodeInternal {
			h.Log.Error("an upload failed", "path", r.URL.Path, "error", err)
		}
		httpapi.WriteError(w, r, err)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		httpapi.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body) // the client may be gone
}

func (h handlers) take(w http.ResponseWriter, r *http.Request) (view, error) {
	actor, err := h.actor(r)
	if err != nil {
		return view{}, err
	}
	if r.ContentLength > h.MaxBytes+formOverhead {
		return view{}, h.tooLarge()
	}
	r.Body = http.MaxBytesReader(w, &patientBody{r.Body, h.patience(w)}, h.MaxBytes+formOverhead)
	id, err := h.Chat.MediaID(r.Context())
	if err != nil {
		return view{}, err
	}
	sid := h.Chat.MediaSID(id)
	query := r.URL.Query()
	n := chat.NewMedia{ID: id}
	if name := query.Get("Filename") + query.Get("FileName"); name != "" {
		n.Filename = &name
	}
	n.Size, err = h.receive(r, sid, &n)
	if err != nil {
		return view{}, h.fault(r, err)
	}
	m, err := h.keep(r.Context(), actor, n)
	if err != nil {
		// Nobody will ever ask for these bytes.
		if err := h.Blobs.Delete(context.WithoutCancel(r.Context()), sid); err != nil {
			h.Log.Warn("the bytes of a refused upload could not be removed", "media", sid, "error", err)
		}
		return view{}, err
	}
	return h.view(actor.Service, m, httpapi.BaseOf(r)), nil
}

// receive stores the bytes and notes what the request says about them.
func (h handlers) receive(r *http.Request, sid string, n *chat.NewMedia) (int64, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		n.ContentType = r.Header.Get("Content-Type")
		info, err := h.Blobs.Put(r.Context(), sid, r.Body, h.MaxBytes)
		return info.Size, err
	}
	form, err := r.MultipartReader()
	if err != nil {
		return 0, unreadable(err)
	}
	size := int64(-1)
	for range maxParts {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF) && size >= 0:
			return size, nil
		case errors.Is(err, io.EOF):
			return 0, core.Ef(core.CodeInvalidParameter, "The form has no file; send the bytes as its part Media")
		case err != nil:
			return 0, unreadable(err)
		case part.FileName() == "" && part.FormName() != "Media":
			if err := field(part, n); err != nil {
				return 0, err
			}
		case size >= 0:
			return 0, core.Ef(core.CodeInvalidParameter, "The form has more than one file; upload them one by one")
		default:
			n.ContentType = part.Header.Get("Content-Type")
			if name := part.FileName(); name != "" && n.Filename == nil {
				n.Filename = &name
			}
			info, err := h.Blobs.Put(r.Context(), sid, part, h.MaxBytes)
			if err != nil {
				return 0, err
			}
			size = info.Size
		}
	}
	return 0, core.Ef(core.CodeInvalidParameter, "The form has more than %d parts", maxParts)
}

// unreadable is the client's fault, unless the form was too long.
func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return core.Ef(core.CodeInvalidParameter, "The form cannot be read").Because(err)
}

// field reads a form field beside the file.
func field(part *multipart.Part, n *chat.NewMedia) error {
	b, err := io.ReadAll(io.LimitReader(part, maxField+1))
	switch {
	case err != nil:
		return unreadable(err)
	case len(b) > maxField:
		return core.Ef(core.CodeInvalidParameter, "A field of the form has more than %d bytes", maxField)
	}
	if strings.EqualFold(part.FormName(), "FileName") {
		value := string(b)
		n.Filename = &value
	}
	return nil
}

// keep records the media once its bytes are stored.
func (h handlers) keep(ctx context.Context, actor chat.Actor, n chat.NewMedia) (*chat.Media, error) {
	n.ContentType = cleanType(n.ContentType)
	if n.Filename != nil {
		*n.Filename = cleanName(*n.Filename)
		if *n.Filename == "" {
			n.Filename = nil
		}
	}
	n.Category = "media" // the only one that chat knows
	return h.Chat.CreateMedia(ctx, actor, n)
}

// cleanType returns a content type as it may be sent back in a header.
func cleanType(s string) string {
	kind, params, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(kind, "/") {
		return octets
	}
	if out := mime.FormatMediaType(kind, params); out != "" && len(out) <= maxType {
		return out
	}
	return octets
}

// cleanName returns a file name without folders and control characters, cut to what is kept.
func cleanName(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, s)
	for len(s) > maxFilename {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// fault says in the field's words why bytes could not be taken.
func (h handlers) fault(r *http.Request, err error) error {
	var known *core.Error
	if errors.As(err, &known) {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || errors.Is(err, blob.ErrTooLarge) {
		return h.tooLarge()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || r.Context().Err() != nil ||
		strings.HasPrefix(err.Error(), "multipart:") {
		return core.Ef(core.CodeInvalidParameter, "The upload ended before all of it was there").Because(err)
	}
	return core.Internal(err)
}

func (h handlers) tooLarge() error {
	return core.Ef(core.CodeMediaTooLarge, "The media has more than %d bytes, which is the most this server takes", h.MaxBytes).WithStatus(http.StatusRequestEntityTooLarge)
}
