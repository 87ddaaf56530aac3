package health

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

func TestWorse(t *testing.T) {
	order := []Status{Ready, Unknown, Suspended, Progressing, Failing}
	for i, a := range order {
		for j, b := range order {
			if a.Worse(b) != (i > j) {
				t.Errorf("%s.Worse(%s) = %t", a, b, a.Worse(b))
			}
		}
	}
}

func TestSourceOf(t *testing.T) {
	for _, c := range []struct {
		source map[string]any
		want   object.Ref
	}{
		{map[string]any{"kind": "GitRepository", "name": "flux-system"},
			object.Ref{APIVersion: "source.toolkit.fluxcd.io/v1", Kind: "GitRepository", Namespace: "flux-system", Name: "flux-system"}},
		{map[string]any{"kind": "Bucket", "name": "b", "namespace": "other", "apiVersion": "source.toolkit.fluxcd.io/v1beta2"},
			object.Ref{APIVersion: "source.toolkit.fluxcd.io/v1beta2", Kind: "Bucket", Namespace: "other", Name: "b"}},
	} {
		obj := layer("infrastructure", "", "True", string(succeededReason))
		obj.Object["spec"].(map[string]any)["sourceRef"] = c.source
		if got := SourceOf(obj); got != c.want {
			t.Errorf("SourceOf(%v) = %v, want %v", c.source, got, c.want)
		}
	}
}
