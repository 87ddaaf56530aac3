package redact

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

func FuzzRedact(f *testing.F) {
	for _, text := range []string{
		`{"kind":"Secret","data":{"a":"eA==","tls.crt":[1]},"stringData":"x","metadata":[],"x":1}`,
		`{"kind":"SecretList","items":[{"data":{"a":"b"}},1,{"metadata":null}]}`,
		`{"kind":"HelmRelease","spec":{"values":[[1,{"a":true}]],"postRenderers":{"kustomize":1}}}`,
		`{"kind":"Kustomization","spec":{"postBuild":{"substitute":"x"},"patches":[[{"patch":{"kind":"Secret"}}]]}}`,
		`{"metadata":{"annotations":[1],"labels":{"kind":"Secret","env":"x","token":"y"},"managedFields":1}}`,
		`{"containers":[{"env":[{"name":"A","value":[{"env":["x"]}]},"B=c"],"command":{"args":1}}]}`,
		`{"password":{"value":["x",{"value":1}]},"secret":[["x"]],"token":1.5,"auth":true,"name":"password","value":"x"}`,
		`{"apiVersion":"x.io/v1","kind":"W","metadata":{"name":"n","annotations":{"a":"b"}},"spec":{"name":"https://a:b@c","ref":{"name":"r"},"list":[["x",{"data":{"name":"y"}}]],"size":"1Gi","selector":{"a":"b"},"password":{"value":1}},"status":{"message":"token=x","phase":"P"}}`,
		`{"apiVersion":"x.io/v1","kind":"WList","items":[{"metadata":{"name":"n"},"spec":{"config":"x"}}]}`,
		`{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","spec":{"rules":[{"when":[{"key":"request.headers[x]","values":["y",1]}, 1]}, 1]}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var content map[string]any
		if kjson.Unmarshal(text, &content) != nil {
			return
		}
		obj := &unstructured.Unstructured{Object: content}
		Redact(obj)
		once := obj.DeepCopy()
		Redact(obj)
		if !reflect.DeepEqual(once, obj) {
			t.Errorf("redacted twice:\n%v\n%v", once, obj)
		}
	})
}

func TestRedactIsTotal(t *testing.T) {
	Redact(nil)
	Redact(&unstructured.Unstructured{})
	odd := &unstructured.Unstructured{Object: map[string]any{
		"a": []string{"hunter2"}, "b": map[string]string{"c": "hunter2"}, "c": json.Number("1"), "d": 1, "e": int32(1)}}
	Redact(odd)
	want := map[string]any{"a": mask.Redacted, "b": mask.Redacted, "c": mask.Redacted, "d": 1, "e": int32(1)}
	if !reflect.DeepEqual(odd.Object, want) {
		t.Errorf("%v", odd.Object)
	}
}

func newObject(apiVersion, kind string, fields map[string]any) *unstructured.Unstructured {
	content := map[string]any{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": "x", "namespace": "a"}}
	maps.Copy(content, fields)
	return &unstructured.Unstructured{Object: content}
}

// marshalled is the object in JSON without escapes of HTML, as in a saved snapshot.
func marshalled(t *testing.T, obj *unstructured.Unstructured) string {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(obj.Object); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// depth returns the depth of nested maps and lists.
func depth(value any) (levels int) {
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range v {
			levels = max(levels, depth(inner))
		}
	case []any:
		for _, inner := range v {
			levels = max(levels, depth(inner))
		}
	default:
		return 0
	}
	return levels + 1
}

func TestRedactBoundsDepth(t *testing.T) {
	for name, wrap := range map[string]func(any) any{
		"maps":   func(v any) any { return map[string]any{"m": v} },
		"lists":  func(v any) any { return []any{v} },
		"values": func(v any) any { return map[string]any{"env": []any{map[string]any{"value": v}}} },
	} {
		var deep any = "hunter2"
		for range 100_000 {
			deep = wrap(deep)
		}
		obj := newObject("v1", "Pod", map[string]any{"spec": deep})
		Redact(obj)
		if got := depth(obj.Object); got >= mask.MaxDepth {
			t.Errorf("%s: %d levels deep, at most %d are read from a file", name, got, mask.MaxDepth-1)
		}
		if text := marshalled(t, obj); !strings.Contains(text, mask.Redacted) {
			t.Errorf("%s: nothing stands for what is deeper", name)
		}
	}
	var fits any = "kept"
	for range mask.MaxDepth - 2 {
		fits = []any{fits}
	}
	obj := newObject("v1", "Pod", map[string]any{"spec": fits})
	Redact(obj)
	if text := marshalled(t, obj); !strings.Contains(text, `"kept"`) {
		t.Error("what Read accepts is cut off")
	}
}

func TestRedactFields(t *testing.T) {
	for name, test := range map[string]struct{ from, want string }{
		"a reference to a Secret is none": {
			`{"valuesFrom":[{"kind":"Secret","name":"x","valuesKey":"y"}]}`,
			`{"valuesFrom":[{"kind":"Secret","name":"x","valuesKey":"y"}]}`},
		"volumes and pull secrets": {
			`{"volumes":[{"name":"v","secret":{"secretName":"s","optional":true}}],"imagePullSecrets":[{"name":"p"}],"automountServiceAccountToken":false}`,
			`{"volumes":[{"name":"v","secret":{"secretName":"s","optional":true}}],"imagePullSecrets":[{"name":"p"}],"automountServiceAccountToken":false}`},
		"sensitive leaves, not maps": {
			`{"password":"x","credentials":{"user":"u","value":"x"},"tokens":["x"],"pin":1,"apiKey":5,"auth":true}`,
			`{"password":"<redacted>","credentials":{"user":"u","value":"<redacted>"},"tokens":["<redacted>"],"pin":1,"apiKey":"<redacted>","auth":true}`},
		"pairs with a sensitive name": {
			`{"x":[{"name":"DB_PASSWORD","value":"x"},{"name":"HOST","value":"db"}]}`,
			`{"x":[{"name":"DB_PASSWORD","value":"<redacted>"},{"name":"HOST","value":"db"}]}`},
		"annotations": {
			`{"annotations":{"reconcile.fluxcd.io/requestedAt":"now","acme.org/x":"y","kubectl.kubernetes.io/last-applied-configuration":"{}","kubectl.kubernetes.io/restartedAt":"then"}}`,
			`{"annotations":{"reconcile.fluxcd.io/requestedAt":"now","acme.org/x":"<redacted>","kubectl.kubernetes.io/restartedAt":"then"}}`},
		"labels are not fields": {
			`{"labels":{"env":"prod","command":"x","kind":"Secret","data":"d","other":"o"}}`,
			`{"labels":{"env":"prod","command":"x","kind":"Secret","data":"d","other":"o"}}`},
		"a Secret keeps only what is known": {
			`{"kind":"Secret","metadata":{"name":"s"},"data":{"a":"eA=="},"type":"Opaque","extra":"x"}`,
			`{"kind":"Secret","metadata":{"name":"s"},"data":{"a":"<redacted>"},"type":"Opaque"}`},
		"a Secret with nothing that is known": {`{"kind":"Secret","extra":"x"}`, `{"kind":"Secret"}`},
		"an unknown kind keeps names, references, conditions and measures": {
			`{"apiVersion":"x.io/v1","kind":"W","metadata":{"name":"n","namespace":"a","labels":{"l":"v"}},"spec":{"secretRef":{"name":"s","key":"k"},"mode":"Strict","text":"free","list":["free",1,true],"size":"10Gi","every":"1h30m","replicas":"1/3","users":[{"name":"alice","value":"free"}],"data":{"name":"free","type":"free"}},"status":{"phase":"Failed","message":"login with password=x failed","output":"free","at":"2026-05-04T12:00:00Z"}}`,
			`{"apiVersion":"x.io/v1","kind":"W","metadata":{"name":"n","namespace":"a","labels":{"l":"v"}},"spec":{"secretRef":{"name":"s","key":"k"},"mode":"Strict","text":"<redacted>","list":["<redacted>",1,true],"size":"10Gi","every":"1h30m","replicas":"1/3","users":[{"name":"<redacted>","value":"<redacted>"}],"data":{"name":"<redacted>","type":"<redacted>"}},"status":{"phase":"Failed","message":"login with password=<redacted> failed","output":"<redacted>","at":"2026-05-04T12:00:00Z"}}`},
		"a policy's headers, not its addresses": {
			`{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","spec":{"rules":[{"when":[{"key":"request.headers[x]","values":["y"]},{"key":"source.ip","values":["10.0.0.1"]}]}]}}`,
			`{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","spec":{"rules":[{"when":[{"key":"request.headers[x]","values":["<redacted>"]},{"key":"source.ip","values":["10.0.0.1"]}]}]}}`},
		"a Secret in a list": {
			`{"kind":"SecretList","items":[{"metadata":{"name":"s"},"data":{"a":"eA=="}}]}`,
			`{"kind":"SecretList","items":[{"kind":"Secret","metadata":{"name":"s"},"data":{"a":"<redacted>"}}]}`},
		"a Secret in a template": {
			`{"spec":{"manifest":{"kind":"Secret","stringData":{"a":"x"}}}}`,
			`{"spec":{"manifest":{"kind":"Secret","stringData":{"a":"<redacted>"}}}}`},
	} {
		var from, want map[string]any
		if err := kjson.Unmarshal([]byte(test.from), &from); err != nil {
			t.Fatal(name, err)
		}
		if err := kjson.Unmarshal([]byte(test.want), &want); err != nil {
			t.Fatal(name, err)
		}
		Redact(&unstructured.Unstructured{Object: from})
		if !reflect.DeepEqual(from, want) {
			t.Errorf("%s:\n got %v\nwant %v", name, from, want)
		}
	}
}
