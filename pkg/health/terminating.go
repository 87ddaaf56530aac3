package health

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// deletionTime is how long a deletion may take before it counts as stuck.
const deletionTime = 5 * time.Minute

// terminating judges an object of any kind that is being deleted: it is progressing,
// unless one of its finalizers is never removed.
func (a *Assessor) terminating(obj *unstructured.Unstructured, v Verdict) Verdict {
	at, message := obj.GetDeletionTimestamp().Time, "it is being deleted"
	if finalizers := obj.GetFinalizers(); len(finalizers) > 0 {
		message += "; finalizers: " + strings.Join(finalizers, ", ")
	}
	if a.now.Sub(at) < deletionTime {
		return v.with(Progressing, Deleting, message, at)
	}
	return v.with(Failing, Deleting, message, at)
}
