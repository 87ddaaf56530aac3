package fakeapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// newObject is an object for tests, with further fields as JSON.
func newObject(t *testing.T, apiVersion, kind, namespace, name, fields string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{Object: map[string]any{}}
	if fields != "" {
		if err := json.Unmarshal([]byte(fields), &obj.Object); err != nil {
			t.Fatal(err)
		}
	}
	obj.SetAPIVersion(apiVersion)
	obj.SetKind(kind)
	obj.SetNamespace(namespace)
	obj.SetName(name)
	return obj
}

// get returns the status code and the body of the answer to a request.
func get(t *testing.T, s *Server, path string, accept ...string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header["Accept"] = accept
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		answer = map[string]any{"text": string(body)}
	}
	return response.StatusCode, answer
}

// names are the names of a list's items.
func names(t *testing.T, list map[string]any) string {
	t.Helper()
	items, ok := list["items"].([]any)
	if !ok {
		t.Fatalf("no items: %v", list)
	}
	var found []string
	for _, item := range items {
		found = append(found, (&unstructured.Unstructured{Object: item.(map[string]any)}).GetName())
	}
	return strings.Join(found, " ")
}

func TestSelectors(t *testing.T) {
	s := New(t,
		newObject(t, "v1", "Pod", "a", "one", `{"metadata":{"labels":{"app":"x"}},"status":{"phase":"Running"}}`),
		newObject(t, "v1", "Pod", "a", "two", `{"metadata":{"labels":{"app":"y"}},"status":{"phase":"Pending"}}`),
		newObject(t, "v1", "Pod", "b", "three", `{"spec":{"nodeName":"n"}}`),
		newObject(t, "v1", "Event", "a", "e1", `{"type":"Warning","involvedObject":{"kind":"Kustomization"}}`),
		newObject(t, "v1", "Event", "a", "e2", `{"type":"Normal","involvedObject":{"kind":"Kustomization"}}`),
		newObject(t, "v1", "Secret", "a", "s", `{"type":"Opaque"}`))
	for _, test := range []struct{ path, query, want string }{
		{"/api/v1/pods", "", "one two three"},
		{"/api/v1/namespaces/b/pods", "", "three"},
		{"/api/v1/pods", "labelSelector=app in (x,y)", "one two"},
		{"/api/v1/pods", "labelSelector=!app", "three"},
		{"/api/v1/pods", "fieldSelector=status.phase!=Running,status.phase!=Succeeded", "two three"},
		{"/api/v1/pods", "fieldSelector=spec.nodeName=n", "three"},
		{"/api/v1/pods", "fieldSelector=metadata.namespace=a,metadata.name=two", "two"},
		{"/api/v1/events", "fieldSelector=type=Warning,involvedObject.kind=Kustomization", "e1"},
		{"/api/v1/secrets", "fieldSelector=type!=Opaque", ""},
		{"/apis/apps/v1/deployments", "", ""},
	} {
		code, list := get(t, s, test.path+"?"+strings.ReplaceAll(url.PathEscape(test.query), "&", "%26"))
		if code != 200 || names(t, list) != test.want {
			t.Errorf("%s?%s: %d %v, want %s", test.path, test.query, code, list, test.want)
		}
	}
	if code, status := get(t, s, "/api/v1/secrets?fieldSelector=status.phase=x"); code != 400 || !strings.Contains(status["message"].(string), "field label not supported: status.phase") {
		t.Errorf("a field that a kind can't be selected by: %d %v", code, status)
	}
}

func TestPages(t *testing.T) {
	s := New(t, newObject(t, "v1", "Node", "", "a", ""), newObject(t, "v1", "Node", "", "b", ""), newObject(t, "v1", "Node", "", "c", ""))
	s.SetPageSize(2)
	_, first := get(t, s, "/api/v1/nodes?limit=500")
	meta := first["metadata"].(map[string]any)
	_, second := get(t, s, "/api/v1/nodes?limit=500&continue="+meta["continue"].(string))
	if names(t, first) != "a b" || meta["remainingItemCount"] != 1.0 || names(t, second) != "c" || second["metadata"].(map[string]any)["continue"] != nil {
		t.Errorf("%v, then %v", first, second)
	}
	if _, whole := get(t, s, "/api/v1/nodes"); names(t, whole) != "a b c" {
		t.Errorf("without a limit: %v", whole)
	}
	s.Fail("/nodes$", Expire())
	if code, status := get(t, s, "/api/v1/nodes?limit=1&continue=1"); code != 410 || status["reason"] != "Expired" {
		t.Errorf("%d %v", code, status)
	}
	if code, _ := get(t, s, "/api/v1/nodes?limit=1"); code != 200 {
		t.Errorf("a first page expires: %d", code)
	}
}

func TestItems(t *testing.T) {
	s := New(t, newObject(t, "v1", "Pod", "a", "p", `{"spec":{"x":1}}`), newObject(t, "example.org/v1", "Way", "a", "w", `{"spec":{"x":1}}`))
	_, pods := get(t, s, "/api/v1/pods")
	if pod := pods["items"].([]any)[0].(map[string]any); pods["kind"] != "PodList" || pod["kind"] != nil || pod["spec"] == nil {
		t.Errorf("a built-in kind: %v", pods)
	}
	_, ways := get(t, s, "/apis/example.org/v1/ways")
	if way := ways["items"].([]any)[0].(map[string]any); ways["kind"] != "WayList" || way["kind"] != "Way" || way["apiVersion"] != "example.org/v1" {
		t.Errorf("a custom kind: %v", ways)
	}
	_, partial := get(t, s, "/api/v1/pods", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
	if pod := partial["items"].([]any)[0].(map[string]any); partial["kind"] != "PartialObjectMetadataList" || pod["kind"] != "PartialObjectMetadata" || pod["spec"] != nil {
		t.Errorf("metadata alone: %v", partial)
	}
	if code, pod := get(t, s, "/api/v1/namespaces/a/pods/p"); code != 200 || pod["kind"] != "Pod" {
		t.Errorf("one: %d %v", code, pod)
	}
	s.Delete(newObject(t, "v1", "Pod", "a", "p", ""))
	if code, status := get(t, s, "/api/v1/namespaces/a/pods/p"); code != 404 || status["reason"] != "NotFound" {
		t.Errorf("one that is gone: %d %v", code, status)
	}
	for _, path := range []string{"/apis/example.org/v2/ways", "/api/v1/podds", "/nowhere", "/api/v1/namespaces/a/nodes", "/apis/nowhere.org/v1"} {
		if code, answer := get(t, s, path); code != 404 || answer["text"] != "404 page not found\n" {
			t.Errorf("%s: %d %v", path, code, answer)
		}
	}
	if code, status := get(t, s, "/api/v1/pods?watch=true"); code != 400 || status["kind"] != "Status" {
		t.Errorf("a watch without a resource version: %d %v", code, status)
	}
}

func TestDeny(t *testing.T) {
	s := New(t)
	s.Deny("kustomizations.kustomize.toolkit.fluxcd.io", "mine")
	const path = "/apis/kustomize.toolkit.fluxcd.io/v1"
	code, status := get(t, s, path+"/kustomizations")
	const want = `kustomizations.kustomize.toolkit.fluxcd.io is forbidden: User "jane" cannot list resource "kustomizations" in API group "kustomize.toolkit.fluxcd.io" at the cluster scope`
	if code != 403 || status["reason"] != "Forbidden" || status["message"] != want {
		t.Errorf("%d %v", code, status)
	}
	if code, _ := get(t, s, path+"/namespaces/other/kustomizations"); code != 403 {
		t.Errorf("another namespace: %d", code)
	}
	if code, _ := get(t, s, path+"/namespaces/mine/kustomizations/a"); code != 404 {
		t.Errorf("the allowed namespace: %d", code)
	}
	s.Allow("kustomizations.kustomize.toolkit.fluxcd.io")
	if code, _ := get(t, s, path+"/kustomizations"); code != 200 {
		t.Errorf("allowed: %d", code)
	}
}

func TestDiscovery(t *testing.T) {
	s := New(t)
	s.Serve(kindOf(schema.GroupVersionKind{Group: "apps", Version: "v1beta1", Kind: "Deployment"}, true))
	s.Unserve("cert-manager.io")
	s.FailDiscovery("policy")
	code, groups := get(t, s, "/apis", aggregatedType)
	if code != 200 || groups["kind"] != "APIGroupDiscoveryList" {
		t.Fatalf("%d %v", code, groups)
	}
	text, _ := json.Marshal(groups)
	for _, want := range []string{`"version":"v1beta1"`, `"freshness":"Stale"`, `"scope":"Cluster"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if strings.Contains(string(text), "cert-manager.io/") {
		t.Error("a group that is not served")
	}
	s.UseLegacyDiscovery()
	if _, groups := get(t, s, "/apis", aggregatedType, "application/json"); groups["kind"] != "APIGroupList" {
		t.Errorf("legacy: %v", groups)
	}
	if _, list := get(t, s, "/api/v1"); list["kind"] != "APIResourceList" {
		t.Errorf("legacy: %v", list)
	}
	if code, status := get(t, s, "/apis/policy/v1"); code != 503 || status["kind"] != "Status" {
		t.Errorf("a group that fails: %d %v", code, status)
	}
	if code, _ := get(t, s, "/apis/policy/v1/poddisruptionbudgets"); code != 503 {
		t.Errorf("its objects: %d", code)
	}
}

func TestFaults(t *testing.T) {
	s := New(t)
	s.Fail("/pods$", First(1, Status(500, "InternalError", "etcd is away")))
	s.Fail("/nodes$", After(1, TooMany(7)))
	for _, want := range []int{500, 200} {
		if code, _ := get(t, s, "/api/v1/pods"); code != want {
			t.Errorf("pods: %d, want %d", code, want)
		}
	}
	for _, want := range []int{200, 429} {
		if code, _ := get(t, s, "/api/v1/nodes"); code != want {
			t.Errorf("nodes: %d, want %d", code, want)
		}
	}
	s.Fail("/pods$", Truncate(12))
	if _, answer := get(t, s, "/api/v1/pods"); answer["text"] != `{"apiVersion` {
		t.Errorf("truncated: %v", answer)
	}
	s.Fail("/pods$", Disconnect(12))
	response, err := http.Get(s.URL + "/api/v1/pods")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != io.ErrUnexpectedEOF || string(body) != `{"apiVersion` {
		t.Errorf("cut: %q %v", body, err)
	}
	s.Fail("/pods$", Disconnect(0))
	if response, err := http.Get(s.URL + "/api/v1/pods"); err == nil {
		response.Body.Close()
		t.Error("an answer over a connection that was closed")
	}
	s.Recover()
	if code, _ := get(t, s, "/api/v1/pods"); code != 200 {
		t.Errorf("recovered: %d", code)
	}
	if n := s.Count("/pods$"); n < 6 {
		t.Errorf("%d requests for pods", n)
	}
}

// TestHold checks that a request waits until the test releases it, or the server or the client
// ends.
func TestHold(t *testing.T) {
	s, release, done := New(t), make(chan struct{}), make(chan int, 1)
	s.Fail("/pods$", Hold(release))
	go func() {
		response, err := http.Get(s.URL + "/api/v1/pods")
		if err != nil {
			done <- 0
			return
		}
		response.Body.Close()
		done <- response.StatusCode
	}()
	s.WaitFor("/pods$", 1)
	close(release)
	if code := <-done; code != 200 {
		t.Errorf("code %d", code)
	}
	s.WaitIdle()
	s.Fail("/pods$", Hang())
	go func() {
		_, err := http.Get(s.URL + "/api/v1/pods")
		if err == nil {
			t.Error("an answer of a server that hangs")
		}
		done <- 0
	}()
	s.WaitFor("/pods$", 2)
	s.Close()
	<-done
	if _, err := http.Get(s.URL + "/api"); err == nil {
		t.Error("an answer of a server that is closed")
	}
}

func TestClock(t *testing.T) {
	s := New(t)
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	dates := func() []string {
		response, err := http.Get(s.URL + "/version")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.Header["Date"]
	}
	s.SetTime(at)
	if got := dates(); !slices.Equal(got, []string{at.Format(http.TimeFormat)}) {
		t.Errorf("%v", got)
	}
	s.SetTime(time.Time{})
	if got := dates(); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
