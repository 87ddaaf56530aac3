package deletion

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// fluxControllers are the controllers of Flux, by the group of their objects.
var fluxControllers = map[string]string{
	object.KustomizationKind.Group:   "kustomize-controller",
	object.HelmReleaseKind.Group:     "helm-controller",
	object.GitRepositoryKind.Group:   "source-controller",
	"notification.toolkit.fluxcd.io": "notification-controller",
	"image.toolkit.fluxcd.io":        "image-reflector-controller",
}

// flux reports the finalizer of an object of Flux, each of which has a controller.
func (t *termination) flux() {
	name, known := fluxControllers[t.ref.GroupKind().Group]
	if !known {
		t.guessed(fluxFinalizer)
		return
	}
	lost := "nothing in the cluster"
	switch t.ref.GroupKind() {
	case object.KustomizationKind:
		lost = "all that it applied"
	case object.HelmReleaseKind:
		lost = "the Helm release, with all that it installed,"
	}
	works := t.heldBy(fluxFinalizer, program{name, t.fluxNamespace(name), lost}, false) && !t.silent(name)
	switch {
	case !works:
	case object.Bool(t.obj.Object, "spec", "suspend"):
		t.suspended(name)
	case t.ref.GroupKind() == object.KustomizationKind:
		t.pruning(name)
	case t.ref.GroupKind() == object.HelmReleaseKind:
		t.uninstalling()
	}
	t.keepApplied()
	if works {
		t.restart(name)
	}
}

// prunes reports whether the deletion of a layer deletes the applied objects.
func (t *termination) prunes() bool {
	switch object.Text(t.obj.Object, "spec", "deletionPolicy") {
	case "Delete", "WaitForTermination":
		return true
	case "", "MirrorPrune":
		return object.Bool(t.obj.Object, "spec", "prune")
	}
	return false
}

// keepApplied is how to keep what a layer or release applied, before its controller has
// deleted it.
func (t *termination) keepApplied() {
	if object.Bool(t.obj.Object, "spec", "suspend") {
		return
	}
	switch kind := t.ref.GroupKind(); {
	case kind == object.KustomizationKind && t.prunes():
		t.fix(finding.Fix{Text: "To keep what it applied, suspend it: its controller then removes the finalizer and deletes nothing",
			Command: escape.Command("flux suspend kustomization %s -n %s", t.ref.Name, t.ref.Namespace)})
	case kind == object.HelmReleaseKind:
		t.fix(finding.Fix{Text: "To leave the Helm release installed, suspend it: its controller then removes the finalizer and uninstalls nothing",
			Command: escape.Command("flux suspend helmrelease %s -n %s", t.ref.Name, t.ref.Namespace)})
	}
}

// fluxNamespace is the namespace of the controllers of Flux: that of their Leases.
func (t *termination) fluxNamespace(controller string) string {
	if lease := t.lease(controller); lease != nil {
		return lease.GetNamespace()
	}
	return "flux-system"
}

// lease is the most recently renewed Lease of a controller or of its shards.
func (t *termination) lease(controller string) *unstructured.Unstructured {
	leases, _ := t.list(kindIn{object.LeaseKind, ""})
	var newest *unstructured.Unstructured
	for _, lease := range leases {
		if !strings.HasPrefix(lease.GetName(), controller) || !strings.Contains(lease.GetName(), "-leader-election") {
			continue
		}
		if newest == nil || object.Time(lease.Object, "spec", "renewTime").After(object.Time(newest.Object, "spec", "renewTime")) {
			newest = lease
		}
	}
	return newest
}

// silent reports whether a controller does not work although its pods are ready,
// according to its Lease.
func (t *termination) silent(controller string) bool {
	lease := t.lease(controller)
	if lease == nil {
		return false
	}
	renewed := object.Time(lease.Object, "spec", "renewTime")
	if !flux.Expired(t.x, lease) {
		return false
	}
	t.addReason("%s has not renewed its Lease", controller)
	t.proof = append(t.proof, engine.Evidence(lease, "spec.renewTime", object.Text(lease.Object, "spec", "renewTime"), renewed))
	t.restart(controller)
	return true
}

func (t *termination) restart(controller string) {
	t.fix(finding.Fix{Text: "If its log does not mention this object, restart it",
		Command: escape.Command("kubectl rollout restart deployment %s -n %s", controller, t.fluxNamespace(controller))})
}

// suspended reports an object from which Flux only removes the finalizer
// (kustomize-controller 1.7, finalizerShouldDeleteResources; helm-controller 1.6,
// reconcileDelete).
func (t *termination) suspended(controller string) {
	t.addReason("it is suspended, so %s deletes nothing of it, and only removes the finalizer", controller)
	t.proof = append(t.proof, engine.Evidence(t.obj, "spec.suspend", "true", time.Time{}))
}

// pruning reports a layer that is deleted after the objects that it applied have been
// deleted, and with the policy WaitForTermination no longer exist (kustomize-controller
// 1.7, finalize).
func (t *termination) pruning(controller string) {
	if !t.prunes() {
		t.addReason("it keeps what it applied, so %s only has to remove the finalizer", controller)
		return
	}
	inventory := health.Inventory(t.obj)
	var left, leaving []object.Ref
	for i, ref := range inventory {
		answer := t.x.Snap.Lookup(ref)
		if answer.Presence == snapshot.Unknown && answer.Failure.Reason != snapshot.NotServed {
			t.unknown = engine.Union(t.unknown, []snapshot.Failure{*answer.Failure})
		}
		if answer.Presence != snapshot.Present {
			continue
		}
		if t.blameDeleted(answer.Object) {
			leaving = append(leaving, ref)
			continue
		}
		if left = append(left, ref); len(left) == 1 {
			t.proof = append(t.proof, engine.Evidence(t.obj, fmt.Sprintf("status.inventory.entries[%d].id", i), inventoryID(t.obj, i), time.Time{}))
		}
	}
	if len(leaving) > 0 {
		t.addReason("it waits for what it applied and is being deleted: %s", refsText(leaving))
	}
	if len(left) == 0 {
		return
	}
	t.addReason("%s first has to delete what the layer applied, and %d of %d objects exist that are not being deleted: %s",
		controller, len(left), len(inventory), refsText(left))
}

// inventoryID is an entry of the inventory of a layer.
func inventoryID(layer *unstructured.Unstructured, i int) string {
	return object.Text(object.List(layer.Object, "status", "inventory", "entries")[i], "id")
}

// refsText names the first objects.
func refsText(refs []object.Ref) string {
	text := ""
	for i, ref := range refs[:min(len(refs), engine.MaxNamed)] {
		if i > 0 {
			text += ", "
		}
		text += ref.String()
	}
	if more := len(refs) - engine.MaxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// uninstalling reports a release that is deleted after Helm has uninstalled it, which
// by default waits for its objects (helm-controller 1.6, reconcileDelete).
func (t *termination) uninstalling() {
	r := flux.Release{X: t.x, Obj: t.obj, Result: &engine.Result{}}
	var leaving []object.Ref
	for _, kind := range append(append([]kindIn{}, kindIn{object.ClaimKind, r.Target()}), workloadsIn(r.Target())...) {
		objects, _ := t.list(kind)
		for _, obj := range objects {
			if r.Owns(obj) && t.blameDeleted(obj) {
				leaving = append(leaving, object.RefOf(obj))
			}
		}
	}
	if len(leaving) > 0 {
		t.addReason("Helm waits for what is being deleted: %s", refsText(leaving))
	}
}

func workloadsIn(namespace string) []kindIn {
	var kinds []kindIn
	for _, kind := range engine.WorkloadKinds {
		kinds = append(kinds, kindIn{kind, namespace})
	}
	return kinds
}
