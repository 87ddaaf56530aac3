package fakeapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Fault answers instead of the server, or changes its answer: next is the server.
type Fault func(next http.Handler) http.Handler

type faultAt struct {
	path  *regexp.Regexp
	fault Fault
}

// Fail applies the fault to requests for paths that match the regular expression. If several
// match, the last one added applies.
func (s *Server) Fail(path string, fault Fault) {
	s.set(func() { s.faults = append(s.faults, faultAt{regexp.MustCompile(path), fault}) })
}

// Recover ends all faults.
func (s *Server) Recover() {
	s.set(func() { s.faults = nil })
}

// handlerOf returns the handler of a request. The caller holds the lock.
func (s *Server) handlerOf(r *http.Request) http.Handler {
	var handler http.Handler = http.HandlerFunc(s.answer)
	for i := len(s.faults) - 1; i >= 0; i-- {
		if s.faults[i].path.MatchString(r.URL.Path) {
			return s.faults[i].fault(handler)
		}
	}
	return handler
}

// First applies the fault to the first requests only.
func First(count int, fault Fault) Fault {
	var seen atomic.Int64
	return func(next http.Handler) http.Handler {
		if seen.Add(1) <= int64(count) {
			return fault(next)
		}
		return next
	}
}

// After applies the fault to all but the first requests.
func After(count int, fault Fault) Fault {
	var seen atomic.Int64
	return func(next http.Handler) http.Handler {
		if seen.Add(1) > int64(count) {
			return fault(next)
		}
		return next
	}
}

// Body answers with a status code and the given body.
func Body(code int, contentType, body string) Fault {
	return answerWith(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}

// JSON answers with status 200 and the given body.
func JSON(body string) Fault { return Body(http.StatusOK, "application/json", body) }

// Status answers with a Status, as the API server does for an error.
func Status(code int, reason metav1.StatusReason, message string) Fault {
	return answerWith(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
		}})
	})
}

// TooMany answers 429 with a Retry-After of the given seconds.
func TooMany(seconds int) Fault {
	return answerWith(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		refuse(w, apierrors.NewTooManyRequestsError("the server has received too many requests and has asked us to try again later"))
	})
}

// Expire answers 410 Gone to each request that has a continue token.
func Expire() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("continue") == "" {
				next.ServeHTTP(w, r)
				return
			}
			refuse(w, apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result."))
		})
	}
}

// Hang never answers: the request ends when the client or the server does.
func Hang() Fault { return Hold(nil) }

// Hold answers when the channel is closed.
func Hold(release <-chan struct{}) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				panic(http.ErrAbortHandler) // net/http closes the connection
			}
		})
	}
}

// Truncate sends only the first bytes of the answer, as if they were the complete answer.
func Truncate(bytes int) Fault {
	return cut(func(w http.ResponseWriter, body []byte) {
		w.Header().Set("Content-Length", strconv.Itoa(min(bytes, len(body))))
		_, _ = w.Write(body[:min(bytes, len(body))])
	})
}

// Disconnect closes the connection after the first bytes of the answer; with 0, before any
// answer.
func Disconnect(bytes int) Fault {
	return cut(func(w http.ResponseWriter, body []byte) {
		if bytes > 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body[:min(bytes, len(body)-1)])
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	})
}

// cut records the server's answer and sends it with the function.
func cut(send func(w http.ResponseWriter, body []byte)) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
			send(w, answer.Body.Bytes())
		})
	}
}

func answerWith(handle http.HandlerFunc) Fault {
	return func(http.Handler) http.Handler { return handle }
}
