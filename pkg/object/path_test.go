package object

import (
	"testing"
)

func TestReadPath(t *testing.T) {
	obj := map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"app.kubernetes.io/name": "orthanc"}, "finalizers": []any{"a/b"}},
		"spec": map[string]any{
			"replicas": int64(2), "paused": true, "ratio": 1.5, "none": nil,
			"ports":    []any{map[string]any{"port": int64(4242)}, map[string]any{"port": int64(8042)}},
			"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "orthanc", "image": "x:1"}}}},
		},
		"status": map[string]any{"conditions": []any{"odd", map[string]any{"type": "Ready", "status": "False"}}},
	}
	for path, want := range map[string]string{
		"spec.replicas": "2", "spec.paused": "true", "spec.ratio": "1.5", ".spec.replicas": "2",
		"spec.ports[1].port": "8042", "metadata.finalizers[0]": "a/b",
		"spec.template.spec.containers[0].image":       "x:1",
		"spec.template.spec.containers[orthanc].image": "x:1",
		"spec.template.spec.containers":                `[{"image":"x:1","name":"orthanc"}]`,
		"metadata.labels[app.kubernetes.io/name]":      "orthanc",
		`metadata.labels["app.kubernetes.io/name"]`:    "orthanc",
		"status.conditions[Ready].status":              "False",
	} {
		if text, ok := Quote(obj, path); !ok || text != want {
			t.Errorf("%s = %q %v, want %q", path, text, ok, want)
		}
	}
	for _, path := range []string{
		"", ".", "spec..replicas", "spec[", "spec[]", "spec.ports[2].port", "spec.ports[-1]", "spec.ports[x]", "spec.replicas.x",
		"spec.template.spec.containers[pgpool].image", "spec.nothing", "metadata.labels.app.kubernetes.io/name", "<nil>",
	} {
		if value, ok := Read(obj, path); ok {
			t.Errorf("%q = %v", path, value)
		}
	}
	if value, ok := Read(obj, "spec.none"); !ok || value != nil {
		t.Errorf("a field that is null: %v %v", value, ok)
	}
	if text, ok := Quote(obj, "spec.none"); ok {
		t.Errorf("null has the text %q", text)
	}
}
