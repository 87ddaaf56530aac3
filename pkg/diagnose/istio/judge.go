package istio

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
)

// JudgeIstio judges by what istiod writes if its status controllers are enabled:
// conditions, and messages of its analysis.
func JudgeIstio(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	conditions := slices.DeleteFunc(selfreport.Conditions(obj), func(c selfreport.Condition) bool { return c.Type == "Reconciled" }) // proxies that already have it
	if e, ok := selfreport.JudgeConditions(obj, conditions); ok {
		return e
	}
	if e, ok := selfreport.JudgeIstioAnalysis(obj); ok {
		return e
	}
	return selfreport.ReadyResult(obj, time.Time{})
}
