package syncapi

import (
	"errors"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/twilsock"
)

// The plain documents, which the desktop makes for itself: the guard of a single session, and short-lived ones that tell it the server's
// time (flex-ui-protocol §5.7). Each belongs to one worker, for whom alone it exists.

// Bounds of plain documents.
const (
	maxDocumentBytes = 16 << 10
	maxDocuments     = 50 // of a worker
	maxDocumentName  = 320
	maxDocumentTTL   = 31_536_000 // seconds, one year (54011)
	// documentTTL is how long a document lives that was made without a ttl, in seconds: nobody else would ever remove it.
	documentTTL = 30 * 24 * 3600
)

// plain is a row of sync_document.
type plain struct {
	ID                              int64
	Owner, Name, Data               string
	Revision                        int64
	ExpiresAt, CreatedAt, UpdatedAt int64
}

var plains = store.NewTable("sync_document",
	store.Col[plain]{Name: "id", Ptr: func(d *plain) any { return &d.ID }},
	store.Col[plain]{Name: "owner", Ptr: func(d *plain) any { return &d.Owner }},
	store.Col[plain]{Name: "name", Ptr: func(d *plain) any { return &d.Name }},
	store.Col[plain]{Name: "data", Ptr: func(d *plain) any { return &d.Data }},
	store.Col[plain]{Name: "revision", Ptr: func(d *plain) any { return &d.Revision }},
	store.Col[plain]{Name: "expires_at", Ptr: func(d *plain) any { return &d.ExpiresAt }},
	store.Col[plain]{Name: "created_at", Ptr: func(d *plain) any { return &d.CreatedAt }},
	store.Col[plain]{Name: "updated_at", Ptr: func(d *plain) any { return &d.UpdatedAt }},
)

// What a transaction did to a document.
type (
	plainSaved   struct{ *plain }
	plainRemoved struct{ *plain }
)

func (d *plain) topic() realtime.Topic { return realtime.Topic{Kind: Plain, ID: d.ID} }

// owner is the worker whose documents a request is about.
func (s *Sync) owner(r *httpapi.Request) (string, error) {
	if _, _, err := s.staffOf(r); err != nil {
		return "", err
	}
	return r.Caller.Token.WorkerSID, nil
}

// isPlain reports whether a reference may be that of a plain document: chat's own are known by their form.
func (s *Sync) isPlain(fam *family, ref string) bool {
	if fam != documents || s.live == nil {
		return false
	}
	if t, ok := s.bySID(fam, ref); ok {
		return t.Kind == Plain
	}
	_, _, chats := named(fam, ref)
	return !chats
}

// plain finds a document of a worker by SID or name, or 54100. lock is added to the query.
func (s *Sync) plain(r *store.Reader, owner, ref, lock string) (d *plain, err error) {
	if t, ok := s.bySID(documents, ref); ok {
		d, err = plains.One(r, `WHERE id = $1 AND owner = $2 AND expires_at > $3`+lock, t.ID, owner, r.Now())
	} else if !goodName(ref) {
		err = store.ErrNoRow
	} else {
		d, err = plains.One(r, `WHERE owner = $1 AND name = $2 AND expires_at > $3`+lock, owner, ref, r.Now())
	}
	if errors.Is(err, store.ErrNoRow) {
		err = core.E(documents.notFound)
	}
	return d, err
}

func goodName(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= maxDocumentName && core.CleanText(name)
}

// documentInput is the body of POST; what is absent is nil.
type documentInput struct {
	Name *string  `json:"unique_name"`
	Data jsonText `json:"data"`
	TTL  *int64   `json:"ttl"` // seconds; 0 is for ever, as far as that goes here
}

func (in *documentInput) read(r *httpapi.Request) error {
	if err := r.JSON(in); err != nil {
		return err
	}
	switch {
	case len(in.Data) > maxDocumentBytes:
		return core.Ef(core.CodeSyncTooLarge, "Request entity too large: data may have %d bytes", maxDocumentBytes)
	case in.Data != nil && !gjson.ParseBytes(in.Data).IsObject():
		return core.Ef(core.CodeDocumentData, "Invalid Document data: it must be an object")
	case in.TTL != nil && (*in.TTL < 0 || *in.TTL > maxDocumentTTL):
		return core.Ef(core.CodeSyncTTL, "Invalid TTL: it must be 0 to %d seconds", maxDocumentTTL)
	}
	return nil
}

// expiry is when a document that is written now ends.
func (in *documentInput) expiry(now int64) int64 {
	ttl := int64(documentTTL)
	if in.TTL != nil && *in.TTL > 0 {
		ttl = *in.TTL
	}
	return now + ttl*time.Second.Microseconds()
}

// createDocument answers POST of a document. A name that the worker has used already is 54301.
func (s *Sync) createDocument(r *httpapi.Request) (httpapi.Response, error) {
	owner, err := s.owner(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	in := documentInput{Data: jsonText(`{}`)}
	if err := in.read(r); err != nil {
		return httpapi.Response{}, err
	}
	d := &plain{Owner: owner, Data: string(in.Data)}
	if in.Name != nil {
		d.Name = *in.Name
		if !goodName(d.Name) || core.IsSID(documents.prefix, d.Name) || !s.isPlain(documents, d.Name) {
			return httpapi.Response{}, core.Ef(core.CodeSyncName, "Invalid unique name: it must be a text of 1 to %d characters, and no SID nor the name of an object of chat", maxDocumentName)
		}
	}
	err = s.st.Update(r.Context(), func(tx *store.Tx) error {
		// Whoever makes documents clears away those whose time is over, also of others.
		_, err := tx.Exec(`DELETE FROM sync_document WHERE owner = $1 AND expires_at <= $2 OR id IN (SELECT id FROM sync_document WHERE expires_at <= $2 ORDER BY expires_at LIMIT 100)`,
			owner, tx.Now())
		if err != nil {
			return err
		}
		var others int64
		if err := tx.One(`SELECT COUNT(*) FROM sync_document WHERE owner = $1`, []any{owner}, &others); err != nil {
			return err
		}
		if others >= maxDocuments {
			return core.Ef(core.CodeTooManyRequests, "A worker has at most %d documents; remove some, or give them a ttl", maxDocuments)
		}
		d.ID, d.Revision, d.ExpiresAt, d.CreatedAt, d.UpdatedAt = tx.NextID(), 1, in.expiry(tx.Now()), tx.Now(), tx.Now()
		return plains.Append(tx, d)
	})
	if errors.Is(err, store.ErrUnique) {
		err = core.E(core.CodeSyncNameTaken)
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(s.plainDescriptor(d))
}

// fetchDocument answers GET of a plain document.
func (s *Sync) fetchDocument(r *httpapi.Request) (httpapi.Response, error) {
	owner, err := s.owner(r)
	if core.HasCode(err, core.CodeSyncForbidden) {
		err = core.E(documents.notFound)
	}
	var d *plain
	if err == nil {
		err = s.st.View(r.Context(), func(rd *store.Reader) error {
			d, err = s.plain(rd, owner, r.Path("object"), "")
			return err
		})
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(s.plainDescriptor(d))
}

// updateDocument answers POST to a document. With If-Match it must be the revision as it is (412, 54103).
func (s *Sync) updateDocument(r *httpapi.Request) (httpapi.Response, error) {
	var in documentInput
	return s.changeDocument(r, &in, func(tx *store.Tx, d *plain) error {
		d.Revision++
		d.UpdatedAt = tx.Now()
		if in.Data != nil {
			d.Data = string(in.Data)
		}
		if in.TTL != nil {
			d.ExpiresAt = in.expiry(tx.Now())
		}
		tx.Emit(plainSaved{d})
		return plains.Update(tx, d)
	})
}

// deleteDocument answers DELETE of a document.
func (s *Sync) deleteDocument(r *httpapi.Request) (httpapi.Response, error) {
	_, err := s.changeDocument(r, nil, func(tx *store.Tx, d *plain) error {
		tx.Emit(plainRemoved{d})
		return plains.Delete(tx, d)
	})
	return httpapi.Response{Status: http.StatusNoContent}, err
}

func (s *Sync) changeDocument(r *httpapi.Request, in *documentInput, change func(tx *store.Tx, d *plain) error) (httpapi.Response, error) {
	ref := r.Path("object")
	if !s.isPlain(documents, ref) {
		return refuse(r)
	}
	owner, err := s.owner(r)
	if err == nil && in != nil {
		err = in.read(r)
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	var d *plain
	err = s.st.Update(r.Context(), func(tx *store.Tx) (err error) {
		if d, err = s.plain(&tx.Reader, owner, ref, " FOR UPDATE"); err != nil {
			return err
		}
		if match := r.Header.Get("If-Match"); match != "" && match != strconv.FormatInt(d.Revision, 10) {
			return core.E(core.CodeDocumentRevision).WithStatus(http.StatusPreconditionFailed)
		}
		return change(tx, d)
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(s.plainDescriptor(d))
}

func (s *Sync) plainDescriptor(d *plain) []byte {
	b := make([]byte, 0, 500+len(d.Data))
	b = append(b, `{"sid":"`...)
	b = append(b, s.sid(d.topic())...)
	b = append(b, `","unique_name":`...)
	if d.Name == "" {
		b = append(b, "null"...)
	} else {
		b = twilsock.AppendString(b, d.Name)
	}
	b = append(b, `,"url":"`...)
	b = append(b, s.objectURL(d.topic())...)
	b = append(b, `","revision":"`...)
	b = strconv.AppendInt(b, d.Revision, 10)
	b = append(b, `","last_event_id":`...)
	b = strconv.AppendInt(b, d.Revision, 10)
	b = append(b, `,"date_created":`...)
	b = appendTime(b, d.CreatedAt)
	b = append(b, `,"date_updated":`...)
	b = appendTime(b, d.UpdatedAt)
	b = append(b, `,"date_expires":`...)
	b = appendTime(b, d.ExpiresAt)
	b = append(b, `,"created_by":`...)
	b = twilsock.AppendString(b, d.Owner)
	b = append(b, `,"type":"document","data":`...)
	b = append(b, d.Data...)
	return append(b, '}')
}

// plainUpdated is the event of a plain document.
func (s *Sync) plainUpdated(p *poke, d *plain) []byte {
	b := s.begin(p, len(d.Data), "document_updated", d.topic(), d.Revision, d.UpdatedAt)
	b = append(b, `,"document_data":`...)
	b = append(b, d.Data...)
	return end(p, b, d.topic())
}
