package operate

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// handled tells whether a try that began after the newest request is over. Where
// somebody else has asked meanwhile, their request is the newest, and covers ours. One
// that was there before is not ours: ours was lost.
func (s Step) handled(obj *unstructured.Unstructured) bool {
	newest := obj.GetAnnotations()[RequestAnnotation]
	return newest != "" && newest != s.requested && newest == field.Text(obj.Object, "status", "lastHandledReconcileAt")
}

// over tells whether no try is under way, nor one that must come at once: of a
// newer spec, or after one that was broken off.
func over(obj *unstructured.Unstructured) bool {
	ready := field.ConditionOf(obj, "Ready")
	switch {
	case ready.Outdated(obj):
		return false
	case field.ConditionOf(obj, "Stalled").Is("True"):
		return true
	}
	return ready.Is("True") || ready.Is("False") && ready.Reason != "Progressing" && health.Reason(ready.Reason) != health.Canceled
}

// checking tells whether a layer has applied what it has, and looks at its health
// now (kustomize-controller's messages: "running health checks …", or "Running …"
// from 1.2 on).
func checking(obj *unstructured.Unstructured) bool {
	return strings.HasPrefix(strings.ToLower(field.ConditionOf(obj, "Reconciling").Message), "running health checks")
}

// verdictOf judges the object by itself. That it was read proves nothing about
// any other object, hence the field selector.
func verdictOf(obj *unstructured.Unstructured, now time.Time) health.Verdict {
	ref := finding.RefOf(obj)
	kind := ref.GroupKind()
	b := snapshot.NewBuilder()
	b.Add(snapshot.Asked{
		Group: kind.Group, Kind: kind.Kind, Namespace: ref.Namespace, FieldSelector: "metadata.name=" + ref.Name,
	}, obj.DeepCopy())
	return health.New(b.Build(snapshot.Meta{At: now})).Of(ref)
}

// judge tells what became of an asked step. fetched is the revision that its
// source is at, empty when that is not known.
func (s Step) judge(obj *unstructured.Unstructured, fetched string, now time.Time) Result {
	verdict := verdictOf(obj, now)
	be := func(outcome Outcome, reason, message string) Result {
		return Result{Ref: s.Ref, Tenants: s.Tenants, Outcome: outcome, Reason: reason, Message: message}
	}
	switch {
	case obj.GetUID() != s.uid && s.uid != "":
		return be(Failing, "", "it has been deleted and created again meanwhile")
	case verdict.Status == health.Suspended:
		return be(Failing, "", "somebody has suspended it meanwhile")
	case !s.handled(obj):
		return be(Asked, "", underWay(obj, notTakenUp))
	case s.behind(obj, fetched) && verdict.Status != health.Progressing:
		return be(Asked, "", "it has not got to revision "+fetched+" yet")
	case verdict.Status == health.Ready && !verdict.Renewing:
		return be(Ready, "", verdict.Message)
	case verdict.Status == health.Failing && over(obj):
		return be(Failing, string(verdict.Reason), verdict.Message)
	}
	return be(Asked, "", underWay(obj, verdict.Message))
}

// notTakenUp is said of a request that nobody has acted on.
const notTakenUp = "Flux has not taken it up yet"

// underWay is what Flux says of the try under way, or otherwise.
func underWay(obj *unstructured.Unstructured, otherwise string) string {
	if now := field.ConditionOf(obj, "Reconciling"); now.Message != "" && now.Is("True") {
		return now.Message
	}
	return otherwise
}

// behind tells whether a layer has tried nothing but what it had tried before,
// although its source has fetched something newer: its controller hears of that a
// moment later. A layer that can't read what was fetched will not get further.
func (s Step) behind(obj *unstructured.Unstructured, fetched string) bool {
	attempted := field.Text(obj.Object, "status", "lastAttemptedRevision")
	return fetched != "" && attempted != fetched && attempted == s.attempted && field.ConditionOf(obj, "Ready").Reason != "ArtifactFailed"
}
