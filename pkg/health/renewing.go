package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// grace is how long a layer that works may take over a newer revision before
// it counts as Progressing. On every commit all layers are tried again one after
// the other, mostly with nothing to change, each waiting a few seconds for the
// one before; a verdict that followed would flicker with every commit. What
// really changes shows in the workloads at once.
const grace = time.Minute

// renewing tells whether Flux is bringing a layer to a newer revision whose
// last finished try was good.
func (a *Assessor) renewing(obj *unstructured.Unstructured, ready field.Condition) bool {
	if field.Text(obj.Object, "status", "lastAppliedRevision") == "" || field.Int(obj.Object, "status", "observedGeneration") < obj.GetGeneration() {
		return false
	}
	if last, recorded := lastRecorded(obj); recorded && last.reason != succeeded || !recorded && field.ConditionOf(obj, "Healthy").Is("False") {
		return false
	}
	return a.now.Sub(ready.Since) < grace
}

func (a *Assessor) renewed(obj *unstructured.Unstructured, v Verdict, ready field.Condition) Verdict {
	v = a.checkStale(obj, v.with(Ready, "", field.Text(obj.Object, "status", "lastAppliedRevision"), steadySince(obj, ready)))
	v.Renewing = v.Status == Ready
	return v
}
