package portforward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
)

const refused = "error forwarding port 8443 to pod istio-1: connect: connection refused"

func pod(name string) Port { return Port{Namespace: "bhs-orthweb", Pod: name, Number: 8443} }

func dial(t *testing.T, config *rest.Config, name string) net.Conn {
	t.Helper()
	conn, err := New(config).Dial(t.Context(), pod(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exchange sends a text and reads a text of the same length.
func exchange(conn net.Conn, text string) error {
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if string(got) != text {
		return fmt.Errorf("got %q, sent %q", got, text)
	}
	return nil
}

// bothProtocols runs a test over WebSockets and over SPDY alone.
func bothProtocols(t *testing.T, test func(t *testing.T, api *apiServer)) {
	for name, spdyOnly := range map[string]bool{"WebSocket": false, "SPDY": true} {
		t.Run(name, func(t *testing.T) { test(t, &apiServer{pod: echo, spdyOnly: spdyOnly}) })
	}
}

// TestDial sends more bytes in both directions than any buffer on the path can hold.
func TestDial(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		conn := dial(t, api.start(t), "istio-1")
		if err := exchange(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		sent := make(chan error, 1)
		text := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
		go func() {
			_, err := io.WriteString(conn, text)
			sent <- err
		}()
		got := make([]byte, len(text))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
			t.Errorf("what came back is not what was sent: %v", err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		if want := "/api/v1/namespaces/bhs-orthweb/pods/istio-1/portforward"; api.paths[0] != want {
			t.Errorf("requested %s", api.paths[0])
		}
		if got := conn.RemoteAddr().String(); got != "port 8443 of pod bhs-orthweb/istio-1" || conn.RemoteAddr().Network() == "" {
			t.Errorf("the remote address is %q", got)
		}
	})
}

// TestParallelConnections checks that each connection gets its own bytes.
func TestParallelConnections(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		dialer := New(api.start(t))
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				conn, err := dialer.Dial(t.Context(), pod(fmt.Sprintf("istio-%d", i)))
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = conn.Close() }()
				for j := range 20 {
					if err := exchange(conn, fmt.Sprintf("connection %d, message %d", i, j)); err != nil {
						t.Errorf("connection %d: %v", i, err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

// TestNormalEnd checks that the end of a pod's program is io.EOF, not an error.
func TestNormalEnd(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		api.pod = func(_ string, data io.ReadWriter) string {
			_, _ = io.WriteString(data, "bye")
			return ""
		}
		// io.ReadAll treats only io.EOF itself as the end, not an error that wraps it.
		if got, err := io.ReadAll(dial(t, api.start(t), "istio-1")); string(got) != "bye" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
	})
}

// TestErrorOfOneConnection checks that an error of a pod is an error of its own connection, not
// the end, and does not affect other connections.
func TestErrorOfOneConnection(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		api.pod = func(name string, data io.ReadWriter) string {
			switch name {
			case "broken":
				return refused
			case "ends":
				return ""
			}
			return echo(name, data)
		}
		dialer := New(api.start(t))
		conns := map[string]net.Conn{}
		for _, name := range []string{"before", "broken", "ends"} {
			conn, err := dialer.Dial(t.Context(), pod(name))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			conns[name] = conn
		}
		_, err := io.ReadAll(conns["broken"])
		if err == nil || !strings.Contains(err.Error(), refused) || !strings.Contains(err.Error(), "bhs-orthweb/broken") || errors.Is(err, io.EOF) {
			t.Errorf("the broken connection's error: %v", err)
		}
		if _, again := conns["broken"].Read(make([]byte, 1)); again == nil || again.Error() != err.Error() {
			t.Errorf("a second time it is %v", again)
		}
		if _, err := conns["broken"].Write([]byte("x")); err == nil || !strings.Contains(err.Error(), refused) {
			t.Errorf("writing: %v", err)
		}
		if err := exchange(conns["before"], "hello"); err != nil {
			t.Errorf("a connection from before: %v", err)
		}
		if _, err := io.ReadAll(conns["ends"]); err != nil {
			t.Errorf("a connection that ends: %v", err)
		}
		later, err := dialer.Dial(t.Context(), pod("ends"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = later.Close() }()
		if _, err := io.ReadAll(later); err != nil {
			t.Errorf("a later connection: %v", err)
		}
	})
}

// TestErrorWhileDataIsOpen checks that an error ends the connection, even if the data stream is
// still open.
func TestErrorWhileDataIsOpen(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	api := &apiServer{}
	api.pod = func(_ string, data io.ReadWriter) string { return refused }
	api.afterComplaint = func() { <-hold }
	_, err := io.ReadAll(dial(t, api.start(t), "istio-1"))
	if err == nil || !strings.Contains(err.Error(), refused) || errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

// TestDataBeforeAnError checks that data is read before the error is returned.
func TestDataBeforeAnError(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		api.pod = func(_ string, data io.ReadWriter) string {
			_, _ = io.WriteString(data, "the last words")
			return refused
		}
		got, err := io.ReadAll(dial(t, api.start(t), "istio-1"))
		if string(got) != "the last words" || err == nil || !strings.Contains(err.Error(), refused) {
			t.Errorf("read %q, %v", got, err)
		}
	})
}

// TestServerClosesDuringTransfer checks that a lost connection is an error, not the end.
func TestServerClosesDuringTransfer(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		conn := dial(t, api.start(t), "istio-1")
		if err := exchange(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		close(api.drop)
		_, err := io.ReadAll(conn)
		if err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "the API server closed the connection") {
			t.Errorf("reading: %v", err)
		}
		if _, err := conn.Write([]byte("x")); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("writing: %v", err)
		}
	})
}

// TestDialFails checks that an error of Dial contains what was attempted and why it failed.
func TestDialFails(t *testing.T) {
	status := func(code int, reason, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":%q}`, reason, code, message)
		}
	}
	closed := httptestClosed(t)
	for _, c := range []struct {
		about  string
		api    *apiServer
		config *rest.Config
		want   string
	}{
		{about: "forbidden", api: &apiServer{instead: status(403, "Forbidden", `pods "istio-1" is forbidden: cannot create resource "pods/portforward"`)}, want: `cannot create resource "pods/portforward"`},
		{about: "no such pod", api: &apiServer{instead: status(404, "NotFound", `pods "istio-1" not found`)}, want: "not found"},
		{about: "not an API server", api: &apiServer{instead: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "It works!") }}, want: "unable to upgrade connection"},
		{about: "the error stream is not accepted", api: &apiServer{rejects: "error"}, want: "creating the error stream"},
		{about: "the data stream is not accepted", api: &apiServer{rejects: "data"}, want: "creating the data stream"},
		{about: "the API server is down", config: &rest.Config{Host: closed}, want: "connection refused"},
		{about: "no address", config: &rest.Config{Host: "http://%"}, want: "forwarding port 8443 of pod bhs-orthweb/istio-1"},
		{about: "no CA", config: &rest.Config{Host: "https://127.0.0.1:1", TLSClientConfig: rest.TLSClientConfig{CAFile: "none.pem"}}, want: "none.pem"},
	} {
		t.Run(c.about, func(t *testing.T) {
			config := c.config
			if c.api != nil {
				config = c.api.start(t)
			}
			conn, err := New(config).Dial(t.Context(), pod("istio-1"))
			if err == nil {
				_ = conn.Close()
				t.Fatal("it connected")
			}
			if text := err.Error(); !strings.HasPrefix(text, "forwarding port 8443 of pod bhs-orthweb/istio-1: ") || !strings.Contains(text, c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if errors.Is(err, io.EOF) {
				t.Errorf("%v is an end", err)
			}
		})
	}
}

// httptestClosed returns the address of a closed server.
func httptestClosed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}

// TestCancelWhileDialing checks that Dial returns immediately, at any point of the request.
func TestCancelWhileDialing(t *testing.T) {
	reached, hold := make(chan struct{}, 4), make(chan struct{})
	silent := func(http.ResponseWriter, *http.Request) {
		reached <- struct{}{}
		<-hold
	}
	api := &apiServer{instead: silent}
	config := api.start(t)
	t.Cleanup(func() { close(hold) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := New(config).Dial(ctx, pod("istio-1"))
		ended <- err
	}()
	<-reached
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	case <-time.After(time.Second):
		t.Error("it goes on for a second after it was cancelled")
	}
}

// TestCancelledDialLeavesNothingOpen checks that a tunnel that opens after the cancellation is
// closed.
func TestCancelledDialLeavesNothingOpen(t *testing.T) {
	api := &apiServer{pod: echo}
	config := api.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	upgraded, cancelled := make(chan struct{}), make(chan struct{})
	api.beforeUpgrade = func() {
		close(upgraded)
		<-cancelled
	}
	ended := make(chan error, 1)
	go func() {
		_, err := New(config).Dial(ctx, pod("istio-1"))
		ended <- err
	}()
	<-upgraded
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(cancelled)
	closedSoon(t, api)
}

// closedSoon waits until the client has closed all connections.
func closedSoon(t *testing.T, api *apiServer) {
	t.Helper()
	all := make(chan struct{})
	go func() {
		api.open.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-time.After(10 * time.Second):
		t.Error("a tunnel is left open")
	}
}

// TestCancelAfterDialing checks that the context applies to Dial only, not to the connection.
func TestCancelAfterDialing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := New((&apiServer{pod: echo}).start(t)).Dial(ctx, pod("istio-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	cancel()
	if err := exchange(conn, "hello"); err != nil {
		t.Error(err)
	}
}

// TestClose checks that Close delivers the written data, ends the tunnel, and unblocks readers.
func TestClose(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		started, got := make(chan struct{}), make(chan string, 1)
		api.pod = func(_ string, data io.ReadWriter) string {
			close(started)
			all, _ := io.ReadAll(data)
			got <- string(all)
			return ""
		}
		conn := dial(t, api.start(t), "istio-1")
		reading := make(chan error, 1)
		go func() {
			_, err := conn.Read(make([]byte, 1))
			reading <- err
		}()
		<-started
		if _, err := io.WriteString(conn, "the last words"); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if text := <-got; text != "the last words" {
			t.Errorf("the pod got %q", text)
		}
		if err := <-reading; !errors.Is(err, net.ErrClosed) {
			t.Errorf("reading ends with %v", err)
		}
		if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing: %v", err)
		}
		if err := conn.Close(); err != nil {
			t.Errorf("closing once more: %v", err)
		}
		closedSoon(t, api)
	})
}

// TestDeadline checks that a passed deadline is reported as such, even after another error.
func TestDeadline(t *testing.T) {
	conn := dial(t, (&apiServer{pod: echo}).start(t), "istio-1")
	if err := conn.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := exchange(conn, "hello"); err != nil {
		t.Error(err)
	}
}

// TestLeavesErrorHandlersAlone checks that errors of other packages still reach their handlers.
func TestLeavesErrorHandlersAlone(t *testing.T) {
	before := reflect.ValueOf(utilruntime.ErrorHandlers).Pointer()
	_ = dial(t, (&apiServer{pod: echo}).start(t), "istio-1")
	if reflect.ValueOf(utilruntime.ErrorHandlers).Pointer() != before {
		t.Error("the error handlers of the program are replaced")
	}
}

// TestRedirect checks that the user's token does not follow a redirect of an upgrade.
func TestRedirect(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		requested := make(chan string, 8)
		other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { requested <- r.Method }))
		defer other.Close()
		api.instead = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
		}
		config := api.start(t)
		config.BearerToken = "s3cret"
		_, err := New(config).Dial(t.Context(), pod("istio-1"))
		if err == nil || !strings.Contains(err.Error(), "the answer is a redirect to "+other.URL) {
			t.Errorf("%v", err)
		}
		select {
		case method := <-requested:
			t.Errorf("the other host was sent a %s", method)
		default:
		}
	})
}

// TestEndlessRefusal checks that an endless error instead of an upgrade is not read completely.
func TestEndlessRefusal(t *testing.T) {
	bothProtocols(t, func(t *testing.T, api *apiServer) {
		api.instead = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			for piece := make([]byte, 1<<16); ; {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := New(api.start(t)).Dial(ctx, pod("istio-1")); err == nil || ctx.Err() != nil || len(err.Error()) > 500 {
			t.Errorf("%.300v", err)
		}
	})
}
