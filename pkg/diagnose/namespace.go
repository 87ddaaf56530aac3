package diagnose

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// explainNamespace reports nothing on a namespace that is not being deleted.
func explainNamespace(_ *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	return engine.Result{Verdict: health.Verdict{Ref: object.RefOf(obj), Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
}

// judgeNamespace reports what a namespace that is being deleted waits for.
func judgeNamespace(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	return selfreport.ReadyResult(obj, time.Time{})
}
