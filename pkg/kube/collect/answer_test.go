package collect

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestMalformedAnswer checks that an answer that is not a list of the requested kind is
// recorded as a failure of that kind, never as an empty list, and does not prevent reading the
// others.
func TestMalformedAnswer(t *testing.T) {
	const list = `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":`
	for _, test := range []struct {
		name  string
		fault fakeapi.Fault
		want  string
	}{
		{"HTML", fakeapi.Body(http.StatusOK, "text/html", "<html><body>\x1b[31mPlease log in"), "the answer is an HTML page, not JSON"},
		{"HTML that says it is JSON", fakeapi.JSON("\n <!doctype html><title>Log in</title>"), `the answer is an HTML page with the title "Log in", not JSON: the page of a proxy or of a login`},
		{"no body", fakeapi.JSON(""), "the answer is empty"},
		{"half a body", fakeapi.JSON(list + `[{"metadata":{"name":"a"`), "the answer is truncated after 82 bytes"},
		{"protobuf", fakeapi.Body(http.StatusOK, "application/vnd.kubernetes.protobuf", "k8s\x00\x0a"), "the answer is not JSON: invalid character 'k' looking for beginning of value"},
		{"two values", fakeapi.JSON("{} {}"), "the answer is not JSON: invalid character '{' after top-level value"},
		{"null", fakeapi.JSON(" null\n"), "the answer is null, not a PodList"},
		{"an array", fakeapi.JSON("[]"), "the answer is an array, not a PodList"},
		{"a string", fakeapi.JSON(`"ok"`), "the answer is a string, not a PodList"},
		{"another program's", fakeapi.JSON(`{"error":"login required"}`), "the answer is an object without a kind, not a PodList"},
		{"a kind that can't be one", fakeapi.JSON(`{"kind":" ","items":[]}`), "the answer is a  , not a PodList"},
		{"a long kind", fakeapi.JSON(`{"kind":"` + strings.Repeat("x", 10000) + `"}`), "the answer is a xxx"},
		{"a Status", fakeapi.JSON(`{"kind":"Status","apiVersion":"v1","message":"etcd has no leader","code":500}`), "the answer is a Status, not a PodList: etcd has no leader"},
		{"another kind's", fakeapi.JSON(`{"kind":"ServiceList","apiVersion":"v1","items":[]}`), "the answer is a ServiceList, not a PodList"},
		{"one object", fakeapi.JSON(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}`), "the answer is a Pod, not a PodList"},
		{"another group's", fakeapi.JSON(`{"kind":"PodList","apiVersion":"metrics.k8s.io/v1","items":[]}`), "the answer is a PodList of metrics.k8s.io/v1, not of v1"},
		{"no version", fakeapi.JSON(`{"kind":"PodList","apiVersion":"a/b/c","items":[]}`), "the answer is a PodList of a/b/c, not of v1"},
		{"no items", fakeapi.JSON(`{"kind":"PodList","apiVersion":"v1","metadata":{}}`), "the PodList has no items"},
		{"items that are none", fakeapi.JSON(list + `{"a":1}}`), "the PodList is malformed: items is an object"},
		{"a number for a token", fakeapi.JSON(`{"kind":"PodList","apiVersion":"v1","metadata":{"continue":7},"items":[]}`), "the PodList is malformed: metadata.continue is a number"},
		{"an item that is null", fakeapi.JSON(list + `[{"metadata":{"name":"a","namespace":"x"}},null]}`), "item 2 of the PodList is not an object"},
		{"an item that is a string", fakeapi.JSON(list + `["a"]}`), "item 1 of the PodList is not an object"},
		{"an item without a name", fakeapi.JSON(list + `[{"metadata":{"namespace":"x"}}]}`), "item 1 of the PodList has no name"},
		{"an item whose name is a number", fakeapi.JSON(list + `[{"metadata":{"name":1,"namespace":"x"}}]}`), "item 1 of the PodList has no name"},
		{"an item without metadata", fakeapi.JSON(list + `[{"metadata":[]}]}`), "item 1 of the PodList has no name"},
		{"an item without a namespace", fakeapi.JSON(list + `[{"metadata":{"name":"a"}}]}`), "item 1 of the PodList has no namespace"},
		{"an item of another kind", fakeapi.JSON(list + `[{"kind":"Service","metadata":{"name":"a","namespace":"x"}}]}`), "item 1 of the PodList is a Service"},
		{"an item of another group", fakeapi.JSON(list + `[{"kind":"Pod","apiVersion":"metrics.k8s.io/v1","metadata":{"name":"a","namespace":"x"}}]}`), "item 1 of the PodList is a Pod of metrics.k8s.io/v1"},
		{"a deep one", fakeapi.JSON(list + `[{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}]}`), "the answer is not JSON: invalid character '[' exceeded max depth"},
		{"a content type that is none", fakeapi.Body(http.StatusOK, "a/b/c", "{}"), "the answer is an object without a kind, not a PodList"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t, newObject(t, "v1", "Service", "x", "web", ""))
			api.Fail("/pods$", test.fault)
			snap := read(t, api, Queries(pod, service)...)
			got := failure(t, snap, pod)
			if got.Reason != snapshot.Failed || !strings.Contains(got.Message, test.want) || len(got.Message) > 400 {
				t.Errorf("got %q, want %q", got.Message, test.want)
			}
			if got := presence(snap, pod); got != snapshot.Unknown {
				t.Errorf("a pod is %v, want unknown", got)
			}
			if got := names(snap, service); got != "web" {
				t.Errorf("services: %q", got)
			}
		})
	}
}

// TestSoundAnswer checks that an unusual but valid list is accepted.
func TestSoundAnswer(t *testing.T) {
	for _, test := range []struct{ name, path, body string }{
		{"items are null", "/pods$", `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}`},
		{"no metadata", "/pods$", `{"kind":"PodList","apiVersion":"v1","items":[]}`},
		{"another name for the list", "/kustomizations$", `{"kind":"Layers","apiVersion":"kustomize.toolkit.fluxcd.io/v1",
			"items":[{"kind":"Kustomization","apiVersion":"kustomize.toolkit.fluxcd.io/v1","metadata":{"name":"a","namespace":"x"}}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t)
			api.Fail(test.path, fakeapi.JSON(test.body))
			snap := read(t, api, Queries(pod, layer)...)
			for _, request := range snap.Requests() {
				if request.Failure != nil {
					t.Errorf("%s: %s", request.Kind, request.Failure)
				}
			}
			if presence(snap, pod) != snapshot.Absent || presence(snap, layer) != snapshot.Absent {
				t.Error("absence is not proven")
			}
		})
	}
}

// TestMalformedMetadata checks that an answer with more than the requested metadata, or with
// something else, is a failure.
func TestMalformedMetadata(t *testing.T) {
	api := fakeapi.New(t)
	api.Fail("/secrets$", fakeapi.JSON(`{"kind":"SecretList","apiVersion":"v1","items":[]}`))
	snap := read(t, api, Query{GroupKind: secret, Metadata: true})
	if got := failure(t, snap, secret); got.Message != "the answer is a SecretList, not a PartialObjectMetadataList" {
		t.Errorf("%+v", got)
	}
}

// TestMalformedPage checks that a list with a malformed page fails completely.
func TestMalformedPage(t *testing.T) {
	api := fakeapi.New(t, newObject(t, "v1", "Node", "", "a", ""), newObject(t, "v1", "Node", "", "b", ""))
	api.SetPageSize(1)
	api.Fail("/nodes$", fakeapi.After(1, fakeapi.Truncate(20)))
	snap := read(t, api, Queries(node)...)
	if got := failure(t, snap, node); got.Message != "the answer is truncated after 20 bytes" || names(snap, node) != "" {
		t.Errorf("%+v, nodes %q", got, names(snap, node))
	}
}

// TestConnectionLost checks that a truncated answer does not affect other answers.
func TestConnectionLost(t *testing.T) {
	api := fakeapi.New(t, newObject(t, "v1", "Service", "x", "web", ""))
	api.Fail("/pods$", fakeapi.Disconnect(30))
	snap := read(t, api, Queries(pod, service)...)
	if got := failure(t, snap, pod); got.Reason != snapshot.Failed || got.Message != "the answer is incomplete: unexpected EOF" {
		t.Errorf("%+v", got)
	}
	if got := names(snap, service); got != "web" {
		t.Errorf("services: %q", got)
	}
}

// TestServerGone checks that Read returns an error if no server answers.
func TestServerGone(t *testing.T) {
	api := fakeapi.New(t)
	session := open(t, api, Options{})
	api.Close()
	_, err := session.Read(t.Context(), Queries(pod, service))
	if err == nil || !strings.Contains(err.Error(), "connection refused") || !strings.HasPrefix(err.Error(), "the API server at "+api.URL+": listing ") {
		t.Errorf("got %v", err)
	}
}

// TestRefusals checks which errors mean that there is nothing to list, that the user is not
// authorized, and that the result is unknown.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault fakeapi.Fault
		why   snapshot.Reason
		want  string
	}{
		{"RBAC", fakeapi.Status(http.StatusForbidden, "Forbidden", `pods is forbidden: User "jane" cannot list`), snapshot.Forbidden, ""},
		{"a proxy's 403", fakeapi.Body(http.StatusForbidden, "text/html", "<html>token=SECRETabc123</html>"), snapshot.Failed, "HTTP status 403: the answer is an HTML page, not JSON"},
		{"a 403 in text", fakeapi.Body(http.StatusForbidden, "text/plain", "denied by policy\nask your administrator"), snapshot.Failed, "HTTP status 403: denied by policy"},
		{"a 403 without a word", fakeapi.Body(http.StatusForbidden, "application/octet-stream", ""), snapshot.Failed, "HTTP status 403: the answer is not a Status of the API server"},
		{"a kind that has just been removed", fakeapi.Body(http.StatusNotFound, "text/plain", "404 page not found\n"), snapshot.NotServed, ""},
		{"a proxy's 404", fakeapi.Body(http.StatusNotFound, "text/html", "<h1>Not Found</h1>"), snapshot.Failed, "HTTP status 404: the answer is an HTML page, not JSON"},
		{"a kind that can't be listed", fakeapi.Status(http.StatusMethodNotAllowed, "MethodNotAllowed", "list is not supported"), snapshot.NotServed, ""},
		{"a metadata format it does not have", fakeapi.Status(http.StatusNotAcceptable, "NotAcceptable", "only JSON"), snapshot.Failed, "only JSON"},
		{"an error", fakeapi.Status(http.StatusInternalServerError, "InternalError", "etcd has no leader"), snapshot.Failed, "etcd has no leader"},
		{"an error of a proxy", fakeapi.Body(http.StatusBadGateway, "text/html", "<html>Bad Gateway</html>"), snapshot.Failed, "HTTP status 502: the answer is an HTML page, not JSON"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t, newObject(t, "v1", "Service", "x", "web", ""))
			api.Fail("/pods$", test.fault)
			snap := read(t, api, Queries(pod, service)...)
			got := failure(t, snap, pod)
			if got.Reason != test.why || got.Message != test.want {
				t.Errorf("got %s %q, want %s %q", got.Reason, got.Message, test.why, test.want)
			}
			if got := names(snap, service); got != "web" {
				t.Errorf("services: %q", got)
			}
		})
	}
}

// TestUnauthorized checks that credentials that are rejected for one kind end the reading of
// all.
func TestUnauthorized(t *testing.T) {
	api := fakeapi.New(t)
	api.Fail("/pods$", fakeapi.Status(http.StatusUnauthorized, "Unauthorized", "Unauthorized"))
	_, err := open(t, api, Options{}).Read(t.Context(), Queries(pod, service))
	if err == nil || err.Error() != "the API server at "+api.URL+": listing pods: Unauthorized" {
		t.Errorf("got %v", err)
	}
}

// FuzzDecode checks for arbitrary answers that an accepted object has the fields that identify
// it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"x"},"items":[{"metadata":{"name":"a","namespace":"b"}}]}`,
		`{"kind":"Pods","apiVersion":"v1","items":[{"kind":"Pod","metadata":{"name":"a","namespace":"b"}}]}`,
		`{"kind":"PodList","apiVersion":"v1","items":null}`, `{"kind":"Status"}`, `null`, `<html>`, ``, `{"items":[`,
	} {
		f.Add([]byte(seed))
	}
	answer := listing{fields: everything, gvk: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, namespaced: true}
	f.Fuzz(func(t *testing.T, body []byte) {
		var objects []*unstructured.Unstructured
		_, err := answer.decode(request.NewBody(body), newPool(), func(obj *unstructured.Unstructured, _ int64) error {
			objects = append(objects, obj)
			return nil
		})
		if err != nil && (err.Error() == "" || !utf8.ValidString(err.Error())) {
			t.Errorf("%d objects with %q", len(objects), err)
		}
		if items := itemsOf(body); err == nil && items != len(objects) {
			t.Errorf("%d objects of %d items", len(objects), items)
		}
		for _, obj := range objects {
			if obj.GetName() == "" || obj.GetNamespace() == "" || obj.GetKind() != "Pod" {
				t.Errorf("took %v", obj)
			}
		}
	})
}

// itemsOf returns the number of items of a list, as encoding/json counts them.
func itemsOf(body []byte) int {
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(body, &list); err != nil {
		return -1
	}
	return len(list.Items)
}
