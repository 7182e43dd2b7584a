package media

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// patience replaces the HTTP server's limit for a whole request by one for standing still: a large file may take long.
type patience struct {
	control *http.ResponseController
	stall   time.Duration
	next    time.Time // when the deadlines are to be moved again
}

func (h handlers) patience(w http.ResponseWriter) *patience {
	return &patience{control: http.NewResponseController(w), stall: h.Stall}
}

// moved notes that the transfer goes on. Both directions get more time: the answer to an upload is written after it, and an
// end of the other direction would end the request.
func (p *patience) moved() error {
	now := time.Now()
	if now.Before(p.next) {
		return nil
	}
	p.next = now.Add(p.stall / 8)
	at := now.Add(p.stall)
	err := errors.Join(p.control.SetReadDeadline(at), p.control.SetWriteDeadline(at))
	if errors.Is(err, http.ErrNotSupported) { // a test's recorder
		return nil
	}
	return err
}

type patientBody struct {
	io.ReadCloser
	*patience
}

func (b *patientBody) Read(p []byte) (int, error) {
	if err := b.moved(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}

type patientWriter struct {
	http.ResponseWriter
	*patience
}

func (w *patientWriter) Write(p []byte) (int, error) {
	if err := w.moved(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}
