package planted

import (
	"embed"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// In cluster/*.yaml every place that may contain a secret has Mark, with a unique word, or its
// base64 form. Each word that begins with Keep is a fact, which redaction must not remove.
const (
	Mark = "PLANTED"
	Keep = "KEEP"
)

//go:embed cluster
var cluster embed.FS

// Cluster returns the objects of cluster/*.yaml, and their text.
func Cluster(t testing.TB) (objects []*unstructured.Unstructured, text string) {
	t.Helper()
	const dir = "cluster"
	files, err := cluster.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := cluster.ReadFile(dir + "/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		text += string(content)
		for doc := range strings.SplitSeq(string(content), "\n---\n") {
			objects = append(objects, Parse(t, doc))
		}
	}
	return objects, text
}

// Parse returns the object of a YAML document.
func Parse(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err, text)
	}
	var fields map[string]any
	if err := json.Unmarshal(converted, &fields); err != nil {
		t.Fatal(err, text)
	}
	return &unstructured.Unstructured{Object: fields}
}

// Tenants returns the objects of the given number of tenants: each has seven Flux objects,
// three pods and a Deployment, which are copies of those of Cluster.
func Tenants(t testing.TB, tenants int) []*unstructured.Unstructured {
	objects, _ := Cluster(t)
	var all []*unstructured.Unstructured
	wanted := map[string]int{"Kustomization": 5, "HelmRelease": 2, "Pod": 3, "Deployment": 1}
	for _, obj := range objects {
		for i := range wanted[obj.GetKind()] {
			for tenant := range tenants {
				one := obj.DeepCopy()
				one.SetNamespace(fmt.Sprintf("tenant-%04d", tenant))
				one.SetName(fmt.Sprintf("%s-%d", obj.GetName(), i))
				all = append(all, one)
			}
		}
	}
	return all
}
