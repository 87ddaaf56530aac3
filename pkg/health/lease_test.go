package health

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// TestStoppedControllers repeats every scenario with all of Flux's controllers stopped for an
// hour: the state of objects that were ready or in progress is then unknown, while the verdict
// on objects that failed, are suspended or are not Flux's stays the same. A stuck object waits
// for its controller too.
func TestStoppedControllers(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, s := range scenarios(t, file) {
			alive := New(s.snapshot())
			s.Objects = append(leaseless(s.Objects), silentLeases()...)
			silent := New(s.snapshot())
			for _, ref := range s.refs() {
				compareSilence(t, s.Name, alive.Of(ref), silent.Of(ref))
			}
		}
	}
}

func compareSilence(t *testing.T, name string, alive, silent Verdict) {
	t.Helper()
	_, flux := controllers[alive.Ref.GroupKind().Group]
	rests := flux && alive.Ref.Kind != object.ExternalArtifactKind.Kind && alive.Reason != "Terminating" &&
		(alive.Status == Ready || alive.Status == Progressing || slices.Contains([]Reason{Stuck, Canceled, NeverReconciled}, alive.Reason))
	switch {
	case alive.Reason == "Stale" || alive.Ref.Kind == object.LeaseKind.Kind:
	case alive.Reason == Stuck && silent.Status == Failing: // by an earlier failure
	case rests && (silent.Status != Unknown || silent.Reason != "Stale"):
		t.Errorf("%s: %s is said to be %s (%s) though nobody watches it", name, alive.Ref, silent.Status, silent.Reason)
	case !rests && (silent.Status != alive.Status || silent.Reason != alive.Reason):
		t.Errorf("%s: %s turned from %s into %s, which no controller is to be asked about", name, alive.Ref, alive.Status, silent.Status)
	}
}

func leaseless(objects []map[string]any) []map[string]any {
	var rest []map[string]any
	for _, obj := range objects {
		if obj["kind"] != object.LeaseKind.Kind {
			rest = append(rest, obj)
		}
	}
	return rest
}

func silentLeases() []map[string]any {
	var leases []map[string]any
	for _, controller := range controllers {
		leases = append(leases, map[string]any{
			"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
			"metadata": map[string]any{"name": controller + "-leader-election", "namespace": "flux-system"},
			"spec":     map[string]any{"renewTime": "2026-03-01T11:00:00.000000Z"},
		})
	}
	return leases
}

// TestRenewals checks which Leases are those of Flux's controllers.
func TestRenewals(t *testing.T) {
	renewed := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]bool{
		"kustomize-controller-leader-election":          true,
		"kustomize-controller-shard1-leader-election":   true,
		"kustomize-controller-leader-election-f2173aaa": true, // with --watch-label-selector
		"kustomize-controller":                          false,
		"other-kustomize-controller-leader-election":    false,
	} {
		builder := snapshot.NewBuilder()
		builder.Add(snapshot.Request{Group: object.LeaseKind.Group, Version: "v1", Kind: object.LeaseKind.Kind}, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": name, "namespace": "flux-system"},
			"spec": map[string]any{"holderIdentity": "pod", "renewTime": renewed.Format("2006-01-02T15:04:05.000000Z")},
		}})
		got := Renewals(builder.Build(snapshot.Meta{At: renewed}))["kustomize-controller"]
		if got.Equal(renewed) != want {
			t.Errorf("%s: renewed %s", name, got)
		}
	}
}
