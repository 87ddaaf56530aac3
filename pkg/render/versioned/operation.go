package versioned

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

// Operation is the versioned form of the results of an operation.
func Operation(results []operate.Result) (runtime.Object, error) {
	out := v1alpha1.Operation{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.OperationKind},
		Objects:  []v1alpha1.OperationResult{},
	}
	for _, r := range results {
		out.Objects = append(out.Objects, v1alpha1.OperationResult{
			Ref: r.Ref, Tenants: list(r.Tenants), Outcome: string(r.Outcome), Reason: r.Reason, Message: r.Message,
		})
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the results: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
