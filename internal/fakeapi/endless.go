package fakeapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Endless answers with a list of the requested kind that never ends, until the client
// disconnects.
func Endless() Fault { return endless("", func(w io.Writer) io.Writer { return w }) }

// GzipBomb answers as Endless does, compressed: a few bytes expand to a megabyte.
func GzipBomb() Fault {
	return endless("gzip", func(w io.Writer) io.Writer {
		compressed, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // a valid compression level
		return compressed
	})
}

func endless(encoding string, encode func(io.Writer) io.Writer) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			var list struct{ Kind, APIVersion string }
			_ = json.Unmarshal(answer.Body.Bytes(), &list) // also of discovery as text
			w.Header().Set("Content-Type", "application/json")
			if encoding != "" {
				w.Header().Set("Content-Encoding", encoding)
			}
			out := encode(w)
			_, _ = fmt.Fprintf(out, `{"kind":%q,"apiVersion":%q,"metadata":{},"items":[`, list.Kind, list.APIVersion)
			object := `{"metadata":{"name":"x","namespace":"d"},"spec":{"a":"` + strings.Repeat("z", 1000) + `"}},`
			for megabyte := []byte(strings.Repeat(object, 1000)); ; {
				if _, err := out.Write(megabyte); err != nil || r.Context().Err() != nil {
					return
				}
			}
		})
	}
}

// EndlessHeaders sends headers until the client disconnects.
func EndlessHeaders() Fault {
	return raw(func(w io.Writer) {
		_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n")
		for lines := []byte(strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 100)); ; {
			if _, err := w.Write(lines); err != nil {
				return
			}
		}
	})
}

// Reset resets the connection instead of answering.
func Reset() Fault { return raw(func(io.Writer) {}) }

// raw writes to the connection itself, and then closes it.
func raw(send func(io.Writer)) Fault {
	return answerWith(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = conn.Close() }()
		send(conn)
	})
}

// Drip sends a space at each interval, which keeps the connection alive, until the client
// disconnects.
func Drip(interval time.Duration) Fault {
	return answerWith(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		wait.UntilWithContext(r.Context(), func(context.Context) {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		}, interval)
	})
}

// Deep answers with deeply nested arrays.
func Deep(depth int) Fault {
	return JSON(`{"kind":"List","apiVersion":"v1","items":[{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}]}`)
}

// Redirect redirects to the same path at another server.
func Redirect(code int, server string) Fault {
	return answerWith(func(w http.ResponseWriter, r *http.Request) {
		at := url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", server+at.String())
		w.WriteHeader(code)
	})
}

// RedirectLoop redirects to the same path at the same server.
func RedirectLoop() Fault { return Redirect(http.StatusFound, "") }

// Pages makes lists endless: each page has the server's objects under new names, with the given
// number of small fields added, and refers to another page. tokens limits the number of
// different continue tokens, which then repeat.
func Pages(padding, tokens int) Fault {
	more := json.RawMessage("[" + strings.Repeat(`{"a":1},`, padding) + "{}]")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			page := 0
			_, _ = fmt.Sscan(query.Get("continue"), &page) // page 0 has no token
			query.Del("continue")
			r.URL.RawQuery = query.Encode()
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			var list map[string]any
			if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil || list["items"] == nil {
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
				return
			}
			for _, item := range list["items"].([]any) {
				object := item.(map[string]any)
				metadata := object["metadata"].(map[string]any)
				metadata["name"] = fmt.Sprintf("%s-%d", metadata["name"], page)
				if padding > 0 {
					object["padding"] = more
				}
			}
			if page++; tokens > 0 {
				page = (page-1)%tokens + 1
			}
			list["metadata"] = map[string]any{"continue": fmt.Sprint(page)}
			write(w, list)
		})
	}
}

// Objects answers a list with the given items, as JSON.
func Objects(items ...string) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			var list map[string]json.RawMessage
			if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil {
				panic(http.ErrAbortHandler)
			}
			list["items"] = json.RawMessage("[" + strings.Join(items, ",") + "]")
			body, err := json.Marshal(list)
			if err != nil { // the test may pass invalid JSON
				head, _, _ := bytes.Cut(answer.Body.Bytes(), []byte(`"items":`))
				body = append(append(head, `"items":`...), list["items"]...)
				body = append(body, `,"metadata":{}}`...)
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(body)
		})
	}
}

// On applies the fault to requests with the method.
func On(method string, fault Fault) Fault {
	return func(next http.Handler) http.Handler {
		faulty := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == method {
				faulty.ServeHTTP(w, r)
			} else {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// Lose performs the request, and closes the connection instead of answering.
func Lose() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	}
}

// Ignore answers a change with the unchanged object.
func Ignore() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			look := r.Clone(r.Context())
			look.Method = http.MethodGet
			next.ServeHTTP(w, look)
		})
	}
}
