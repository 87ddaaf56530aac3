package operate

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// handled reports whether a reconciliation that began after the newest request is
// finished. If another client has sent a request in the meantime, that is the newest and
// covers this one. A request from before is not this one, which was lost.
func (s Step) handled(obj *unstructured.Unstructured) bool {
	newest := obj.GetAnnotations()[RequestAnnotation]
	return newest != "" && newest != s.requested && newest == object.Text(obj.Object, "status", "lastHandledReconcileAt")
}

// over reports whether no reconciliation is running or due immediately: for a newer spec,
// or after one that was aborted.
func over(obj *unstructured.Unstructured) bool {
	ready := object.ConditionOf(obj, "Ready")
	switch {
	case ready.Outdated(obj):
		return false
	case object.ConditionOf(obj, "Stalled").Is("True"):
		return true
	}
	return ready.Is("True") || ready.Is("False") && ready.Reason != "Progressing" && health.Reason(ready.Reason) != health.Canceled
}

// checking reports whether a layer has applied its objects and is running health checks
// (kustomize-controller's messages: "running health checks …", or "Running …" from 1.2
// on).
func checking(obj *unstructured.Unstructured) bool {
	return strings.HasPrefix(strings.ToLower(object.ConditionOf(obj, "Reconciling").Message), "running health checks")
}

// verdictOf judges the object by itself. That it was read proves nothing about
// any other object, so it has a field selector.
func verdictOf(obj *unstructured.Unstructured, now time.Time) health.Verdict {
	ref := object.RefOf(obj)
	kind := ref.GroupKind()
	b := snapshot.NewBuilder()
	b.Add(snapshot.Request{
		Group: kind.Group, Kind: kind.Kind, Namespace: ref.Namespace, FieldSelector: "metadata.name=" + ref.Name,
	}, obj.DeepCopy())
	return health.New(b.Build(snapshot.Meta{At: now})).Of(ref)
}

// judge returns the result of a triggered step. fetched is the revision of its source,
// empty if that is not known.
func (s Step) judge(obj *unstructured.Unstructured, fetched string, now time.Time) Result {
	verdict := verdictOf(obj, now)
	be := func(outcome Outcome, reason, message string) Result {
		return Result{Ref: s.Ref, Tenants: s.Tenants, Outcome: outcome, Reason: reason, Message: message}
	}
	switch {
	case obj.GetUID() != s.uid && s.uid != "":
		return be(Failing, "", "it was deleted and created again in the meantime")
	case verdict.Status == health.Suspended:
		return be(Failing, "", "it was suspended in the meantime")
	case !s.handled(obj):
		return be(Triggered, "", underWay(obj, notTakenUp))
	case s.behind(obj, fetched) && verdict.Status != health.Progressing:
		return be(Triggered, "", "it has not applied revision "+fetched+" yet")
	case verdict.Status == health.Ready && !verdict.Renewing:
		return be(Ready, "", verdict.Message)
	case verdict.Status == health.Failing && over(obj):
		return be(Failing, string(verdict.Reason), verdict.Message)
	}
	return be(Triggered, "", underWay(obj, verdict.Message))
}

// notTakenUp is the message of a request that no controller has handled yet.
const notTakenUp = "Flux has not handled the request yet"

// underWay is Flux's message about the running reconciliation, or the default.
func underWay(obj *unstructured.Unstructured, otherwise string) string {
	if now := object.ConditionOf(obj, "Reconciling"); now.Message != "" && now.Is("True") {
		return now.Message
	}
	return otherwise
}

// behind reports whether a layer has attempted only the revision from before, although
// its source has fetched a newer one: its controller is notified a moment later. A layer
// that can't read the fetched artifact does not progress.
func (s Step) behind(obj *unstructured.Unstructured, fetched string) bool {
	attempted := object.Text(obj.Object, "status", "lastAttemptedRevision")
	return fetched != "" && attempted != fetched && attempted == s.attempted && object.ConditionOf(obj, "Ready").Reason != "ArtifactFailed"
}
