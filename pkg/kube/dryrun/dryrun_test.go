package dryrun

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

var configMaps = request.Place{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Resource: "configmaps", Namespace: "a"}

func configMap(data map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "c", "namespace": "a"}, "data": data,
	}}
}

func newClient(t *testing.T, objects ...*unstructured.Unstructured) (*Client, *fakeapi.Server) {
	t.Helper()
	api := fakeapi.New(t, objects...)
	client, err := NewClient(&rest.Config{Host: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client, api
}

// TestApplyChangesNothing checks the request, and that the object in the cluster stays.
func TestApplyChangesNothing(t *testing.T) {
	client, api := newClient(t, configMap(map[string]any{"k": "old"}))
	got, err := client.Apply(t.Context(), configMaps, configMap(map[string]any{"k": "new"}))
	if err != nil || got.Object["data"].(map[string]any)["k"] != "new" {
		t.Fatal(got, err)
	}
	sent := api.Requests()[0]
	query, err := url.ParseQuery(sent.Query)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"dryRun": "All", "force": "true", "fieldManager": "kustomize-controller"} {
		if query.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, query.Get(key), want)
		}
	}
	if live, err := client.Get(t.Context(), configMaps, "c"); err != nil || live.Object["data"].(map[string]any)["k"] != "old" {
		t.Errorf("the object has changed: %v %v", live, err)
	}
}

func TestErrors(t *testing.T) {
	large := configMap(map[string]any{"k": strings.Repeat("x", maxBody)})
	for _, test := range []struct {
		name  string
		fault fakeapi.Fault
		obj   *unstructured.Unstructured
		want  string
	}{
		{"invalid", fakeapi.Status(http.StatusUnprocessableEntity, "Invalid", "field is immutable"), configMap(nil), "applying ConfigMap a/c in a dry run: field is immutable"},
		{"another object", fakeapi.JSON(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"a"}}`), configMap(nil), "applying ConfigMap a/c in a dry run: the answer is ConfigMap a/x, not a/c"},
		{"a page", fakeapi.Body(http.StatusOK, "text/html", "<html><title>Login</title>"), configMap(nil), `applying ConfigMap a/c in a dry run: the answer is an HTML page with the title "Login", not JSON: the page of a proxy or of a login`},
		{"too large", fakeapi.JSON(`{}`), large, "applying ConfigMap a/c in a dry run: the object has 3072 KiB, and an API server accepts no more than 3072"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client, api := newClient(t)
			api.Fail("/configmaps/", test.fault)
			if _, err := client.Apply(t.Context(), configMaps, test.obj); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestBody checks that the body is the object, as JSON, which is YAML.
func TestBody(t *testing.T) {
	client, api := newClient(t)
	var body []byte
	var contentType string
	api.Fail("/configmaps/", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ = io.ReadAll(r.Body)
			contentType = r.Header.Get("Content-Type")
			_, _ = w.Write(body)
		})
	})
	obj := configMap(map[string]any{"k": "v"})
	if _, err := client.Apply(t.Context(), configMaps, obj); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(obj.Object)
	if err != nil || string(body) != string(want) || contentType != "application/apply-patch+yaml" {
		t.Errorf("%s %s", contentType, body)
	}
}

func TestNormalize(t *testing.T) {
	for _, test := range []struct{ name, object, want string }{
		{"ports of a Deployment", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [{name: c, ports: [{containerPort: 1}, {containerPort: 2, protocol: UDP}]}]}}}}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, creationTimestamp: null}, spec: {selector: null, strategy: {}, template: {metadata: {}, spec: {containers: [{name: c, ports: [{containerPort: 1, protocol: TCP}, {containerPort: 2, protocol: UDP}], resources: {}}]}}}}`},
		{"ports of a Service", `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}]}, status: {x: 1}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: a, creationTimestamp: null}, spec: {ports: [{port: 1, protocol: TCP, targetPort: 0}]}}`},
		{"stringData", `{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: YQ==}, stringData: {b: b}}`,
			`{apiVersion: v1, kind: Secret, metadata: {name: a, creationTimestamp: null}, data: {a: YQ==, b: Yg==}}`},
		{"a role stays as it is", `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, aggregationRule: {}}`,
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, aggregationRule: {}}`},
		{"a custom resource", `{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {x: 1}, status: {y: 1}}`,
			`{apiVersion: example.com/v1, kind: Thing, metadata: {name: a, creationTimestamp: null}, spec: {x: 1}}`},
		{"a malformed object", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: text}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, creationTimestamp: null}, spec: text}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			obj := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(test.object), &obj.Object); err != nil {
				t.Fatal(err)
			}
			var want map[string]any
			if err := yaml.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			Normalize(obj)
			got, err := yaml.Marshal(obj.Object)
			if err != nil {
				t.Fatal(err)
			}
			wanted, err := yaml.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(wanted) {
				t.Errorf("got\n%s\nwant\n%s", got, wanted)
			}
		})
	}
}
