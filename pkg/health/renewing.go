package health

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// renewalTolerance is how long a working layer may take to apply a newer revision before it counts
// as Progressing. On every commit, all layers are reconciled one at a time,
// usually without changes, each waiting a few seconds for the previous one; otherwise,
// the verdict would change with every commit. Actual changes show in the workloads
// immediately.
const renewalTolerance = time.Minute

// renewing reports whether Flux is applying a newer revision to a layer whose last
// finished attempt succeeded.
func (a *Assessor) renewing(obj *unstructured.Unstructured, ready object.Condition) bool {
	if object.Text(obj.Object, "status", "lastAppliedRevision") == "" || object.Int(obj.Object, "status", "observedGeneration") < obj.GetGeneration() {
		return false
	}
	if last, recorded := lastRecorded(obj); recorded && last.reason != succeededReason || !recorded && object.ConditionOf(obj, "Healthy").Is("False") {
		return false
	}
	return a.now.Sub(ready.Since) < renewalTolerance
}

func (a *Assessor) renewed(obj *unstructured.Unstructured, v Verdict, ready object.Condition) Verdict {
	v = a.checkStale(obj, v.with(Ready, "", object.Text(obj.Object, "status", "lastAppliedRevision"), steadySince(obj, ready)))
	v.Renewing = v.Status == Ready
	return v
}
