package snapshot

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

func newVersion(kind schema.GroupKind, namespace, name, version string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": schema.GroupVersion{Group: kind.Group, Version: "v1"}.String(), "kind": kind.Kind,
		"metadata": map[string]any{"namespace": namespace, "name": name, "resourceVersion": version},
	}}
}

func requestFor(kind schema.GroupKind, namespace, selector string) Request {
	return Request{Group: kind.Group, Version: "v1", Kind: kind.Kind, Resource: "x", Namespace: namespace, FieldSelector: selector}
}

// TestLiveLikeBuilder checks that random changes give the snapshot that a Builder gives of the
// same objects.
func TestLiveLikeBuilder(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 2))
		live := NewLive()
		requests := []Request{
			requestFor(object.PodKind, "", "status.phase!=Running"), requestFor(object.DeploymentKind, "a", ""), requestFor(object.DeploymentKind, "b", ""),
		}
		want := map[Request]map[string]*unstructured.Unstructured{}
		for _, request := range requests {
			live.Set(request)
			want[request] = map[string]*unstructured.Unstructured{}
		}
		for step := range 60 {
			request := requests[random.IntN(len(requests))]
			namespace := request.Namespace
			if namespace == "" {
				namespace = "c"
			}
			name := fmt.Sprint(random.IntN(5))
			if random.IntN(3) == 0 {
				live.Remove(request, namespace, name)
				delete(want[request], name)
			} else {
				obj := newVersion(request.GroupKind(), namespace, name, fmt.Sprint(step))
				live.Put(request, obj.DeepCopy())
				want[request][name] = obj
			}
		}
		b := NewBuilder()
		for request, objects := range want {
			b.Add(request)
			for _, obj := range objects {
				b.Add(request, obj)
			}
		}
		meta := Meta{At: time.Unix(1, 0)}
		got, built := live.Snapshot(meta), b.Build(meta)
		for _, kind := range []schema.GroupKind{object.PodKind, object.DeploymentKind, object.ServiceKind} {
			for _, namespace := range []string{"", "a", "b", "c"} {
				if x, y := got.List(kind, namespace), built.List(kind, namespace); !reflect.DeepEqual(x, y) && len(x.Objects)+len(y.Objects) > 0 {
					t.Errorf("seed %d: %s in %q: %v, want %v", seed, kind, namespace, x, y)
				}
			}
		}
		if !reflect.DeepEqual(got.Requests(), built.Requests()) {
			t.Errorf("seed %d: %v, want %v", seed, got.Requests(), built.Requests())
		}
	}
}

// TestLiveSharesKinds checks that a snapshot does not change, and that only changed kinds are built
// again.
func TestLiveSharesKinds(t *testing.T) {
	live := NewLive()
	pods, deployments := requestFor(object.PodKind, "", ""), requestFor(object.DeploymentKind, "", "")
	live.Set(pods, newVersion(object.PodKind, "a", "p", "1"))
	live.Set(deployments, newVersion(object.DeploymentKind, "a", "d", "1"))
	first := live.Snapshot(Meta{})
	live.Put(pods, newVersion(object.PodKind, "a", "q", "2"))
	second := live.Snapshot(Meta{})
	if n, m := len(first.List(object.PodKind, "").Objects), len(second.List(object.PodKind, "").Objects); n != 1 || m != 2 {
		t.Errorf("%d and %d pods", n, m)
	}
	if first.kinds[object.DeploymentKind] != second.kinds[object.DeploymentKind] || first.kinds[object.PodKind] == second.kinds[object.PodKind] {
		t.Error("the wrong kinds are shared")
	}
	if live.Set(deployments, newVersion(object.DeploymentKind, "a", "d", "1")) || !live.Set(deployments, newVersion(object.DeploymentKind, "a", "d", "2")) {
		t.Error("whether an answer has changed")
	}
	live.Forget(pods)
	if live.Snapshot(Meta{}).List(object.PodKind, "").Unknown == nil {
		t.Error("a forgotten answer is still known")
	}
	if later := second.At(time.Unix(9, 0)); !later.Meta().At.Equal(time.Unix(9, 0)) || second.Meta().At.Equal(time.Unix(9, 0)) {
		t.Error("At changes the snapshot")
	}
}

// TestLiveRedacts checks that objects are redacted when they are added.
func TestLiveRedacts(t *testing.T) {
	live, request := NewLive(), requestFor(object.SecretKind, "", "")
	secret := func(name string) *unstructured.Unstructured {
		obj := newVersion(object.SecretKind, "a", name, "1")
		obj.Object["data"] = map[string]any{"password": "b3J0aGFuYw=="}
		return obj
	}
	live.Set(request, secret("a"))
	live.Put(request, secret("b"))
	for _, obj := range live.Snapshot(Meta{}).List(object.SecretKind, "").Objects {
		if value := object.Text(obj.Object, "data", "password"); value == "b3J0aGFuYw==" {
			t.Errorf("%s is not redacted", obj.GetName())
		}
	}
}

// BenchmarkLive is one change and one snapshot of the Flux objects of 1,000 tenants.
func BenchmarkLive(b *testing.B) {
	live, request := NewLive(), requestFor(object.KustomizationKind, "", "")
	var objects []*unstructured.Unstructured
	for i := range 7000 {
		objects = append(objects, newVersion(object.KustomizationKind, fmt.Sprint("n", i%1000), fmt.Sprint("k", i), "1"))
	}
	live.Set(request, objects...)
	b.ReportAllocs()
	for b.Loop() {
		live.Put(request, newVersion(object.KustomizationKind, "n1", "k1", "2"))
		live.Snapshot(Meta{})
	}
}
