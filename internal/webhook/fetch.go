package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxRedirects bounds how far a file's address may lead on. Each address on the way passes the guard.
const maxRedirects = 5

// File is what Fetch opened.
type File struct {
	io.ReadCloser
	ContentType string
	Path        string // of its last address
	Final       bool   // of a failure: another attempt is in vain
}

// Fetch opens a file at a foreign address by a plain GET. Whoever reads it bounds how much, and ctx how long. Its errors hold neither query nor
// user-info of the address. When there is an error, there is nothing to close.
func (c *Caller) Fetch(ctx context.Context, address string) (File, error) {
	if err := CheckURL(address); err != nil {
		return File{Final: true}, fmt.Errorf("file address %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return File{Final: true}, errors.New("file address is not a valid URL")
	}
	req.Header.Set("User-Agent", c.userAgent)
	client := http.Client{Transport: c.transport, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		return nil
	}}
	answer, err := client.Do(req)
	if err != nil {
		out, err := failed(req, err)
		return File{Final: out.Outcome == Final}, err
	}
	if outcome := classifyStatus(answer.StatusCode); outcome != OK {
		_ = answer.Body.Close()
		return File{Final: outcome == Final}, fmt.Errorf("%s answered %d", place(req), answer.StatusCode)
	}
	return File{ReadCloser: answer.Body, ContentType: answer.Header.Get("Content-Type"), Path: answer.Request.URL.Path}, nil
}
