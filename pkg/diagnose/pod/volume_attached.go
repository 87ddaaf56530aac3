package pod

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// detachTimeout is how long a volume may take to be detached from its previous node.
const detachTimeout = 3 * time.Minute

// attached reports a pod whose volume is attached to another node, if only one node can
// have it: a pod still uses it there, or that node is down.
func attached(s pods.View, e health.Warning, parsed kubelet.Container) pods.Problem {
	t := pods.Problem{
		Code: engine.CodeVolumeAttached, Reason: e.Reason, MayBeTemporary: s.X.Now.Sub(e.First) < detachTimeout,
		Message: fmt.Sprintf("a volume of %s is attached to another node: %s", s.Owner, health.FirstLine(parsed.Detail)),
		Fixes:   []finding.Fix{{Text: "Check to which node the volume is attached", Command: "kubectl get volumeattachments"}},
	}
	claim := claimOf(s, parsed.Volume)
	if claim != nil {
		t.Message = fmt.Sprintf("%s of %s is attached to another node", object.RefOf(claim), s.Owner)
		t.Evidence = append(t.Evidence, accessModes(claim)...)
	}
	holders, unread := holders(s, parsed, claim)
	t.Unknown = unread
	if len(holders) == 0 {
		attachedTo(s, parsed.Volume, &t)
		return t
	}
	t.Unknown = nil
	holder := holders[0]
	other := s.X.WorkloadOf(holder)
	if claim != nil {
		t.Evidence = append(t.Evidence, engine.UsesClaim(holder, claim.GetName())...)
	}
	t.Evidence = append(t.Evidence, engine.Evidence(holder, "spec.nodeName", object.Text(holder.Object, "spec", "nodeName"), time.Time{}))
	switch {
	case holder.GetDeletionTimestamp() != nil:
		t.Message += fmt.Sprintf(", where pod %s has not terminated yet", holder.GetName())
		t.Blame = []object.Ref{object.RefOf(holder)}
		t.Fixes = []finding.Fix{{Text: "Check why the old pod does not terminate", Command: engine.Describe(object.RefOf(holder))}}
	case !other.Same(s.Owner):
		t.Message += fmt.Sprintf(", where pod %s of %s uses it", holder.GetName(), other)
		t.Fixes = []finding.Fix{{Text: fmt.Sprintf("Give %s its own claim, or run both pods on one node", s.Owner), File: flux.File(s.X, s.Work, "volumes")}}
	default:
		ownHolder(s, holder, &t)
	}
	return t
}

// ownHolder reports a volume that another pod of the same workload uses: the old pod,
// which a rolling update keeps until the new one is ready, or another replica.
func ownHolder(s pods.View, holder *unstructured.Unstructured, t *pods.Problem) {
	const hash = "pod-template-hash"
	if holder.GetLabels()[hash] == s.Pod.GetLabels()[hash] {
		t.Message += fmt.Sprintf(", where pod %s uses it: its pods share one volume, which can be attached to only one node", holder.GetName())
		t.Fixes = []finding.Fix{{Text: "Run one replica, or use a volume that several nodes can mount (access mode ReadWriteMany)", File: flux.File(s.X, s.Work, "spec.replicas"), Command: flux.ApplyCommand(s.X, s.Work)}}
		return
	}
	if s.Owner.GroupKind() != object.DeploymentKind {
		t.Message += fmt.Sprintf(", where pod %s uses it", holder.GetName())
		return
	}
	t.Message += fmt.Sprintf(", where its old pod %s uses it: a rolling update keeps the old pod until the new one is ready", holder.GetName())
	if s.Work == nil {
		return
	}
	if strategy, ok := object.Quote(s.Work.Object, "spec.strategy.type"); ok {
		t.Evidence = append(t.Evidence, engine.Evidence(s.Work, "spec.strategy.type", strategy, time.Time{}))
		if strategy == "Recreate" { // then the old pod will be deleted
			return
		}
	}
	t.Fixes = []finding.Fix{{
		Text: "Set the Deployment's strategy to Recreate, so that the old pod terminates before the new one starts; the service is down in between",
		File: flux.File(s.X, s.Work, "spec.strategy.type"), Command: flux.ApplyCommand(s.X, s.Work),
	}}
}

// attachedTo reports a volume that no known pod uses: its node may be down or deleted.
func attachedTo(s pods.View, volume string, t *pods.Problem) {
	for _, a := range s.X.Attachments(volume, &t.Unknown) {
		name := object.Text(a.Object, "spec", "nodeName")
		if name == "" || name == object.Text(s.Pod.Object, "spec", "nodeName") {
			continue
		}
		t.Message += ": node " + name
		t.Evidence = append(t.Evidence, engine.Evidence(a, "spec.nodeName", name, time.Time{}))
		node := engine.CoreRef(object.NodeKind.Kind, "", name)
		answer := s.X.Snap.Lookup(node)
		switch {
		case answer.Presence == snapshot.Absent:
			t.Message += ", which does not exist"
			t.Evidence = append(t.Evidence, finding.Evidence{Ref: node, Field: "object", Value: "does not exist"})
			t.Fixes = append(t.Fixes, finding.Fix{Text: "Check which volume is attached to which node, and with the provider whether that machine is off", Command: "kubectl describe volumeattachment " + escape.ShellWord(a.GetName())},
				finding.Fix{Text: "Once it is certain that the machine is off, delete the VolumeAttachment; a machine that still writes to the volume would damage it",
					Command: "kubectl delete volumeattachment " + escape.ShellWord(a.GetName())})
		case answer.Presence == snapshot.Present && s.X.NodeVerdict(answer.Object).Status == health.Failing:
			t.Blame = engine.AddRef(t.Blame, node)
		}
		t.Unknown = nil
		return
	}
}

// claimOf is the claim of the pod to which a volume is bound, nil if it could not be
// read.
func claimOf(s pods.View, volume string) *unstructured.Unstructured {
	for _, name := range engine.Claims(s.Pod) {
		claim := s.X.Snap.Lookup(engine.CoreRef(object.ClaimKind.Kind, s.Pod.GetNamespace(), name)).Object
		if claim != nil && object.Text(claim.Object, "spec", "volumeName") == volume {
			return claim
		}
	}
	return nil
}

// holders are the pods on other nodes that use the volume: those in the message, or those
// that use its claim.
func holders(s pods.View, parsed kubelet.Container, claim *unstructured.Unstructured) ([]*unstructured.Unstructured, []snapshot.Failure) {
	node := object.Text(s.Pod.Object, "spec", "nodeName")
	var found []*unstructured.Unstructured
	for _, pod := range s.X.Snap.List(object.PodKind, s.Pod.GetNamespace()).Objects {
		named := slices.Contains(parsed.Holders, pod.GetName())
		uses := claim != nil && slices.Contains(engine.Claims(pod), claim.GetName())
		on, phase := object.Text(pod.Object, "spec", "nodeName"), object.Text(pod.Object, "status", "phase")
		if (named || uses) && on != "" && on != node && phase != "Succeeded" && phase != "Failed" {
			found = append(found, pod)
		}
	}
	slices.SortStableFunc(found, func(a, b *unstructured.Unstructured) int {
		return engine.BoolRank(!slices.Contains(parsed.Holders, a.GetName())) - engine.BoolRank(!slices.Contains(parsed.Holders, b.GetName()))
	})
	return found, s.X.Unreadable(object.PodKind, s.Pod.GetNamespace())
}

// accessModes quote the access modes of a claim.
func accessModes(claim *unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for i, mode := range object.Texts(claim.Object, "spec", "accessModes") {
		if strings.HasPrefix(mode, "ReadWriteOnce") {
			proof = append(proof, engine.Evidence(claim, fmt.Sprintf("spec.accessModes[%d]", i), mode, time.Time{}))
		}
	}
	return proof
}
