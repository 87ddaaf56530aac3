package deletion

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// claimInUse reports a claim that is kept while pods that use it have a node, whether
// or not they still run (k8s.io/kubernetes 1.36, pkg/controller/volume/pvcprotection,
// podUsesPVC).
func (t *termination) claimInUse() {
	pods, complete := t.list(kindIn{object.PodKind, t.ref.Namespace})
	users := slices.DeleteFunc(slices.Clone(pods), func(pod *unstructured.Unstructured) bool {
		return object.Text(pod.Object, "spec", "nodeName") == "" || !slices.Contains(engine.Claims(pod), t.ref.Name)
	})
	switch {
	case len(users) == 0 && !complete:
		t.addReason("finalizer %s keeps it while pods use it", claimProtection)
	case len(users) == 0:
		t.addReason("finalizer %s is removed by kube-controller-manager: no pod uses the claim", claimProtection)
		t.inspect("Check its events, and whether kube-controller-manager works")
	default:
		t.usedBy(users)
	}
}

// usedBy names the pods that use the claim, and how to save its data before they are
// deleted: a deletion can't be undone.
func (t *termination) usedBy(users []*unstructured.Unstructured) {
	verb := "use"
	if len(users) == 1 {
		verb = "uses"
	}
	t.addReason("%s still %s it (%s), which finalizer %s waits for", finding.Count(len(users), "pod"), verb, engine.NamesOf(users), claimProtection)
	var owners []object.Ref
	var over []string
	leaving := 0
	for i, pod := range users {
		if i < engine.MaxNamed {
			t.proof = append(t.proof, engine.UsesClaim(pod, t.ref.Name)...)
		}
		phase := object.Text(pod.Object, "status", "phase")
		switch {
		case t.blameDeleted(pod):
			leaving++
		case phase == "Succeeded" || phase == "Failed":
			over = append(over, pod.GetName())
		default:
			owners = engine.AddRef(owners, t.x.WorkloadOf(pod))
		}
	}
	if leaving == len(users) {
		return // they are being deleted themselves
	}
	t.keepData()
	if len(over) > 0 {
		t.fix(finding.Fix{Text: "Delete the pods that have terminated; they no longer run",
			Command: escape.Command("kubectl delete pod %s -n %s", escape.ShellWords(over), t.ref.Namespace)})
	}
	slices.SortFunc(owners, object.Ref.Compare)
	for _, owner := range owners {
		t.fix(t.stopUser(owner))
	}
}

// stopUser is how to stop a workload from using a claim that is being deleted.
func (t *termination) stopUser(owner object.Ref) finding.Fix {
	next := "a claim that is created again gets an empty volume, unless its spec.volumeName names the old one"
	fix := finding.Fix{Text: fmt.Sprintf("Back up the data first: a deletion cannot be undone. Then stop %s, so that the claim can be deleted; %s", owner, next)}
	switch owner.GroupKind() {
	case object.DeploymentKind, object.StatefulSetKind:
		fix.Command = escape.Command("kubectl scale %s %s -n %s --replicas=0", engine.ResourceOf(owner), owner.Name, owner.Namespace)
	default:
		fix.Command = escape.Command("kubectl get pods -n %s", owner.Namespace)
	}
	return fix
}

// keepData retains the volume of the claim when the claim is deleted.
func (t *termination) keepData() {
	volume := engine.CoreRef(object.VolumeKind.Kind, "", object.Text(t.obj.Object, "spec", "volumeName"))
	if volume.Name == "" {
		return
	}
	answer := t.x.Snap.Lookup(volume)
	policy := ""
	if answer.Presence == snapshot.Present {
		policy = object.Text(answer.Object.Object, "spec", "persistentVolumeReclaimPolicy")
	}
	switch policy {
	case "Retain":
		t.proof = append(t.proof, engine.Evidence(answer.Object, "spec.persistentVolumeReclaimPolicy", policy, time.Time{}))
	case "Delete":
		t.proof = append(t.proof, engine.Evidence(answer.Object, "spec.persistentVolumeReclaimPolicy", policy, time.Time{}))
		t.addReason("with the claim, %s and its data are deleted", volume)
		t.fix(finding.Fix{Text: "Keep the data: retain the volume when the claim is deleted",
			Command: escape.Command(`kubectl patch persistentvolume %s -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`, volume.Name)})
	default:
		t.fix(finding.Fix{Text: "Check whether the data is deleted with the claim: it is kept only if the reclaim policy of the volume is Retain",
			Command: "kubectl get persistentvolume " + escape.ShellWord(volume.Name)})
	}
}

// volumeInUse reports a volume that is kept while it is bound to a claim.
func (t *termination) volumeInUse() {
	claim := engine.CoreRef(object.ClaimKind.Kind, object.Text(t.obj.Object, "spec", "claimRef", "namespace"), object.Text(t.obj.Object, "spec", "claimRef", "name"))
	phase := object.Text(t.obj.Object, "status", "phase")
	if phase != "Bound" || claim.Name == "" {
		t.addReason("finalizer %s is removed by kube-controller-manager: the volume is not bound to a claim", volumeProtection)
		t.inspect("Check its events")
		return
	}
	t.addReason("it is bound to %s, which finalizer %s waits for", claim, volumeProtection)
	t.proof = append(t.proof, engine.Evidence(t.obj, "status.phase", phase, time.Time{}), engine.Evidence(t.obj, "spec.claimRef.name", claim.Name, time.Time{}))
	answer := t.x.Snap.Lookup(claim)
	if answer.Presence == snapshot.Present && t.blameDeleted(answer.Object) {
		return
	}
	policy := object.Text(t.obj.Object, "spec", "persistentVolumeReclaimPolicy")
	if policy == "Delete" {
		t.proof = append(t.proof, engine.Evidence(t.obj, "spec.persistentVolumeReclaimPolicy", policy, time.Time{}))
		t.fix(finding.Fix{Text: "Keep the data: retain the volume when the claim is deleted",
			Command: escape.Command(`kubectl patch persistentvolume %s -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`, t.ref.Name)})
	}
	t.fix(finding.Fix{Text: fmt.Sprintf("Keep %s until its data is backed up or copied to another claim: the deletion cannot be undone, but it has no effect while the claim exists", claim),
		Command: escape.Command("kubectl describe persistentvolumeclaim %s -n %s", claim.Name, claim.Namespace)})
}

// storageDriver reports a finalizer of the controllers of a CSI driver. A volume that
// is attached to a node that is down is not detached.
func (t *termination) storageDriver(name string) {
	t.addReason("finalizer %s is removed by the storage driver's controller", name)
	attached := []*unstructured.Unstructured{t.obj}
	if t.ref.GroupKind() == object.VolumeKind {
		attached = t.x.Attachments(t.ref.Name, &t.unknown)
	}
	for _, a := range attached {
		node := object.Text(a.Object, "spec", "nodeName")
		if node == "" {
			continue
		}
		t.addReason("the volume is attached to node %s", node)
		if a != t.obj {
			t.proof = append(t.proof, engine.Evidence(a, "spec.source.persistentVolumeName", t.ref.Name, time.Time{}))
		}
		t.proof = append(t.proof, engine.Evidence(a, "spec.nodeName", node, time.Time{}))
		if obj := t.x.Snap.Lookup(engine.CoreRef(object.NodeKind.Kind, "", node)).Object; obj != nil && t.x.NodeVerdict(obj).Status == health.Failing {
			t.blame = engine.AddRef(t.blame, object.RefOf(obj))
		}
	}
	t.complaints()
	t.inspect("Read its events from the storage driver")
}
