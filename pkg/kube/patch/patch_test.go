package patch

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

var layer = object.Ref{APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "a"}

// server answers every request with the code and the body, and records the last one.
func server(t *testing.T, code int, body string) (*Client, *http.Request, *[]byte) {
	t.Helper()
	var seen http.Request
	var sent []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = *r
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	client, err := NewClient(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client, &seen, &sent
}

const manifest = `{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","metadata":{"namespace":"flux-system","name":"a"}}`

// TestMerge checks that the request contains only the change, with a field manager that
// kustomize-controller does not override.
func TestMerge(t *testing.T) {
	client, seen, sent := server(t, 200, strings.Replace(manifest, `"metadata"`, `"spec":{"suspend":true},"metadata"`, 1))
	if err := client.Merge(t.Context(), layer, map[string]any{"spec": map[string]any{"suspend": true}}); err != nil {
		t.Fatal(err)
	}
	if seen.Method != "PATCH" || seen.URL.Path != "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/a" {
		t.Errorf("%s %s", seen.Method, seen.URL)
	}
	if got := seen.Header.Get("Content-Type"); got != "application/merge-patch+json" {
		t.Errorf("a patch of type %s", got)
	}
	if manager := seen.URL.Query().Get("fieldManager"); manager == "" || strings.HasPrefix(manager, "kubectl") {
		t.Errorf("field manager %q", manager)
	}
	if string(*sent) != `{"spec":{"suspend":true}}` {
		t.Errorf("sent %s", *sent)
	}
}

func TestGet(t *testing.T) {
	client, seen, _ := server(t, 200, manifest)
	obj, err := client.Get(t.Context(), layer)
	if err != nil || obj.GetName() != "a" || seen.Method != "GET" {
		t.Errorf("%v %v %s", obj, err, seen.Method)
	}
}

// status is an error of an API server.
func status(code int, reason, message, name string) string {
	details := map[string]any{"group": "kustomize.toolkit.fluxcd.io", "kind": "kustomizations"}
	if name != "" {
		details["name"] = name
	}
	body, _ := json.Marshal(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure",
		"code": code, "reason": reason, "message": message, "details": details})
	return string(body)
}

func TestErrors(t *testing.T) {
	const denied = `kustomizations.kustomize.toolkit.fluxcd.io "a" is forbidden: User "ann" cannot patch resource "kustomizations"`
	for _, c := range []struct {
		about, body                string
		code                       int
		want                       string
		forbidden, absent, passing bool
	}{
		{about: "no right", code: 403, body: status(403, "Forbidden", denied, "a"), forbidden: true,
			want: "forbidden: cannot patch kustomizations.kustomize.toolkit.fluxcd.io in namespace \"flux-system\""},
		{about: "a policy refuses it", code: 403, body: status(403, "Forbidden", `admission webhook "w" denied the request: not on Fridays`, "a"),
			want: `admission webhook "w" denied the request: not on Fridays`},
		{about: "gone", code: 404, body: status(404, "NotFound", `kustomizations "a" not found`, "a"), absent: true, want: "it no longer exists"},
		{about: "not served", code: 404, body: status(404, "NotFound", "the server could not find the requested resource", ""),
			want: "the cluster no longer serves kustomizations.kustomize.toolkit.fluxcd.io at kustomize.toolkit.fluxcd.io/v1"},
		{about: "a conflict", code: 409, body: status(409, "Conflict", "the object has been modified", "a"), passing: true, want: "other clients change it at the same time"},
		{about: "not valid", code: 422, body: status(422, "Invalid", "spec.x: no", "a"), want: "spec.x: no"},
		{about: "trouble in the server", code: 500, body: status(500, "InternalError", "etcdserver: leader changed", "a"), passing: true, want: "etcdserver: leader changed"},
	} {
		t.Run(c.about, func(t *testing.T) {
			client, _, _ := server(t, c.code, c.body)
			err := client.Merge(t.Context(), layer, map[string]any{})
			var failed *Error
			if !errors.As(err, &failed) || failed.Forbidden() != c.forbidden || failed.Absent() != c.absent || failed.Passing() != c.passing {
				t.Fatalf("%#v: %v", failed, err)
			}
			if want := "changing Kustomization flux-system/a: " + c.want; err.Error() != want {
				t.Errorf("%s\nwant %s", err, want)
			}
		})
	}
}

func TestServerTimeout(t *testing.T) {
	block := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	defer s.Close()
	defer close(block)
	client, err := NewClient(&rest.Config{Host: s.URL, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Get(t.Context(), layer)
	var failed *Error
	if !errors.As(err, &failed) || !failed.Passing() || err.Error() != "reading Kustomization flux-system/a: the API server did not answer in time" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Get(ctx, layer); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestOtherKinds(t *testing.T) {
	client, _, _ := server(t, 200, manifest)
	err := client.Merge(t.Context(), object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "a", Name: "b"}, nil)
	if err == nil || !strings.Contains(err.Error(), "changing Secret a/b is not supported for its kind") {
		t.Errorf("%v", err)
	}
}

// TestOtherAnswers checks that an answer that is not the object, or not the changed one, is an
// error that describes it, and is not retried.
func TestOtherAnswers(t *testing.T) {
	suspended := strings.Replace(manifest, `"metadata"`, `"spec":{"suspend":true},"metadata"`, 1)
	suspend, resume := map[string]any{"spec": map[string]any{"suspend": true}}, map[string]any{"spec": map[string]any{"suspend": nil}}
	for _, c := range []struct {
		about, body string
		patch       map[string]any
		want        string
	}{
		{"suspended", suspended, suspend, ""},
		{"resumed", manifest, resume, ""},
		{"resumed, with the default written out", strings.ReplaceAll(suspended, "true", "false"), resume, ""},
		{"not suspended", manifest, suspend, "the API server has not changed spec.suspend"},
		{"not resumed", suspended, resume, "the API server has not changed spec.suspend"},
		{"another name", strings.ReplaceAll(suspended, `"a"`, `"b"`), suspend, "the answer is Kustomization flux-system/b, not flux-system/a"},
		{"another namespace", strings.ReplaceAll(suspended, `"flux-system"`, `"x"`), suspend, "the answer is Kustomization x/a, not flux-system/a"},
		{"another kind", strings.ReplaceAll(suspended, "Kustomization", "HelmRelease"), suspend, "the answer is a HelmRelease, not a Kustomization"},
		{"another group", strings.ReplaceAll(suspended, "kustomize.toolkit.fluxcd.io", "x.io"), suspend, "the answer is a Kustomization of x.io/v1, not of kustomize.toolkit.fluxcd.io/v1"},
		{"a Status", `{"kind":"Status","apiVersion":"v1","status":"Success"}`, suspend, "the answer is a Status, not a Kustomization"},
		{"nothing", "", suspend, "the answer is empty"},
		{"null", "null", suspend, "the answer is null, not a Kustomization"},
		{"a page", "<html><title>Log in\x1b[31m</title>", suspend, `the answer is an HTML page with the title "Log in`},
		{"half", suspended[:40], suspend, "the answer is truncated after 40 bytes"},
	} {
		t.Run(c.about, func(t *testing.T) {
			client, _, _ := server(t, 200, c.body)
			err := client.Merge(t.Context(), layer, c.patch)
			var failed *Error
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if !errors.As(err, &failed) || failed.Passing() || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%v, want %q", err, c.want)
			}
			if strings.Contains(c.want, "changed") || c.want == "" {
				return
			}
			if _, err := client.Get(t.Context(), layer); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("get: %v", err)
			}
		})
	}
}

// TestNames checks that a name that can't be in a path is not requested.
func TestNames(t *testing.T) {
	for _, name := range []string{"..", "a/b", "a%2f", "", "\ufffd"} {
		client, seen, _ := server(t, 200, manifest)
		ref := layer
		ref.Namespace = name
		if name == "" {
			ref.Namespace, ref.Name = "a", "../../secrets"
		}
		if _, err := client.Get(t.Context(), ref); err == nil || seen.URL != nil {
			t.Errorf("%q: %v, requested %v", name, err, seen.URL)
		}
	}
}
