package server_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"parley/internal/blob"
	"parley/internal/chat/media"
	"parley/internal/config"
	"parley/internal/core"
	"parley/internal/server"
)

func (r *running) mediaPath() string { return "/mcs/v1/Services/" + r.cred.ChatServiceSID + "/Media" }

// form makes an upload as browsers do.
func form(t *testing.T, filename, kind, body string, fields ...string) (contentType string, b *bytes.Buffer) {
	t.Helper()
	b = &bytes.Buffer{}
	w := multipart.NewWriter(b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if filename != "" {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {multipart.FileContentDisposition("Media", filename)}, "Content-Type": {kind}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b
}

func (r *running) upload(contentType string, body io.Reader, query string) answer {
	r.t.Helper()
	req := r.request("POST", r.mediaPath()+query, body)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return r.do(req)
}

func TestUploads(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.MediaMaxBytes = 1 << 20
		r := start(t, c)
		formType, formBody := form(t, "日本.png", "image/png", "pixels")
		namedType, namedBody := form(t, "blob", "image/png", "pixels", "FileName", "mine.png")
		noFileType, noFileBody := form(t, "", "", "", "FileName", "x")
		for _, u := range []struct {
			name, contentType, query string
			body                     io.Reader
			status, code             int
			size                     float64
			kind                     string
			filename                 any
		}{
			{"raw", "image/png", "", strings.NewReader("pixels"), 201, 0, 6, "image/png", nil},
			{"raw with a name", "text/plain; charset=utf-8", "?Filename=a%20b.txt", strings.NewReader("hi"), 201, 0, 2, "text/plain; charset=utf-8", "a b.txt"},
			{"empty", "text/plain", "", strings.NewReader(""), 201, 0, 0, "text/plain", nil},
			{"no type", "", "", strings.NewReader("x"), 201, 0, 1, "application/octet-stream", nil},
			{"nonsense type", "a\"b", "", strings.NewReader("x"), 201, 0, 1, "application/octet-stream", nil},
			{"name with a path", "image/png", "?Filename=..%2F..%2Fetc%2Fpasswd", strings.NewReader("x"), 201, 0, 1, "image/png", "passwd"},
			{"form", formType, "", formBody, 201, 0, 6, "image/png", "日本.png"},
			{"form with a field before", namedType, "", namedBody, 201, 0, 6, "image/png", "mine.png"},
			{"form without a file", noFileType, "", noFileBody, 400, core.CodeInvalidParameter, 0, "", nil},
			{"broken form", "multipart/form-data; boundary=x", "", strings.NewReader("--x\r\nnonsense"), 400, core.CodeInvalidParameter, 0, "", nil},
			{"form without boundary", "multipart/form-data", "", strings.NewReader("x"), 400, core.CodeInvalidParameter, 0, "", nil},
			{"just small enough", "video/mp4", "", io.LimitReader(zeros{}, 1<<20), 201, 0, 1 << 20, "video/mp4", nil},
			{"a byte too large", "video/mp4", "", io.LimitReader(zeros{}, 1<<20+1), 413, core.CodeMediaTooLarge, 0, "", nil},
			{"announced too large", "video/mp4", "", bytes.NewReader(make([]byte, 2<<20)), 413, core.CodeMediaTooLarge, 0, "", nil},
		} {
			t.Run(u.name, func(t *testing.T) {
				r.t = t
				a := r.upload(u.contentType, u.body, u.query)
				got := a.json(t)
				if a.status != u.status {
					t.Fatalf("answered %d %s", a.status, a.body)
				}
				if u.code != 0 {
					if got["code"] != float64(u.code) {
						t.Errorf("answered %s", a.body)
					}
					return
				}
				if got["size"] != u.size || got["content_type"] != u.kind || got["filename"] != u.filename || got["author"] != "system" ||
					!core.IsSID("ME", got["sid"].(string)) || got["url"] != "/v1/Services/"+r.cred.ChatServiceSID+"/Media/"+got["sid"].(string) {
					t.Errorf("answered %s", a.body)
				}
				back := r.do(r.request("GET", r.mediaPath()+"/"+got["sid"].(string)+"/Content", nil))
				if back.status != 200 || float64(len(back.body)) != u.size {
					t.Errorf("content: %d, %d bytes", back.status, len(back.body))
				}
			})
		}
		r.t = t
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestMediaLinks: a link opens its file for a time, in parts too, and no browser runs what is in it.
func TestMediaLinks(t *testing.T) {
	c := settings(t)
	c.MediaURLTTL = time.Hour
	r := start(t, c)
	made := r.upload("text/html", strings.NewReader("<script>alert(1)</script>"), "?Filename=päge.html").json(t)
	one := r.do(r.request("GET", r.mediaPath()+"/"+made["sid"].(string), nil)).json(t)
	link := one["links"].(map[string]any)["content_direct_temporary"].(string)
	if !strings.HasPrefix(link, r.BaseURL()+"/mcs/v1/Services/") {
		t.Fatalf("link %s", link)
	}
	get := func(link string, header ...string) answer {
		t.Helper()
		req := r.request("GET", link, nil)
		req.Header.Set("X-Twilio-Token", "-") // keeps the helper from adding credentials; a public route does not look
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		return r.do(req)
	}
	a := get(link)
	if a.status != 200 || string(a.body) != "<script>alert(1)</script>" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for name, want := range map[string]string{"Content-Type": "text/html", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Content-Disposition": "attachment; filename*=utf-8''p%C3%A4ge.html", "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if part := get(link, "Range", "bytes=1-6"); part.status != 206 || string(part.body) != "script" {
		t.Errorf("range: %d %s", part.status, part.body)
	}
	if same := get(link, "If-None-Match", a.header.Get("ETag")); same.status != 304 {
		t.Errorf("unchanged: %d", same.status)
	}
	other := r.upload("image/png", strings.NewReader("x"), "").json(t)["sid"].(string)
	for name, bad := range map[string]string{
		"forged":         link[:len(link)-8] + "AAAAAAAA",
		"another's file": strings.Replace(link, made["sid"].(string), other, 1),
		"expired":        strings.Replace(link, link[strings.LastIndexByte(link, '/')+1:], expiredPass(t, r, c, made["sid"].(string)), 1),
	} {
		if got := get(bad); got.status != 403 || got.json(t)["code"] != 20403.0 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if image := r.do(r.request("GET", r.mediaPath()+"/"+other+"/Content", nil)); image.header.Get("Content-Disposition") != "inline" {
		t.Errorf("an image is %q", image.header.Get("Content-Disposition"))
	}
}

// expiredPass makes a pass that was good once.
func expiredPass(t *testing.T, r *running, c config.Config, sid string) string {
	t.Helper()
	return blob.Signer{Key: server.LinkKey(t, r.Server)}.Sign(sid, time.Now().Add(-time.Second))
}

// TestMediaAccess: who may see and send what.
func TestMediaAccess(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, c)
		alice, bob := r.token(c, "alice"), r.token(c, "bob")
		as := func(jwt, method, path string) answer {
			t.Helper()
			req := r.request(method, path, strings.NewReader("x"))
			if jwt != "" {
				req.Header.Set("X-Twilio-Token", jwt)
			}
			return r.do(req)
		}
		a := as(alice, "POST", r.mediaPath())
		if a.status != 201 || a.json(t)["author"] != "alice" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		sid := a.json(t)["sid"].(string)
		if got := as(bob, "GET", r.mediaPath()+"/"+sid); got.status != 404 {
			t.Errorf("bob sees what alice has not sent: %d", got.status)
		}
		service := "/chat/v2/Services/" + r.cred.ChatServiceSID
		ch := r.call(201, "POST", service+"/Channels", url.Values{})["sid"].(string)
		for _, who := range []string{"alice", "bob"} {
			r.call(201, "POST", service+"/Channels/"+ch+"/Members", url.Values{"Identity": {who}})
		}
		m := r.call(201, "POST", service+"/Channels/"+ch+"/Messages", url.Values{"From": {"alice"}, "MediaSid": {sid}})
		seen := as(bob, "GET", r.mediaPath()+"/"+sid)
		if got := seen.json(t); seen.status != 200 || got["channel_sid"] != ch || got["message_sid"] != m["sid"] {
			t.Errorf("bob does not see what alice sent: %d %s", seen.status, seen.body)
		}
		for name, got := range map[string]answer{
			"a stranger":            as(r.token(c, "eve"), "GET", r.mediaPath()+"/"+sid),
			"an unknown media":      as(alice, "GET", r.mediaPath()+"/ME"+strings.Repeat("0", 32)),
			"an unknown service":    as(alice, "POST", "/mcs/v1/Services/IS"+strings.Repeat("0", 32)+"/Media"),
			"a service of nobody":   as("", "POST", "/mcs/v1/Services/IS"+strings.Repeat("0", 32)+"/Media"),
			"a SID of another sort": as(alice, "GET", r.mediaPath()+"/"+ch),
		} {
			if got.status != 404 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		}
		if got := as("nonsense", "POST", r.mediaPath()); got.status != 401 || got.json(t)["code"] != 20101.0 {
			t.Errorf("a bad token: %d %s", got.status, got.body)
		}
	})
}

// TestLargeUploadIsStreamed: memory does not grow with the file.
func TestLargeUploadIsStreamed(t *testing.T) {
	r := start(t, settings(t))
	const size = 96 << 20
	sum := sha256.New()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := r.upload("video/mp4", io.TeeReader(io.LimitReader(zeros{}, size), sum), "")
	if a.status != 201 || a.json(t)["size"] != float64(size) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	req := r.request("GET", r.mediaPath()+"/"+a.json(t)["sid"].(string)+"/Content", nil)
	req.SetBasicAuth(r.cred.APIKeySID, r.cred.APIKeySecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back := sha256.New()
	if n, err := io.Copy(back, resp.Body); err != nil || n != size || !bytes.Equal(back.Sum(nil), sum.Sum(nil)) {
		t.Errorf("got %d bytes back, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d MiB were allocated for %d MiB", grown>>20, size>>20)
	}
}

// TestAbandonedUpload: a client that goes away leaves nothing behind.
func TestAbandonedUpload(t *testing.T) {
	c := settings(t)
	r := start(t, c)
	rest, answered := slowUpload(t, r)
	_ = rest.CloseWithError(io.ErrUnexpectedEOF)
	<-answered
	until(t, "the bytes to be gone", func() bool { return files(t, c.MediaDir()) == 0 })
}

func files(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return nil // a file may vanish meanwhile
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCollect: media that were never sent go after a day, those whose message is gone at once; what is shown stays.
func TestCollect(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		r := start(t, c)
		service := "/chat/v2/Services/" + r.cred.ChatServiceSID
		ch := r.call(201, "POST", service+"/Channels", url.Values{})["sid"].(string)
		send := func() string {
			sid := r.upload("image/png", strings.NewReader("x"), "").json(t)["sid"].(string)
			return r.call(201, "POST", service+"/Channels/"+ch+"/Messages", url.Values{"MediaSid": {sid}})["sid"].(string)
		}
		send()
		removed := send()
		r.call(204, "DELETE", service+"/Channels/"+ch+"/Messages/"+removed, nil)
		r.upload("image/png", strings.NewReader("never sent"), "")
		collect := func(at time.Time, left int) {
			t.Helper()
			ch, blobs := server.Parts(t, r.Server)
			if err := media.Collect(t.Context(), ch, blobs, at, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			if n := files(t, c.MediaDir()); n != left {
				t.Errorf("%d files are left, want %d", n, left)
			}
		}
		collect(time.Now(), 2)
		collect(time.Now().Add(25*time.Hour), 1)
	})
}
