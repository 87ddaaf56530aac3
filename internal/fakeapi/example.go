package fakeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// ExampleServer serves the objects of a recorded cluster that keep selects, with a clock at the
// time of the recording.
func ExampleServer(t testing.TB, name string, keep func(*unstructured.Unstructured) bool) (*Server, []*unstructured.Unstructured) {
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
func Example(t testing.TB, name string) *snapshot.Snapshot {
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

// Fleet returns the objects with so many copies of those of tenant bhs instead, whose tenants are
// t0000, t0001, …. What happened in one tenant happened a second earlier in the next one.
func Fleet(objects []*unstructured.Unstructured, tenants int) []*unstructured.Unstructured {
	var fleet []*unstructured.Unstructured
	for _, obj := range objects {
		text, err := json.Marshal(obj.Object)
		if err != nil {
			panic(err) // it came from JSON
		}
		if !strings.Contains(obj.GetNamespace()+"/"+obj.GetName(), "bhs") {
			fleet = append(fleet, obj.DeepCopy())
			continue
		}
		for i := range tenants {
			clone := &unstructured.Unstructured{}
			copied := strings.ReplaceAll(timestamp.ReplaceAllStringFunc(string(text), func(at string) string { return earlier(at, i) }), "bhs", fmt.Sprintf("t%04d", i))
			if err := clone.UnmarshalJSON([]byte(copied)); err != nil {
				panic(err)
			}
			fleet = append(fleet, clone)
		}
	}
	return fleet
}

var timestamp = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`)

// earlier is a timestamp in quotes, some seconds earlier.
func earlier(quoted string, seconds int) string {
	at, err := time.Parse(`"`+time.RFC3339+`"`, quoted)
	if err != nil {
		return quoted
	}
	return at.Add(-time.Duration(seconds) * time.Second).Format(`"` + time.RFC3339 + `"`)
}
