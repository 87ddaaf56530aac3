package cluster

import (
	"context"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
)

// fixedMapper is the discovery of a server whose kinds don't change.
type fixedMapper struct{ meta.RESTMapper }

func (fixedMapper) Reset() {}

func TestFindInNamespaces(t *testing.T) {
	objs, err := Parse([]byte(`
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: a, labels: {app: orth}}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: default, labels: {app: orth}}
`))
	if err != nil {
		t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, meta.RESTScopeNamespace)
	mapper.Add(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, meta.RESTScopeRoot)
	var list []runtime.Object
	for _, o := range objs {
		list = append(list, o)
	}
	c := &Cluster{client: fake.NewSimpleDynamicClient(runtime.NewScheme(), list...), mapper: fixedMapper{mapper}}
	for _, test := range []struct {
		about string
		o     Objects
		want  []string
	}{
		{"one namespace", Objects{Kind: "Pod", Namespace: "a"}, []string{"a/p", "a/q"}},
		{"all namespaces", Objects{Kind: "Pod"}, []string{"a/p", "a/q", "default/q"}},
		{"all namespaces, with labels", Objects{Kind: "Pod", Labels: map[string]string{"app": "orth"}}, []string{"a/q", "default/q"}},
		{"without a label", Objects{Kind: "Pod", Without: "app"}, []string{"a/p"}},
		{"with and without labels", Objects{Kind: "Pod", Labels: map[string]string{"app": "orth"}, Without: "app"}, nil},
		{"a kind without namespaces", Objects{Kind: "Namespace"}, []string{"/a"}},
	} {
		test.o.APIVersion = "v1"
		found, err := c.Find(context.Background(), test.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(found); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.about, got, test.want)
		}
	}
}

func names(list []unstructured.Unstructured) []string {
	var out []string
	for i := range list {
		out = append(out, list[i].GetNamespace()+"/"+list[i].GetName())
	}
	slices.Sort(out)
	return out
}
