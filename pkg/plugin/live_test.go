package plugin

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// exampleServer is a recorded cluster, live: what of it keep takes, at a server with the
// clock of then.
func exampleServer(t *testing.T, name string, keep func(*unstructured.Unstructured) bool) (*fakeapi.Server, []*unstructured.Unstructured) {
	t.Helper()
	snap := exampleSnapshot(t, name)
	var kept, rest []*unstructured.Unstructured
	for _, asked := range snap.Asked() {
		for _, obj := range snap.List(asked.GroupKind(), "").Objects {
			if obj = obj.DeepCopy(); keep(obj) {
				kept = append(kept, obj)
			} else {
				rest = append(rest, obj)
			}
		}
	}
	api := fakeapi.New(t, kept...)
	api.SetTime(snap.Meta().At)
	return api, rest
}

// examplesRead are the recorded clusters, each read once.
var examplesRead sync.Map

func exampleSnapshot(t *testing.T, name string) *snapshot.Snapshot {
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

func keepAll(*unstructured.Unstructured) bool  { return true }
func keepNone(*unstructured.Unstructured) bool { return false }

// withoutBHS leaves one of the two tenants out.
func withoutBHS(obj *unstructured.Unstructured) bool {
	return !strings.Contains(obj.GetNamespace()+" "+obj.GetName(), "bhs")
}

// watchedOutput is what was written, for a test to wait for.
type watchedOutput struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newWatchedOutput() *watchedOutput { return &watchedOutput{more: make(chan struct{}, 1)} }

func (h *watchedOutput) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case h.more <- struct{}{}:
	default:
	}
	return h.text.Write(b)
}

func (h *watchedOutput) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// waitFor waits until the text was written.
func (h *watchedOutput) waitFor(t *testing.T, text string) {
	t.Helper()
	expired := time.After(20 * time.Second)
	for !strings.Contains(h.String(), text) {
		select {
		case <-h.more:
		case <-expired:
			t.Fatalf("no %q in: %s", text, h.String())
		}
	}
}
