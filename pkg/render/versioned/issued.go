package versioned

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/render"
)

// IssuedCertificate is the versioned form, as kubectl's printers take it.
func IssuedCertificate(i render.Issued) (runtime.Object, error) {
	issued := render.V1alpha1Issued(i)
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&issued)
	if err != nil {
		return nil, fmt.Errorf("encoding the certificate: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
