package request

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

// TestValues checks that a stream is split into its values, and what else it may have.
func TestValues(t *testing.T) {
	for _, test := range []struct {
		stream, want, err string
	}{
		{"", "", ""},
		{"{\"a\":1}\n{\"a\":2}\n", `{"a":1} {"a":2}`, ""},
		{`{"a":1}{"a":2}`, `{"a":1} {"a":2}`, ""},
		{`{"a":1}{"a":`, `{"a":1}`, "the answer ends within a value"},
		{`{"a":1}<html>`, `{"a":1}`, "the answer is not JSON: invalid character '<'"},
		{"\"\xff\"", "", "the answer is not UTF-8"},
		{`"` + strings.Repeat("x", 40) + `"`, "", "larger than the limit"},
		{strings.Repeat(" ", 2000), "", "larger than the limit"},
		{strings.Repeat(`"xxxxxxxxxx"`, 100), strings.TrimSuffix(strings.Repeat(`"xxxxxxxxxx" `, 100), " "), ""},
	} {
		for _, slow := range []bool{false, true} {
			stream := io.Reader(strings.NewReader(test.stream))
			if slow {
				stream = iotest.OneByteReader(stream)
			}
			var got []string
			err := Values(stream, 32, func(value []byte) error { got = append(got, string(value)); return nil })
			if strings.Join(got, " ") != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%.40q: %q, %v", test.stream, got, err)
			}
		}
	}
}

// FuzzValues checks that no stream makes it panic, and that no value is larger than the limit.
func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"type":"ADDED","object":{}}`), 10)
	f.Add([]byte("[[[[\n{}{}"), 3)
	f.Fuzz(func(t *testing.T, stream []byte, limit int) {
		limit = max(1, limit%1000)
		_ = Values(strings.NewReader(string(stream)), int64(limit), func(value []byte) error {
			if len(value) > limit || len(value) == 0 {
				t.Errorf("%d bytes", len(value))
			}
			return nil
		})
	})
}

// streamFrom streams from a server that answers with handle.
func streamFrom(t *testing.T, ctx context.Context, timeout time.Duration, handle http.HandlerFunc) (string, error) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	client, err := New(&rest.Config{Host: server.URL, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	err = client.Stream(ctx, client.GetStream().AbsPath("/x"), func(body io.Reader) error {
		_, err := io.Copy(&text, io.LimitReader(body, 1<<10))
		return err
	})
	return text.String(), err
}

// TestStream checks that a stream may last longer than the time limit, and that its beginning may
// not.
func TestStream(t *testing.T) {
	flush := func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
	text, err := streamFrom(t, t.Context(), 200*time.Millisecond, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a")
		flush(w)
		time.Sleep(400 * time.Millisecond)
		_, _ = io.WriteString(w, "b")
	})
	if text != "ab" || err != nil {
		t.Errorf("slow: %q, %v", text, err)
	}
	_, err = streamFrom(t, t.Context(), 50*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if !TimedOut(err) {
		t.Errorf("no answer: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = streamFrom(t, ctx, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		flush(w)
		cancel()
		<-r.Context().Done()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	var answer AnswerError
	text, err = streamFrom(t, t.Context(), time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a")
		flush(w)
		panic(http.ErrAbortHandler)
	})
	if text != "a" || !errors.As(err, &answer) || !answer.Passing {
		t.Errorf("broken: %q, %v", text, err)
	}
	_, err = streamFrom(t, t.Context(), time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		http.Redirect(w, &http.Request{}, "http://192.0.2.1/", http.StatusFound)
	})
	if err == nil || !strings.Contains(err.Error(), "a redirect to http://192.0.2.1") {
		t.Errorf("redirect: %v", err)
	}
	_, err = streamFrom(t, t.Context(), time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusGone)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}`)
	})
	if !apierrors.IsResourceExpired(err) {
		t.Errorf("expired: %v", err)
	}
	_, err = streamFrom(t, t.Context(), time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < 100; i++ {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<20)); err != nil {
				return
			}
		}
	})
	if err != nil {
		t.Errorf("one that is not read to its end: %v", err)
	}
}
