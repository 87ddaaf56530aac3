package versioned

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
)

// Comparison is the versioned form of a comparison of tenants, for kubectl's printers.
func Comparison(r *compare.Report) (runtime.Object, error) {
	out := v1alpha1.TenantComparison{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.TenantComparisonKind},
		A:        r.A, B: r.B, Layers: int64(r.Layers), Objects: int64(r.Objects),
		Differences: differences(r.Differences), Expected: differences(r.Expected), SharedSecrets: differences(r.SharedSecrets),
		Unknown: append([]string{}, r.Unknown...),
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the comparison: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}

func differences(list []compare.Difference) []v1alpha1.TenantDifference {
	out := []v1alpha1.TenantDifference{}
	for _, d := range list {
		out = append(out, v1alpha1.TenantDifference{Kind: string(d.Kind), Layer: d.Layer, A: tenantPlace(d.A), B: tenantPlace(d.B)})
	}
	return out
}

func tenantPlace(p compare.Place) *v1alpha1.TenantPlace {
	if !p.Present {
		return nil
	}
	out := &v1alpha1.TenantPlace{Ref: refOrNil(p.Ref), Field: p.Field, Value: p.Value}
	if p.At.File != "" {
		at := lintPosition(p.At)
		out.Position = &at
	}
	return out
}
