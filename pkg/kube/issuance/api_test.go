package issuance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// answer answers one request of a client.
type answer func(w http.ResponseWriter, r *http.Request)

// apiServer is an API server that stores CertificateRequests. Each verb's answers are used one
// after the other, the last one repeatedly; without any it behaves like an API server.
type apiServer struct {
	create, get, remove []answer

	mu sync.Mutex
	// seen are the verbs of the requests, in order; names are the existing objects.
	seen, names []string
	// posted is the last object that a client created.
	posted map[string]any
}

// start runs the API server until the test ends.
func (a *apiServer) start(t *testing.T) *Client {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	client, err := NewClient(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const collection = "/apis/cert-manager.io/v1/namespaces/bhs-orthweb/certificaterequests"

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, collection) {
		failure(http.StatusNotFound, "NotFound", "")(w, r)
		return
	}
	var next answer
	switch r.Method {
	case http.MethodPost:
		next = a.next("create", &a.create, a.store)
	case http.MethodGet:
		next = a.next("get", &a.get, object(`{}`))
	case http.MethodDelete:
		next = a.next("delete", &a.remove, a.delete)
	}
	next(w, r)
}

func (a *apiServer) next(verb string, of *[]answer, otherwise answer) answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, verb)
	if len(*of) == 0 {
		return otherwise
	}
	next := (*of)[0]
	if len(*of) > 1 {
		*of = (*of)[1:]
	}
	return next
}

// store creates the object of the request.
func (a *apiServer) store(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.posted = nil
	_ = json.NewDecoder(r.Body).Decode(&a.posted)
	metadata, _ := a.posted["metadata"].(map[string]any)
	if name, _ := metadata["name"].(string); name == "" {
		metadata["name"] = fmt.Sprint(metadata["generateName"], len(a.names))
	}
	a.names = append(a.names, metadata["name"].(string))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(a.posted)
}

func (a *apiServer) delete(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	name := strings.TrimPrefix(r.URL.Path, collection+"/")
	at := slices.Index(a.names, name)
	if at >= 0 {
		a.names = slices.Delete(a.names, at, at+1)
	}
	a.mu.Unlock()
	if at < 0 {
		failure(http.StatusNotFound, "NotFound", name)(w, r)
		return
	}
	object(`{}`)(w, r)
}

func (a *apiServer) requested(verb string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, s := range a.seen {
		if s == verb {
			n++
		}
	}
	return n
}

func (a *apiServer) left() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.names)
}

// object answers a CertificateRequest with this status.
func object(status string) answer {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		fmt.Fprintf(w, `{"apiVersion":"cert-manager.io/v1","kind":"CertificateRequest","metadata":{"namespace":"bhs-orthweb","name":%q},"status":%s}`, name, status)
	}
}

// conditions is a status with conditions "Type=Status Reason: message".
func conditions(certificate string, of ...string) string {
	status, _ := json.Marshal(newRequest(certificate, of...).Object["status"])
	return string(status)
}

// failure answers with an error of the API server; about names the object.
func failure(code int, reason, about string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d,"message":"the API server says %s","details":{"name":%q}}`, reason, code, reason, about)
	}
}

// text answers with text that is not an object.
func text(code int, body string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// reset resets the connection instead of answering.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// half answers with the beginning of an object.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"apiVersion":"cert-manager.io/v1","kind":"Certif`)
}

// hang never answers, until the client disconnects; the server detects that when it has read
// the request.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// then calls a function, and then answers.
func then(first func(), next answer) answer {
	return func(w http.ResponseWriter, r *http.Request) {
		first()
		next(w, r)
	}
}

func order() Order {
	return Order{
		Namespace: "bhs-orthweb", Prefix: "bhs-", Issuer: cmmeta.IssuerReference{Name: "bhs-ca", Kind: "Issuer"},
		Request: []byte("request"), Usages: []string{"client auth"},
	}
}

// unusable is a config that names a missing file.
func unusable() *rest.Config {
	return &rest.Config{Host: "https://127.0.0.1:1", TLSClientConfig: rest.TLSClientConfig{CAFile: "none.pem"}}
}

// secrets returns a config for an API server that gives this answer.
func secrets(t *testing.T, serve http.HandlerFunc) *rest.Config {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return &rest.Config{Host: server.URL}
}
