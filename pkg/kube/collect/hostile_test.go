package collect

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestHostileItems checks that names that would redirect a later request or a file to another
// path, and objects that can't be in the list, are rejected, and that unusual ones are
// accepted.
func TestHostileItems(t *testing.T) {
	item := func(name, namespace, more string) string {
		return fmt.Sprintf(`{"metadata":{"name":"%s","namespace":"%s"}%s}`, name, namespace, more)
	}
	for _, test := range []struct {
		about string
		items []string
		want  string // of the failure; empty if the list is accepted
		names string
	}{
		{about: "sound", items: []string{item("a", "x", ""), item("b", "x", "")}, names: "a b"},
		{about: "a name of dots", items: []string{item("a", "x", ""), item("..", "x", "")}, want: "item 2 of the PodList has a name that may not be '..'"},
		{about: "a path for a name", items: []string{item("../../etc/passwd", "x", "")}, want: "item 1 of the PodList has a name that may not contain '/'"},
		{about: "an escaped path", items: []string{item("a%2f..", "x", "")}, want: "may not contain '%'"},
		{about: "a path for a namespace", items: []string{item("a", "../x", "")}, want: "has a namespace that may not contain '/'"},
		{about: "a name that is too long", items: []string{item(strings.Repeat("a", 254), "x", "")}, want: "has a name that is longer than 253 bytes"},
		{about: "the same object twice", items: []string{item("a", "x", ""), item("a", "x", `,"spec":{}`)}, want: "item 2 of the PodList repeats x/a"},
		{about: "the same name in two namespaces", items: []string{item("a", "x", ""), item("a", "y", "")}, names: "a a"},
		{about: "bytes that are not UTF-8", items: []string{item("a", "x", ",\"spec\":{\"a\":\"\xff\"}")}, want: "the answer is not UTF-8"},
		{about: "names that differ in what is not UTF-8", items: []string{item("a\xff", "x", ""), item("a\xfe", "x", "")}, want: "the answer is not UTF-8"},
		{about: "half a character, escaped", items: []string{item(`a\ud800`, "x", "")}, want: "has a name that is not UTF-8"},
		{about: "half a character in a text", items: []string{item("a", "x", `,"spec":{"a":"\ud800"}`)}, names: "a"},
		{about: "a number too large", items: []string{item("a", "x", `,"spec":{"a":1e999}`)}, want: "item 1 of the PodList is malformed"},
		{about: "a large number", items: []string{item("a", "x", `,"spec":{"a":123456789012345678901234567890}`)}, names: "a"},
		{about: "keys twice", items: []string{`{"metadata":{"name":"b","namespace":"x"},"metadata":{"name":"a","namespace":"x"}}`}, names: "a"},
		{about: "brackets in texts", items: []string{item("a", "x", `,"spec":{"a":"]}\\\"],["}`), item("b", "x", "")}, names: "a b"},
		{about: "mixed kinds", items: []string{item("a", "x", ""), item("b", "x", `,"kind":"Secret"`)}, want: "item 2 of the PodList is a Secret"},
		{about: "an item of 5 MiB", items: []string{item("a", "x", `,"spec":{"a":"`+strings.Repeat("z", 5<<20)+`"}`)}, want: "item 1 of the PodList is larger than 4 MiB"},
		{about: "an item of 3 MiB", items: []string{item("a", "x", `,"spec":{"a":"`+strings.Repeat("z", 3<<20)+`"}`)}, names: "a"},
	} {
		t.Run(test.about, func(t *testing.T) {
			api := fakeapi.New(t)
			api.Fail("/pods$", fakeapi.Objects(test.items...))
			snap := read(t, api, Queries(pod)...)
			if test.want == "" {
				if got := names(snap, pod); got != test.names {
					t.Errorf("pods %q, want %q: %+v", got, test.names, snap.Requests())
				}
				return
			}
			if got := failure(t, snap, pod); got.Reason != snapshot.Failed || !strings.Contains(got.Message, test.want) {
				t.Errorf("got %q, want %q", got.Message, test.want)
			}
		})
	}
}

// TestOtherNamespace checks that objects of another namespace are rejected in a list of one
// namespace.
func TestOtherNamespace(t *testing.T) {
	api := fakeapi.New(t)
	api.Fail("/pods$", fakeapi.Objects(`{"metadata":{"name":"a","namespace":"y"}}`))
	snap := read(t, api, Query{GroupKind: pod, Namespaces: []string{"x"}})
	if got := failure(t, snap, pod); got.Message != "item 1 of the PodList is of the namespace y, not x" {
		t.Errorf("%+v", got)
	}
}

// TestNamespaceInPath checks that a namespace from an object can't change the path of a
// request.
func TestNamespaceInPath(t *testing.T) {
	api := fakeapi.New(t)
	snap := read(t, api, Query{GroupKind: pod, Namespaces: []string{"../../v1/secrets"}})
	if got := failure(t, snap, pod); !strings.Contains(got.Message, "can't be part of a request's path") {
		t.Errorf("%+v", got)
	}
	if n := api.Count("secrets|pods"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestListsWithoutEnd checks that lists end although their tokens repeat, or are new on each
// page.
func TestListsWithoutEnd(t *testing.T) {
	for _, test := range []struct {
		about string
		fault fakeapi.Fault
		want  string
		most  int // requests
	}{
		{"two tokens, by turns", fakeapi.Pages(0, 2), "the NodeList has no end: its continue token was sent twice", 4},
		{"nine tokens, by turns", fakeapi.Pages(0, 9), "the NodeList has no end: its continue token was sent twice", 11},
		{"ever new tokens", fakeapi.Pages(0, 0), "the answers exceed 2000 pages, the limit of one command", 2002},
	} {
		t.Run(test.about, func(t *testing.T) {
			api := fakeapi.New(t, newObject(t, "v1", "Node", "", "a", ""))
			api.Fail("/nodes$", test.fault)
			message := ""
			snap, err := open(t, api, Options{}).Read(t.Context(), Queries(node))
			if err != nil {
				message = err.Error()
			} else {
				message = failure(t, snap, node).Message
			}
			if !strings.Contains(message, test.want) {
				t.Errorf("got %q, want %q", message, test.want)
			}
			if n := api.Count("/nodes$"); n > test.most {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestRedirects checks that no kind of redirect is followed, and that no other server gets the
// user's token.
func TestRedirects(t *testing.T) {
	var requested atomic.Int64
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requested.Add(1) })
	other, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer other.Close()
	defer secure.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{other.URL, secure.URL, ""} {
			for _, path := range []string{"^/api$", "/pods$"} {
				api := fakeapi.New(t)
				api.Fail(path, fakeapi.Redirect(code, target))
				message := ""
				session, err := Open(t.Context(), &rest.Config{Host: api.URL, BearerToken: "s3cret"}, Options{})
				if err == nil {
					var snap *snapshot.Snapshot
					if snap, err = session.Read(t.Context(), Queries(pod)); err == nil {
						message = failure(t, snap, pod).Message
					}
				}
				if err != nil {
					message = err.Error()
				}
				at := target
				if at == "" {
					at = api.URL
				}
				if want := fmt.Sprintf("the answer is a redirect to %s (HTTP status %d), which is not followed", at, code); !strings.Contains(message, want) {
					t.Errorf("%d, %s: got %q, want %q", code, path, message, want)
				}
				if n := api.Count(path); n > 1 {
					t.Errorf("%d, %s: %d requests", code, path, n)
				}
			}
		}
	}
	if n := requested.Load(); n > 0 {
		t.Errorf("other hosts were sent %d requests", n)
	}
}

// TestHostileDiscovery checks that a malformed discovery answer is not treated as a server
// without kinds.
func TestHostileDiscovery(t *testing.T) {
	for _, test := range []struct{ about, path, body, want string }{
		{"no items", "^/apis$", `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2"}`, "the APIGroupDiscoveryList has no items"},
		{"no groups", "^/apis$", `{"kind":"APIGroupList","apiVersion":"v1"}`, "the APIGroupList has no groups"},
		{"no versions", "^/api$", `{"kind":"APIVersions"}`, "the APIVersions has no versions"},
		{"other groups for the core", "^/api$", `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[{"metadata":{"name":"x"}}]}`, "other groups than the core group"},
		{"too many values", "^/apis$", `{"kind":"APIGroupDiscoveryList","items":[` + strings.Repeat("{},", 200_000) + `{}]}`, "the answer has more than 300000 values"},
	} {
		t.Run(test.about, func(t *testing.T) {
			api := fakeapi.New(t)
			api.Fail(test.path, fakeapi.JSON(test.body))
			if _, err := Open(t.Context(), &rest.Config{Host: api.URL}, Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestHostileGroup checks that a group without resources, or with names that can't be in a
// path, is unknown, not missing.
func TestHostileGroup(t *testing.T) {
	for _, test := range []struct{ about, body, want string }{
		{"no resources", `{"kind":"APIResourceList","groupVersion":"kustomize.toolkit.fluxcd.io/v1"}`, "the APIResourceList has no resources"},
		{"another group", `{"kind":"APIResourceList","groupVersion":"x/v1","resources":[]}`, "the answer is an APIResourceList of x/v1, not of kustomize.toolkit.fluxcd.io/v1"},
		{"another kind", `{"kind":"PodList","apiVersion":"v1","items":[]}`, "the answer is a PodList, not an APIResourceList"},
		{"a name that is no name", `{"kind":"APIResourceList","groupVersion":"kustomize.toolkit.fluxcd.io/v1","resources":[{"name":"..","kind":"Kustomization","namespaced":true}]}`, "can't be part of a request's path"},
	} {
		t.Run(test.about, func(t *testing.T) {
			api := fakeapi.New(t)
			api.UseLegacyDiscovery()
			api.Fail("/kustomize.toolkit.fluxcd.io/v1$", fakeapi.JSON(test.body))
			snap := read(t, api, Queries(layer)...)
			if got := failure(t, snap, layer); got.Reason != snapshot.Failed || !strings.Contains(got.Message, test.want) {
				t.Errorf("got %s %q, want %q", got.Reason, got.Message, test.want)
			}
		})
	}
}
