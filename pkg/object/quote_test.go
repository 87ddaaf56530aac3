package object

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestQuote quotes fields by their paths, and only fields that the object has.
func TestQuote(t *testing.T) {
	obj := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"kubernetes.io/os": "linux"}},
		"spec": map[string]any{
			"selector": map[string]any{"istio": "ingress", "app": "x"},
			"replicas": int64(0), "paused": true, "none": nil,
			"ports":   []any{map[string]any{"name": "http", "port": int64(80)}},
			"servers": []any{map[string]any{"hosts": []any{"a", "b"}}},
		},
	}}
	for path, want := range map[string]string{
		"metadata.labels[kubernetes.io/os]": "linux",
		"spec.selector[istio]":              "ingress",
		"spec.selector":                     `{"app":"x","istio":"ingress"}`,
		"spec.replicas":                     "0",
		"spec.paused":                       "true",
		"spec.ports[http].port":             "80",
		"spec.ports[0].port":                "80",
		"spec.servers[0].hosts":             `["a","b"]`,
		"spec.servers[0].hosts[1]":          "b",
	} {
		if got, ok := Quote(obj.Object, path); got != want || !ok {
			t.Errorf("%s: %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"spec.none", "spec.servers[1]", "spec.servers[-1]", "spec.servers[x]", "spec.replicas.x", "status"} {
		if got, ok := Quote(obj.Object, path); ok {
			t.Errorf("%s is not there, and reads as %q", path, got)
		}
	}
}
