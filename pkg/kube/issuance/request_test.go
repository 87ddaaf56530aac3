package issuance

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const approved = "Approved=True cert-manager.io: by itself"

var issued = object(conditions(signed, approved, "Ready=True Issued: done"))

// TestRequest covers the answers of the API server until the certificate is issued.
func TestRequest(t *testing.T) {
	pending := object(`{}`)
	for _, c := range []struct {
		about string
		api   *apiServer
		want  string // of the error, empty for a certificate
		gets  int
		check func(error) bool
	}{
		{about: "signed at once", api: &apiServer{get: []answer{issued}}, gets: 1},
		{about: "signed a little later", api: &apiServer{get: []answer{pending, pending, issued}}, gets: 3},

		{about: "one internal error", api: &apiServer{get: []answer{failure(500, "InternalError", ""), issued}}, gets: 2},
		{about: "too many requests", api: &apiServer{get: []answer{failure(429, "TooManyRequests", ""), issued}}, gets: 2},
		{about: "unavailable, again and again", api: &apiServer{get: []answer{failure(503, "ServiceUnavailable", ""), failure(503, "ServiceUnavailable", ""), pending, failure(504, "Timeout", ""), issued}}, gets: 5},
		{about: "a token that is renewed", api: &apiServer{get: []answer{failure(401, "Unauthorized", ""), issued}}, gets: 2},
		{about: "a gateway's page", api: &apiServer{get: []answer{text(502, "<html>Bad Gateway</html>"), issued}}, gets: 2},
		{about: "something that is no JSON", api: &apiServer{get: []answer{text(200, "It works!"), issued}}, gets: 2},
		{about: "half an answer", api: &apiServer{get: []answer{half, issued}}, gets: 2},
		{about: "conditions of another form", api: &apiServer{get: []answer{object(`{"conditions":"none"}`), issued}}, gets: 2},

		{about: "may not look", api: &apiServer{get: []answer{pending, failure(403, "Forbidden", "bhs-1")}}, want: "getting CertificateRequest bhs-orthweb/bhs-", gets: 2, check: apierrors.IsForbidden},
		{about: "somebody deleted it", api: &apiServer{get: []answer{pending, failure(404, "NotFound", "bhs-1")}}, want: "getting CertificateRequest", gets: 2,
			check: func(err error) bool { return apierrors.IsNotFound(err) && !errors.Is(err, ErrNotServed) }},
		{about: "cert-manager is removed", api: &apiServer{get: []answer{failure(404, "NotFound", "")}}, want: "does not serve", gets: 1,
			check: func(err error) bool { return errors.Is(err, ErrNotServed) }},
		{about: "not acceptable", api: &apiServer{get: []answer{failure(406, "NotAcceptable", "")}}, want: "says NotAcceptable", gets: 1},
		{about: "denied", api: &apiServer{get: []answer{pending, object(conditions("", "Denied=True policy: not you"))}}, want: "was denied: not you (policy)", gets: 2,
			check: func(err error) bool { var denied *DeniedError; return errors.As(err, &denied) }},
		{about: "invalid", api: &apiServer{get: []answer{object(conditions("", "InvalidRequest=True Malformed: bad usages"))}}, want: "failed: bad usages (Malformed)", gets: 1,
			check: func(err error) bool { var failed *FailedError; return errors.As(err, &failed) }},
		{about: "failed", api: &apiServer{get: []answer{object(conditions("", approved, "Ready=False Failed: no key"))}}, want: "failed: no key (Failed)", gets: 1},

		{about: "may not create", api: &apiServer{create: []answer{failure(403, "Forbidden", "")}}, want: "creating a CertificateRequest in bhs-orthweb: ", check: apierrors.IsForbidden},
		{about: "cert-manager is not installed", api: &apiServer{create: []answer{failure(404, "NotFound", "")}}, want: "does not serve",
			check: func(err error) bool { return errors.Is(err, ErrNotServed) }},
		{about: "a webhook refuses it", api: &apiServer{create: []answer{failure(400, "BadRequest", "")}}, want: "says BadRequest"},
		{about: "creating fails", api: &apiServer{create: []answer{failure(500, "InternalError", "")}}, want: "says InternalError"},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			client := c.api.start(t)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got, err := client.Request(ctx, order(), func(string) {})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if c.check != nil && !c.check(err) {
				t.Errorf("%#v is another kind of error", err)
			}
			if err == nil && (string(got.Certificate) != "leaf" || string(got.CA) != "ca" || !strings.HasPrefix(got.Name, "bhs-")) {
				t.Errorf("%+v", got)
			}
			if n := c.api.requested("get"); n != c.gets {
				t.Errorf("looked %d times, want %d", n, c.gets)
			}
			if left := c.api.left(); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestCreateConflict checks that another name is used if the name exists, and that an object of
// another client is not deleted.
func TestCreateConflict(t *testing.T) {
	var taken []string
	api := &apiServer{get: []answer{issued}}
	conflict := func(w http.ResponseWriter, r *http.Request) {
		api.store(&discard{}, r)
		taken = api.left()
		failure(409, "AlreadyExists", "bhs-1")(w, r)
	}
	api.create = []answer{conflict, api.store}
	if _, err := api.start(t).Request(t.Context(), order(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if left := api.left(); len(taken) != 1 || !slices.Equal(left, taken) {
		t.Errorf("left are %v, and %v was there before", left, taken)
	}
	if n := api.requested("create"); n != 2 {
		t.Errorf("created %d times", n)
	}
}

// TestCreateConflictForever checks that the attempts end.
func TestCreateConflictForever(t *testing.T) {
	api := &apiServer{create: []answer{failure(409, "AlreadyExists", "bhs-1")}}
	_, err := api.start(t).Request(t.Context(), order(), func(string) {})
	if !apierrors.IsAlreadyExists(err) {
		t.Errorf("%v", err)
	}
	if n := api.requested("delete"); n != 0 {
		t.Errorf("deleted %d times what another has created", n)
	}
}

// discard is an answer that does not reach the client.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}

func (*discard) Write(p []byte) (int, error) { return len(p), nil }

func (*discard) WriteHeader(int) {}

// TestLostAnswerOfCreate checks that the created object is deleted, although the answer was
// lost.
func TestLostAnswerOfCreate(t *testing.T) {
	for _, c := range []struct {
		about string
		lose  answer
	}{
		{"a connection that is reset", reset},
		{"a time-out", failure(504, "Timeout", "")},
		{"an answer that is no JSON", text(201, "created")},
	} {
		t.Run(c.about, func(t *testing.T) {
			api := &apiServer{}
			api.create = []answer{func(w http.ResponseWriter, r *http.Request) {
				api.store(&discard{}, r)
				c.lose(w, r)
			}}
			_, err := api.start(t).Request(t.Context(), order(), func(string) {})
			if err == nil || !strings.Contains(err.Error(), "creating a CertificateRequest in bhs-orthweb") {
				t.Errorf("%v", err)
			}
			if left := api.left(); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestConnectionReset checks that a connection reset does not end the wait.
func TestConnectionReset(t *testing.T) {
	api := &apiServer{get: []answer{reset, reset, issued}}
	got, err := api.start(t).Request(t.Context(), order(), func(string) {})
	if err != nil || string(got.Certificate) != "leaf" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestNeverSigned checks that the error at the deadline contains what the client waited for,
// and why it could not read it.
func TestNeverSigned(t *testing.T) {
	for _, c := range []struct {
		about string
		get   []answer
		want  string
	}{
		{"nobody approves", []answer{object(`{}`)}, "was not signed in time: waiting for approval"},
		{"the issuer waits", []answer{object(conditions("", approved, "Ready=False Pending: no such issuer"))}, "the issuer reports: no such issuer"},
		{"the API server is unavailable", []answer{object(conditions("", approved)), failure(503, "ServiceUnavailable", "")}, "says ServiceUnavailable"},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			api := &apiServer{get: c.get}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := api.start(t).Request(ctx, order(), func(string) {})
			var waiting *WaitingError
			if !errors.As(err, &waiting) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if left := api.left(); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestInterrupted checks that Ctrl-C ends the request within a second, at each point, and
// leaves no object.
func TestInterrupted(t *testing.T) {
	for _, c := range []struct {
		about string
		at    func(api *apiServer, interrupt func())
	}{
		{"while it is created", func(api *apiServer, interrupt func()) {
			api.create = []answer{func(w http.ResponseWriter, r *http.Request) {
				api.store(&discard{}, r)
				interrupt()
				hang(w, r)
			}}
		}},
		{"while it looks", func(api *apiServer, interrupt func()) {
			api.get = []answer{then(interrupt, hang)}
		}},
		{"while it waits", func(api *apiServer, interrupt func()) {
			api.get = []answer{object(`{}`), object(`{}`), then(interrupt, object(`{}`))}
		}},
		{"while the API server is unavailable", func(api *apiServer, interrupt func()) {
			api.get = []answer{failure(503, "ServiceUnavailable", ""), then(interrupt, failure(503, "ServiceUnavailable", ""))}
		}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var at time.Time
			api := &apiServer{}
			c.at(api, func() {
				at = time.Now()
				cancel()
			})
			_, err := api.start(t).Request(ctx, order(), func(string) {})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			if took := time.Since(at); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			if left := api.left(); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestDelete checks that deletion is retried, and that a failure is reported.
func TestDelete(t *testing.T) {
	for _, c := range []struct {
		about   string
		remove  []answer
		deletes int
		message string
	}{
		{about: "a transient error", remove: []answer{failure(500, "InternalError", ""), nil}, deletes: 2},
		{about: "gone already", remove: []answer{failure(404, "NotFound", "bhs-1")}, deletes: 1},
		{about: "may not delete", remove: []answer{failure(403, "Forbidden", "bhs-1")}, deletes: 1, message: "could not be deleted: the API server says Forbidden"},
	} {
		t.Run(c.about, func(t *testing.T) {
			api := &apiServer{get: []answer{issued}, remove: c.remove}
			for i, answered := range api.remove {
				if answered == nil {
					api.remove[i] = api.delete
				}
			}
			var message []string
			if _, err := api.start(t).Request(t.Context(), order(), func(text string) { message = append(message, text) }); err != nil {
				t.Fatal(err)
			}
			if n := api.requested("delete"); n != c.deletes {
				t.Errorf("deleted %d times, want %d", n, c.deletes)
			}
			if got := strings.Join(message, "\n"); !strings.Contains(got, c.message) || (c.message == "") != (got == "") {
				t.Errorf("said %q, want %q", got, c.message)
			}
		})
	}
}

// TestDeleteEnds checks that an object that can't be deleted in time is reported, even if no
// server answers.
func TestDeleteEnds(t *testing.T) {
	api := &apiServer{remove: []answer{hang}}
	ctx, cancel := context.WithCancel(t.Context())
	api.get = []answer{then(cancel, object(`{}`))}
	var message []string
	began := time.Now()
	_, err := api.start(t).Request(ctx, order(), func(text string) { message = append(message, text) })
	if !errors.Is(err, context.Canceled) || time.Since(began) > 10*time.Second {
		t.Errorf("%v, after %v", err, time.Since(began))
	}
	if got := strings.Join(message, "\n"); !strings.Contains(got, "could not be deleted") {
		t.Errorf("said %q", got)
	}
}

// TestKeep checks that the request is kept, and that it has the requested content.
func TestKeep(t *testing.T) {
	api := &apiServer{get: []answer{issued}}
	o := order()
	o.Keep, o.Duration = true, time.Hour
	got, err := api.start(t).Request(t.Context(), o, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if left := api.left(); len(left) != 1 || left[0] != got.Name || api.requested("delete") != 0 {
		t.Errorf("left are %v, the request is %q", left, got.Name)
	}
	spec, _ := api.posted["spec"].(map[string]any)
	if spec["duration"] != "1h0m0s" || spec["request"] != "cmVxdWVzdA==" {
		t.Errorf("sent %v", spec)
	}
}

// TestNewClientFails tests a config that can't be used.
func TestNewClientFails(t *testing.T) {
	config := unusable()
	if _, err := NewClient(config); err == nil || !strings.Contains(err.Error(), "cluster's address and credentials") {
		t.Errorf("%v", err)
	}
	if _, err := Secret(t.Context(), config, "bhs-orthweb", "web"); err == nil || !strings.Contains(err.Error(), "cluster's address and credentials") {
		t.Errorf("%v", err)
	}
}

// TestSecret reads one Secret; the error names a Secret that can't be read.
func TestSecret(t *testing.T) {
	config := secrets(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/bhs-orthweb/secrets/web" {
			failure(403, "Forbidden", "other")(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind":"Secret","apiVersion":"v1","metadata":{"namespace":"bhs-orthweb","name":"web"},"data":{"password":"czNjcmV0"}}`)
	})
	secret, err := Secret(t.Context(), config, "bhs-orthweb", "web")
	if err != nil || string(secret.Data["password"]) != "s3cret" {
		t.Errorf("%v, %v", secret, err)
	}
	_, err = Secret(t.Context(), config, "bhs-orthweb", "other")
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "reading Secret bhs-orthweb/other: ") {
		t.Errorf("%v", err)
	}
}
