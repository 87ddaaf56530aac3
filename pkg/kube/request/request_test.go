package request

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// client returns a client of a server that answers with handle.
func client(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	c, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *Client) length(ctx context.Context, limit int64) (int, error) {
	length := 0
	err := c.Do(ctx, c.Get().AbsPath("/x"), limit, func(body []byte) error {
		length = len(body)
		return nil
	})
	return length, err
}

// TestDefaultTransport checks that a client without TLS bounds headers, and does not change net/http's
// default transport, which others may be using.
func TestDefaultTransport(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Large", strings.Repeat("x", maxHeaders))
	})
	if _, err := c.length(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "headers") {
		t.Errorf("large headers: %v", err)
	}
	if _, err := New(&rest.Config{Host: "http://127.0.0.1:1", WrapTransport: func(rt http.RoundTripper) http.RoundTripper { return guard{next: rt} }}); err != nil {
		t.Fatal(err)
	}
	if limit := http.DefaultTransport.(*http.Transport).MaxResponseHeaderBytes; limit != 0 {
		t.Errorf("the default transport is limited to headers of %d bytes", limit)
	}
}

// TestLimit checks that the limit is exact to the byte.
func TestLimit(t *testing.T) {
	for _, size := range []int{0, 1, pieceSize - 1, pieceSize, pieceSize + 1, MaxObject} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) })
		if got, err := c.length(t.Context(), int64(size)); got != size || err != nil {
			t.Errorf("%d bytes of %d: %v", got, size, err)
		}
		var answer AnswerError
		if _, err := c.length(t.Context(), int64(size)-1); !errors.As(err, &answer) || answer.Passing || !strings.Contains(err.Error(), "the answer is larger than the limit of") {
			t.Errorf("%d bytes, one too many: %v", size, err)
		}
	}
}

// TestManyLargeAnswers checks that answers that together exceed their shared memory are read,
// one after the other if necessary, and that the memory is released.
func TestManyLargeAnswers(t *testing.T) {
	const size = 8 << 20
	c := client(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) })
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if got, err := c.length(t.Context(), MaxList); got != size || err != nil {
				t.Errorf("%d bytes: %v", got, err)
			}
		})
	}
	all.Wait()
	if len(free) != pieces || len(alone) != 1 {
		t.Errorf("%d of %d pieces are free, and %d", len(free), pieces, len(alone))
	}
}

// TestInterrupted checks that an interrupt ends an endless answer, even if others hold the
// memory.
func TestInterrupted(t *testing.T) {
	begun := make(chan struct{}, 64)
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		piece := make([]byte, 1<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan error, 40)
	for range cap(done) {
		go func() {
			_, err := c.length(ctx, 1<<40)
			done <- err
		}()
	}
	<-begun
	interrupt()
	late := time.After(time.Second)
	for range cap(done) {
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		case <-late:
			t.Fatal("still at it a second later")
		}
	}
	if len(free) != pieces || len(alone) != 1 {
		t.Errorf("%d of %d pieces are free, and %d", len(free), pieces, len(alone))
	}
}

// TestPages checks that the error contains the title of an HTML page, in one line of text.
func TestPages(t *testing.T) {
	for body, want := range map[string]string{
		"<html></html>": "the answer is an HTML page, not JSON",
		"<TITLE id=x>\n Log &amp; in\t\x1b[31m </TITLE>": `the answer is an HTML page with the title "Log & in �[31m", not JSON: the page of a proxy or of a login`,
		"<title> \n </title>":                            "the answer is an HTML page, not JSON",
		"<title>" + strings.Repeat("x", 1000):            "the answer is an HTML page, not JSON",
	} {
		for _, code := range []int{200, 401, 403, 503} {
			c := client(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(code)
				_, _ = w.Write([]byte(body))
			})
			err := c.Do(t.Context(), c.Get().AbsPath("/x"), MaxObject, func(body []byte) error { return Unmarshal(body, &struct{}{}, "Pod") })
			full := want
			if code != 200 {
				full = fmt.Sprintf("HTTP status %d: %s", code, want)
			}
			if err == nil || err.Error() != full {
				t.Errorf("%d %q: %v, want %q", code, body, err, full)
			}
		}
	}
}
