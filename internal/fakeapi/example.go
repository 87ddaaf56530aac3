package fakeapi

import (
	"context"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// ExampleServer serves the objects of a recorded cluster that keep selects, with a clock at the
// time of the recording.
func ExampleServer(t *testing.T, name string, keep func(*unstructured.Unstructured) bool) (*Server, []*unstructured.Unstructured) {
	t.Helper()
	snap := Example(t, name)
	var kept, rest []*unstructured.Unstructured
	for _, request := range snap.Requests() {
		for _, obj := range snap.List(request.GroupKind(), "").Objects {
			if obj = obj.DeepCopy(); keep(obj) {
				kept = append(kept, obj)
			} else {
				rest = append(rest, obj)
			}
		}
	}
	api := New(t, kept...)
	api.SetTime(snap.Meta().At)
	return api, rest
}

// examplesRead are the recorded clusters; each is read once.
var examplesRead sync.Map

// Example is the snapshot of an example; it is read once.
func Example(t *testing.T, name string) *snapshot.Snapshot {
	t.Helper()
	read, _ := examplesRead.LoadOrStore(name, sync.OnceValues(func() (*snapshot.Snapshot, error) {
		return recording.Read(context.Background(), recording.Source{From: []string{recording.ExamplePrefix + name}}, nil)
	}))
	snap, err := read.(func() (*snapshot.Snapshot, error))()
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// KeepAll keeps every object.
func KeepAll(*unstructured.Unstructured) bool { return true }

// KeepNone keeps no object.
func KeepNone(*unstructured.Unstructured) bool { return false }

// WithoutBHS omits one of the two tenants.
func WithoutBHS(obj *unstructured.Unstructured) bool {
	return !strings.Contains(obj.GetNamespace()+" "+obj.GetName(), "bhs")
}
