package collect

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func TestDiscovers(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		api := fakeapi.New(t, newObject(t, "example.org/v2", "Way", "x", "w", ""))
		api.Serve(fakeapi.Kind{GroupVersionKind: schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Way"}, Resource: "ways", Namespaced: true},
			fakeapi.Kind{GroupVersionKind: schema.GroupVersionKind{Group: "example.org", Version: "v1", Kind: "Old"}, Resource: "olds"})
		api.Unserve("networking.istio.io")
		if legacy {
			api.UseLegacyDiscovery()
		}
		way, old := schema.GroupKind{Group: "example.org", Kind: "Way"}, schema.GroupKind{Group: "example.org", Kind: "Old"}
		snap := read(t, api, Queries(way, old, gateway)...)
		if names(snap, way) != "w" || api.Count("^/apis/example.org/v2/ways$") != 1 || api.Count("^/apis/example.org/v1/olds$") != 1 {
			t.Errorf("legacy %t: not the preferred version: %v", legacy, api.Requests())
		}
		if got := failure(t, snap, gateway); got.Reason != snapshot.NotServed || got.Resource != "Gateway.networking.istio.io" {
			t.Errorf("legacy %t: %+v", legacy, got)
		}
		if n := len(api.Requests()); !legacy && n != 4 {
			t.Errorf("%d requests, want two to discover and one a kind", n)
		}
	}
}

// TestDiscoversInPart checks that only a group whose own server fails is unknown.
func TestDiscoversInPart(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		api := fakeapi.New(t)
		api.FailDiscovery(gateway.Group)
		if legacy {
			api.UseLegacyDiscovery()
		}
		snap := read(t, api, Queries(gateway, layer)...)
		if got := failure(t, snap, gateway); got.Reason != snapshot.Failed || got.Message == "" {
			t.Errorf("legacy %t: %+v", legacy, got)
		}
		if presence(snap, layer) != snapshot.Absent {
			t.Errorf("legacy %t: the other groups are not known", legacy)
		}
	}
}

// TestMalformedGroup checks that a group is unknown if the answer about it is malformed.
func TestMalformedGroup(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{"<html>", "the answer is an HTML page, not JSON"},
		{"null", "the answer is null, not an APIResourceList"},
		{`{"kind":"Status","apiVersion":"v1","message":"nope"}`, "the answer is a Status, not an APIResourceList: nope"},
	} {
		api := fakeapi.New(t)
		api.UseLegacyDiscovery()
		api.Fail("^/apis/networking.istio.io/v1$", fakeapi.JSON(test.body))
		snap := read(t, api, Queries(gateway, layer)...)
		if got := failure(t, snap, gateway); got.Reason != snapshot.Failed || got.Message != test.want {
			t.Errorf("%s: %+v", test.body, got)
		}
		if presence(snap, layer) != snapshot.Absent {
			t.Errorf("%s: the other groups are not known", test.body)
		}
	}
}

// TestNoCoreGroup checks that the other groups of a server without a core group are read.
func TestNoCoreGroup(t *testing.T) {
	api := fakeapi.New(t)
	api.Fail("^/api$", fakeapi.Body(http.StatusNotFound, "text/plain", "404 page not found\n"))
	snap := read(t, api, Queries(layer, pod)...)
	if presence(snap, layer) != snapshot.Absent || failure(t, snap, pod).Reason != snapshot.NotServed {
		t.Errorf("%+v", snap.Requests())
	}
}

// TestOpenFails checks that an answer that is not a discovery answer is an error that quotes
// the answer.
func TestOpenFails(t *testing.T) {
	for _, test := range []struct {
		name, path string
		fault      fakeapi.Fault
		want       string
	}{
		{"a login page", "^/api$", fakeapi.Body(http.StatusOK, "text/html", "<html>"), "discovering its API: the answer is an HTML page, not JSON"},
		{"a login page with 403", "^/api$", fakeapi.Body(http.StatusForbidden, "text/html", "<html>"), "discovering its API: HTTP status 403: the answer is an HTML page, not JSON"},
		{"a page with 404", "^/api$", fakeapi.Body(http.StatusNotFound, "text/html", "<html>"), "discovering its API: HTTP status 404: the answer is an HTML page, not JSON"},
		{"null", "^/apis$", fakeapi.JSON("null"), "discovering its API: the answer is null, not an APIGroupList"},
		{"no kind", "^/apis$", fakeapi.JSON("{}"), "discovering its API: the answer is an object without a kind, not an APIGroupList"},
		{"a Status", "^/api$", fakeapi.JSON(`{"kind":"Status","message":"nope"}`), "discovering its API: the answer is a Status, not an APIVersions: nope"},
		{"half", "^/apis$", fakeapi.Truncate(100), "discovering its API: the answer is truncated after 100 bytes"},
		{"a field of another type", "^/apis$", fakeapi.JSON(`{"kind":"APIGroupList","groups":"all"}`), "discovering its API: the APIGroupList is malformed: groups is a string"},
		{"no rights", "^/api", fakeapi.Status(http.StatusForbidden, "Forbidden", `forbidden: User "jane" cannot get path "/api"`), `discovering its API: forbidden: User "jane" cannot get path "/api"`},
		{"a version that is a page", "^/version$", fakeapi.JSON("<html>"), "reading its version: the answer is an HTML page, not JSON"},
		{"a version that is none", "^/version$", fakeapi.JSON("{}"), "reading its version: the answer has no gitVersion"},
		{"a refused version", "^/version$", fakeapi.Status(http.StatusForbidden, "Forbidden", "no"), "reading its version: no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t)
			api.Fail(test.path, test.fault)
			_, err := Open(t.Context(), &rest.Config{Host: api.URL}, Options{Version: true})
			var gone *Error
			if !errors.As(err, &gone) || err.Error() != "the API server at "+api.URL+": "+test.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	api := fakeapi.New(t)
	for requested, want := range map[bool]string{true: "v1.36.3", false: ""} {
		snap, err := open(t, api, Options{Version: requested, Plugin: "v9"}).Read(t.Context(), nil)
		if err != nil || snap.Meta().Server != want || snap.Meta().Plugin != "v9" {
			t.Errorf("%+v %v", snap.Meta(), err)
		}
	}
	if n := api.Count("^/version$"); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestBadConfig(t *testing.T) {
	for _, config := range []*rest.Config{{Host: "a b"}, {Host: "https://x", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("none")}}} {
		if _, err := Open(t.Context(), config, Options{}); err == nil || !strings.HasPrefix(err.Error(), "reading the cluster's address and credentials: ") {
			t.Errorf("got %v", err)
		}
	}
}

// TestEnds checks that an interrupt and a deadline end each request immediately, here and at
// the server.
func TestEnds(t *testing.T) {
	for _, test := range []struct {
		name, path string
		fault      fakeapi.Fault
		legacy     bool
	}{
		{"the core group", "^/api$", fakeapi.Hang(), false},
		{"the groups", "^/apis$", fakeapi.Hang(), false},
		{"one group", "^/apis/apps/v1$", fakeapi.Hang(), true},
		{"the version", "^/version$", fakeapi.Hang(), false},
		{"a list", "/pods$", fakeapi.Hang(), false},
		{"a busy core group", "^/api$", fakeapi.TooMany(4), false},
		{"a busy version", "^/version$", fakeapi.TooMany(4), false},
		{"a busy list", "/pods$", fakeapi.TooMany(4), false},
	} {
		for _, deadline := range []bool{false, true} {
			name := test.name + ", interrupted"
			if deadline {
				name = test.name + ", out of time"
			}
			t.Run(name, func(t *testing.T) {
				api := fakeapi.New(t)
				api.Fail(test.path, test.fault)
				if test.legacy {
					api.UseLegacyDiscovery()
				}
				ctx, end := context.WithCancel(t.Context())
				want := context.Canceled
				if deadline {
					ctx, end = context.WithTimeout(t.Context(), 300*time.Millisecond)
					want = context.DeadlineExceeded
				}
				defer end()
				done := make(chan error, 1)
				go func() { done <- openAndRead(ctx, api) }()
				api.WaitFor(test.path, 1)
				if !deadline {
					end()
				}
				<-ctx.Done()
				select {
				case err := <-done:
					if test.path == "/pods$" && deadline {
						break // a list that is late is recorded
					}
					var gone *Error
					if !errors.Is(err, want) || !errors.As(err, &gone) {
						t.Errorf("got %v, want %v", err, want)
					}
					if deadline && !strings.HasSuffix(err.Error(), "no answer in time") {
						t.Errorf("got %v", err)
					}
				case <-time.After(time.Second):
					t.Fatal("still at it a second later")
				}
				api.WaitIdle()
			})
		}
	}
}

func openAndRead(ctx context.Context, api *fakeapi.Server) error {
	session, err := Open(ctx, &rest.Config{Host: api.URL}, Options{Version: true})
	if err != nil {
		return err
	}
	_, err = session.Read(ctx, Queries(pod))
	return err
}

// TestErrorHidesSecrets checks that an error with a message of the server contains no secret.
func TestErrorHidesSecrets(t *testing.T) {
	err := unreachable("https://x", "listing pods", errors.New("proxy: Authorization: Bearer abcdefghijklmnop"))
	if strings.Contains(err.Error(), "abcdefghijklmnop") {
		t.Error(err)
	}
}
