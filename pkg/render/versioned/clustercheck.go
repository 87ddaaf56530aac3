package versioned

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ClusterCheck is the versioned form of the checks of a cluster, for kubectl's printers.
func ClusterCheck(categories []check.Category, meta snapshot.Meta) (runtime.Object, error) {
	out := v1alpha1.ClusterCheck{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.ClusterCheckKind},
		At:       meta.At.UTC(), Server: meta.Server, Outcome: string(check.Worst(categories)), Checks: []v1alpha1.ClusterCheckResult{},
	}
	for _, category := range categories {
		for _, c := range category.Checks {
			result := v1alpha1.ClusterCheckResult{Category: category.Name, Name: c.Name, Outcome: string(c.Outcome), Message: c.Message}
			if c.Fix.Text != "" {
				result.Fix = &v1alpha1.Fix{Text: c.Fix.Text, Command: c.Fix.Command, File: c.Fix.File}
			}
			out.Checks = append(out.Checks, result)
		}
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the checks: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
