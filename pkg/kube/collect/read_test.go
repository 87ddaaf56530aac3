package collect

import (
	"bytes"
	"flag"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// nodes are nodes with the names a, b, c…
func nodes(t *testing.T, count int) []*unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for i := range count {
		found = append(found, newObject(t, "v1", "Node", "", string(rune('a'+i)), ""))
	}
	return found
}

// TestReads checks that objects of all kinds have their apiVersion and kind, without unneeded
// fields, and that each kind needs one request.
func TestReads(t *testing.T) {
	api := fakeapi.New(t,
		newObject(t, "v1", "Pod", "x", "orthanc", `{"metadata":{"managedFields":[{"manager":"kubectl"}]},"spec":{"priority":2000000001}}`),
		newObject(t, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", "bhs", ""))
	snap := read(t, api, Queries(pod, layer)...)
	got := snap.List(pod, "x").Objects[0]
	if got.GetAPIVersion() != "v1" || got.GetKind() != "Pod" || got.GetManagedFields() != nil {
		t.Errorf("%v", got)
	}
	if priority, _, err := unstructured.NestedInt64(got.Object, "spec", "priority"); err != nil || priority != 2000000001 {
		t.Errorf("priority %d: %v", priority, err)
	}
	if names(snap, layer) != "bhs" {
		t.Errorf("layers %q", names(snap, layer))
	}
	if api.Count("pods$") != 1 || api.Count("kustomizations$") != 1 || len(api.Requests()) != 4 {
		t.Errorf("%v", api.Requests())
	}
	for _, request := range snap.Requests() {
		if request.Version != "v1" || request.Resource == "" || request.Failure != nil {
			t.Errorf("%+v", request)
		}
	}
}

func TestPages(t *testing.T) {
	for _, test := range []struct {
		name     string
		fault    fakeapi.Fault
		requests int
	}{
		{"all pages", nil, 3},
		{"a token that expires", fakeapi.Expire(), 3},
		{"a token that expires late", fakeapi.After(2, fakeapi.Expire()), 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t, nodes(t, 5)...)
			api.SetPageSize(2)
			if test.fault != nil {
				api.Fail("/nodes$", test.fault)
			}
			snap := read(t, api, Queries(node)...)
			if got := names(snap, node); got != "a b c d e" {
				t.Errorf("nodes %q", got)
			}
			if got := api.Count("/nodes$"); got != test.requests {
				t.Errorf("%d requests, want %d: %v", got, test.requests, api.Requests())
			}
		})
	}
}

// TestEndlessPages checks that a server with endless pages costs only a few requests.
func TestEndlessPages(t *testing.T) {
	const page = `{"kind":"NodeList","apiVersion":"v1","metadata":{"continue":"same"},"items":[]}`
	always := func(expired bool) fakeapi.Fault {
		return func(http.Handler) http.Handler {
			paged := fakeapi.JSON(page)(nil)
			if expired {
				return fakeapi.Expire()(paged)
			}
			return paged
		}
	}
	for _, test := range []struct {
		name     string
		fault    fakeapi.Fault
		want     string
		requests int
	}{
		{"tokens that expire for ever", always(true), "too old to display a consistent list", 4},
		{"the same token for ever", always(false), "the NodeList has no end: its continue token was sent twice", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t)
			api.Fail("/nodes$", test.fault)
			got := failure(t, read(t, api, Queries(node)...), node)
			if got.Reason != snapshot.Failed || !strings.Contains(got.Message, test.want) {
				t.Errorf("%+v", got)
			}
			if n := api.Count("/nodes$"); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

func TestSelectsAndNarrows(t *testing.T) {
	api := fakeapi.New(t,
		newObject(t, "v1", "Secret", "x", "tls", `{"type":"kubernetes.io/tls","metadata":{"labels":{"a":"b"}},"data":{"k":"dg=="}}`),
		newObject(t, "v1", "Secret", "x", "helm", `{"type":"helm.sh/release.v1"}`))
	snap := read(t, api, Query{GroupKind: secret, FieldSelector: snapshot.WithoutHelmRecords, Metadata: true})
	if got := names(snap, secret); got != "tls" {
		t.Errorf("secrets %q", got)
	}
	obj := snap.List(secret, "x").Objects[0]
	if obj.GetKind() != "Secret" || obj.GetLabels()["a"] != "b" || obj.Object["data"] != nil {
		t.Errorf("%v", obj)
	}
	if presence(snap, secret) != snapshot.Absent {
		t.Error("absence is not proven")
	}
	last := api.Requests()[len(api.Requests())-1]
	query, err := url.ParseQuery(last.Query)
	if err != nil || query.Get("fieldSelector") != snapshot.WithoutHelmRecords || query.Get("limit") != "500" || !strings.Contains(last.Accept, "as=PartialObjectMetadataList") {
		t.Errorf("%+v: %v", last, err)
	}
}

// TestNamespaces checks that, if listing a kind in all namespaces is forbidden, the user's
// namespaces are read one by one, and that objects in other namespaces stay unknown.
func TestNamespaces(t *testing.T) {
	for _, test := range []struct {
		name       string
		deny       bool
		want       Query
		namespaces []string
		found      string
		requests   []string
		failures   int
	}{
		{"allowed everywhere", false, Query{GroupKind: pod}, []string{"mine"}, "a b", []string{"/api/v1/pods"}, 0},
		{"allowed in one", true, Query{GroupKind: pod}, []string{"mine"}, "a", []string{"/api/v1/pods", "/api/v1/namespaces/mine/pods"}, 1},
		{"allowed in one of two", true, Query{GroupKind: pod}, []string{"mine", "other"}, "a", []string{"/api/v1/pods", "/api/v1/namespaces/mine/pods", "/api/v1/namespaces/other/pods"}, 2},
		{"allowed nowhere", true, Query{GroupKind: pod}, nil, "", []string{"/api/v1/pods"}, 1},
		{"asked for in one", false, Query{GroupKind: pod, Namespaces: []string{"other"}}, []string{"mine"}, "b", []string{"/api/v1/namespaces/other/pods"}, 0},
		{"without namespaces", false, Query{GroupKind: node, Namespaces: []string{"other"}}, []string{"mine"}, "", []string{"/api/v1/nodes"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t, newObject(t, "v1", "Pod", "mine", "a", ""), newObject(t, "v1", "Pod", "other", "b", ""))
			if test.deny {
				api.Deny("pods", "mine")
			}
			snap, err := open(t, api, Options{Namespaces: test.namespaces}).Read(t.Context(), []Query{test.want})
			if err != nil {
				t.Fatal(err)
			}
			if got := names(snap, pod); got != test.found {
				t.Errorf("pods %q, want %q", got, test.found)
			}
			var requests []string
			for _, r := range api.Requests()[2:] {
				requests = append(requests, r.Path)
			}
			if !slices.Equal(requests, test.requests) {
				t.Errorf("requests %v, want %v", requests, test.requests)
			}
			failures := 0
			for _, request := range snap.Requests() {
				if request.Failure != nil {
					failures++
					if request.Failure.Reason != snapshot.Forbidden || request.Failure.Resource != "pods" || request.Failure.Verb != "list" || request.Failure.Namespace != request.Namespace {
						t.Errorf("%+v", request.Failure)
					}
				}
			}
			if failures != test.failures {
				t.Errorf("%d failures, want %d: %+v", failures, test.failures, snap.Requests())
			}
		})
	}
}

// TestForbiddenNode checks that a cluster-scoped kind is not requested in a namespace.
func TestForbiddenNode(t *testing.T) {
	api := fakeapi.New(t)
	api.Deny("nodes")
	snap, err := open(t, api, Options{Namespaces: []string{"mine"}}).Read(t.Context(), Queries(node))
	if err != nil || failure(t, snap, node).Reason != snapshot.Forbidden || api.Count("nodes$") != 1 {
		t.Errorf("%v %v", err, api.Requests())
	}
}

// TestServerGoneInNamespace checks that reading ends if the server is lost half-way.
func TestServerGoneInNamespace(t *testing.T) {
	api := fakeapi.New(t)
	session := open(t, api, Options{})
	api.Close()
	if _, err := session.Read(t.Context(), []Query{{GroupKind: pod, Namespaces: []string{"a", "b"}}}); err == nil {
		t.Error("no error")
	}
}

// TestBusy checks that a request is retried after a short Retry-After, and not after a long
// one.
func TestBusy(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault fakeapi.Fault
		want  string // the failure's message
	}{
		{"for a moment", fakeapi.First(2, fakeapi.TooMany(0)), ""},
		{"for ever", fakeapi.TooMany(0), "too many requests"},
		{"for longer than the request may take", fakeapi.TooMany(4), "no answer in time"},
		{"for a day", fakeapi.TooMany(86400), "the API server requests a retry in 24h0m0s"},
		{"without a word", fakeapi.Hang(), "no answer in time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t, nodes(t, 1)...)
			api.Fail("/nodes$", test.fault)
			session, err := Open(t.Context(), &rest.Config{Host: api.URL, Timeout: 500 * time.Millisecond}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			snap, err := session.Read(t.Context(), Queries(node, service))
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if got := names(snap, node); got != "a" {
					t.Errorf("nodes %q", got)
				}
				return
			}
			if got := failure(t, snap, node); got.Reason != snapshot.Failed || !strings.Contains(got.Message, test.want) {
				t.Errorf("%+v", got)
			}
			if presence(snap, service) != snapshot.Absent {
				t.Error("the others were not read")
			}
		})
	}
}

// TestClockIsServers checks that the time is the latest one that the server sent, independent
// of this machine's clock.
func TestClockIsServers(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, skew := range []time.Duration{-6 * time.Hour, 0, 26 * time.Hour} {
		api := fakeapi.New(t)
		api.SetTime(at.Add(skew))
		if got := read(t, api, Queries(node)...).Meta().At; !got.Equal(at.Add(skew)) {
			t.Errorf("at %s, want %s", got, at.Add(skew))
		}
	}
	api := fakeapi.New(t)
	api.SetTime(at)
	session := open(t, api, Options{})
	api.SetTime(at.Add(-time.Minute)) // another server at the same address
	snap, err := session.Read(t.Context(), Queries(node))
	if err != nil || !snap.Meta().At.Equal(at) {
		t.Errorf("at %v, want %s: %v", snap, at, err)
	}
}

func TestNoClock(t *testing.T) {
	api := fakeapi.New(t)
	api.SetTime(time.Time{})
	before := time.Now().Add(-time.Second)
	if at := read(t, api, Queries(node)...).Meta().At; at.Before(before) || at.After(time.Now()) {
		t.Errorf("at %s, want now", at)
	}
}

// TestLogsNoSecret checks that -v=8 logs the server's answers, but not Secrets.
func TestLogsNoSecret(t *testing.T) {
	api := fakeapi.New(t,
		newObject(t, "v1", "Secret", "x", "s", `{"data":{"password":"aHVudGVyMg=="}}`),
		newObject(t, "v1", "Service", "x", "s", `{"spec":{"clusterIP":"10.9.8.7"}}`))
	var flags flag.FlagSet
	klog.InitFlags(&flags)
	var log bytes.Buffer
	set := func(name, value string) {
		if err := flags.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	set("logtostderr", "false")
	set("v", "8")
	klog.SetOutput(&log)
	defer func() {
		set("v", "0")
		set("logtostderr", "true")
	}()
	read(t, api, Queries(secret, service)...)
	klog.Flush()
	if !strings.Contains(log.String(), "10.9.8.7") {
		t.Errorf("the log has no answers: %s", log.String())
	}
	if strings.Contains(log.String(), "aHVudGVyMg==") {
		t.Error("the log has a Secret")
	}
}
