package diagnose

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainNamespace tells why a namespace that is being deleted does not go:
// nothing can be created in it meanwhile.
func explainNamespace(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	if obj.GetDeletionTimestamp() != nil {
		return explainTerminating(x, obj, failing)
	}
	return exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
}
