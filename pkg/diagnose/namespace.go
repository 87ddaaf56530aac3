package diagnose

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainNamespace reports nothing on a namespace that is not being deleted.
func explainNamespace(_ *examiner, obj *unstructured.Unstructured, _ bool) exam {
	return exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
}
