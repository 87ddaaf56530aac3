package versioned

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Diff is the versioned form of what a tree would change, for kubectl's printers.
func Diff(r *diff.Report) (runtime.Object, error) {
	out := v1alpha1.DiffReport{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.DiffReportKind},
		Entry:    r.Entry, Counts: diffCounts(r), Layers: []v1alpha1.DiffLayer{},
	}
	for _, l := range r.Layers {
		layer := v1alpha1.DiffLayer{
			Ref: l.Ref, Path: l.Path, Tenant: l.Tenant, State: string(l.State), Suspended: l.Suspended, Problem: l.Problem,
			Omitted: l.Omitted, Changes: []v1alpha1.DiffChange{}, Unchanged: int64(l.Unchanged), Ignored: int64(l.Ignored),
		}
		for _, c := range l.Changes {
			layer.Changes = append(layer.Changes, diffChange(c))
		}
		out.Layers = append(out.Layers, layer)
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the changes: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}

func diffCounts(r *diff.Report) v1alpha1.DiffCounts {
	count := func(action diff.Action) int64 { return int64(r.Count(action)) }
	counts := v1alpha1.DiffCounts{
		Immutable: count(diff.Immutable), Rejected: count(diff.Rejected), Unknown: count(diff.Unknown), Recreated: count(diff.Recreated),
		Pruned: count(diff.Pruned), Kept: count(diff.Kept), Moved: count(diff.Moved), Added: count(diff.Added), Changed: count(diff.Changed),
		Encrypted: count(diff.Encrypted),
	}
	for _, l := range r.Layers {
		counts.Unchanged += int64(l.Unchanged)
		counts.Ignored += int64(l.Ignored)
	}
	return counts
}

func diffChange(c diff.Change) v1alpha1.DiffChange {
	out := v1alpha1.DiffChange{
		Ref: c.Ref, Action: string(c.Action), Position: diffPosition(c.At), Message: c.Message, Warnings: c.Warnings,
		To: refOrNil(c.To), Diff: c.Diff,
	}
	for _, f := range c.Fields {
		out.Fields = append(out.Fields, v1alpha1.DiffField{Path: f.Path, Old: f.Old, New: f.New, Position: diffPosition(f.At)})
	}
	return out
}

func diffPosition(p tree.Position) *v1alpha1.LintPosition {
	if p.File == "" {
		return nil
	}
	position := lintPosition(p)
	return &position
}
