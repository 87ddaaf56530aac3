package diagnose

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// TestVerdictFields checks for each recorded cluster that the states of its tenants are the same
// when only the fields of queries.Verdicts are kept.
func TestVerdictFields(t *testing.T) {
	snaps := map[string]*snapshot.Snapshot{}
	for _, name := range recording.Examples() {
		snaps[name] = fakeapi.Example(t, strings.TrimPrefix(name, recording.ExamplePrefix))
	}
	for _, c := range faultCases(t) {
		snaps[c.name] = c.snap
	}
	dropped := 0
	for name, snap := range snaps {
		t.Run(name, func(t *testing.T) {
			whole, wholeSize := statesBy(t, snap, queries.Status())
			kept, keptSize := statesBy(t, snap, queries.Verdicts())
			if whole != kept {
				t.Errorf("with all fields:\n%s\nwithout:\n%s", whole, kept)
			}
			dropped += wholeSize - keptSize
		})
	}
	if dropped < 100_000 {
		t.Errorf("only %d bytes were not kept: what does the test compare?", dropped)
	}
}

// statesBy are the states of the tenants of a cluster that is read with the queries, and the
// size of what is read.
func statesBy(t *testing.T, recorded *snapshot.Snapshot, required []collect.Query) (string, int) {
	var objects []*unstructured.Unstructured
	for _, request := range recorded.Requests() {
		for _, obj := range recorded.List(request.GroupKind(), "").Objects {
			objects = append(objects, obj.DeepCopy())
		}
	}
	api := fakeapi.New(t, objects...)
	api.SetTime(recorded.Meta().At)
	session, err := collect.Open(t.Context(), &rest.Config{Host: api.URL}, collect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := session.Read(t.Context(), required)
	if err != nil {
		t.Fatal(err)
	}
	statuses, err := selection.Named(snap, nil, nil)
	if err != nil {
		return err.Error(), 0
	}
	text, err := json.MarshalIndent(statuses, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, query := range required {
		for _, obj := range snap.List(query.GroupKind, "").Objects {
			part, err := obj.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			size += len(part)
		}
	}
	return string(text), size
}
