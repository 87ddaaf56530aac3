package request

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

// streaming returns a streaming client of an HTTP/2 server that answers with handle.
func streaming(t *testing.T, timeout time.Duration, handle http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	c, err := NewStreaming(&rest.Config{Host: server.URL, Timeout: timeout, TLSClientConfig: rest.TLSClientConfig{Insecure: true}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOpen checks that an answer may take longer than the timeout, and that closing it ends the
// request.
func TestOpen(t *testing.T) {
	ended := make(chan struct{})
	c := streaming(t, 50*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for _, line := range []string{"a\n", "b\n"} {
			_, _ = io.WriteString(w, line)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(100 * time.Millisecond)
		}
		<-r.Context().Done()
	})
	body, err := c.Open(t.Context(), c.GetStream().AbsPath("/x"), true)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(body)
	for _, want := range []string{"a", "b"} {
		if !lines.Scan() || lines.Text() != want {
			t.Errorf("got %q, want %q: %v", lines.Text(), want, lines.Err())
		}
	}
	_ = body.Close()
	<-ended
}

// TestOpenWithoutAnswer checks how long a client waits for the beginning of an answer.
func TestOpenWithoutAnswer(t *testing.T) {
	c := streaming(t, 50*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if _, err := c.Open(t.Context(), c.GetStream().AbsPath("/x"), true); !TimedOut(err) {
		t.Errorf("got %v", err)
	}
	ctx, interrupt := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, context.Canceled)
	defer interrupt()
	began := time.Now()
	if _, err := c.Open(ctx, c.GetStream().AbsPath("/x"), false); err == nil || time.Since(began) < 200*time.Millisecond {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}

// TestOpenRefused checks that errors are those of Do, and that no redirect is followed.
func TestOpenRefused(t *testing.T) {
	c := streaming(t, 0, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			w.Header().Set("Location", "https://other.example.com/x")
			w.WriteHeader(http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":403,"reason":"Forbidden","message":"no"}`)
	})
	if _, err := c.Open(t.Context(), c.GetStream().AbsPath("/x"), true); !apierrors.IsForbidden(err) {
		t.Errorf("got %v", err)
	}
	if _, err := c.Open(t.Context(), c.GetStream().AbsPath("/moved"), true); err == nil || !strings.Contains(err.Error(), "which is not followed") {
		t.Errorf("got %v", err)
	}
}

// TestOpenWindow checks that a reader that has stopped stops the server.
func TestOpenWindow(t *testing.T) {
	sent := make(chan int, 1000)
	c := streaming(t, 0, func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 16<<10)
		for i := 0; i < 1000; i++ {
			if _, err := w.Write(piece); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			sent <- i
		}
	})
	body, err := c.Open(t.Context(), c.GetStream().AbsPath("/x"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	time.Sleep(500 * time.Millisecond)
	if n := len(sent) * 16 << 10; n > 4*streamWindow {
		t.Errorf("%d KiB were sent to a reader that has stopped", n>>10)
	}
}
