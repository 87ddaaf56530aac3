package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// attachPatience is how long a volume may take to be detached from where it was.
const attachPatience = 3 * time.Minute

// attached is a pod whose volume is attached to another node, which only one node
// can have: by a pod that still uses it there, or because that node is down.
func (s podView) attached(e health.Warning, said fluxmsg.Container) trouble {
	t := trouble{
		code: codeVolumeAttached, reason: e.Reason, soft: s.x.now.Sub(e.First) < attachPatience,
		message: fmt.Sprintf("a volume of %s is attached to another node: %s", s.owner, firstLine(said.Detail)),
		fixes:   []finding.Fix{{Text: "Check to which node the volume is attached", Command: "kubectl get volumeattachments"}},
	}
	claim := s.claimOf(said.Volume)
	if claim != nil {
		t.message = fmt.Sprintf("%s of %s is attached to another node", finding.RefOf(claim), s.owner)
		t.evidence = append(t.evidence, accessModes(claim)...)
	}
	holders, unread := s.holders(said, claim)
	t.unknown = unread
	if len(holders) == 0 {
		s.attachedTo(said.Volume, &t)
		return t
	}
	t.unknown = nil
	holder := holders[0]
	other := s.x.workloadOf(holder)
	if claim != nil {
		t.evidence = append(t.evidence, usesClaim(holder, claim.GetName())...)
	}
	t.evidence = append(t.evidence, evidence(holder, "spec.nodeName", field.Text(holder.Object, "spec", "nodeName"), time.Time{}))
	switch {
	case holder.GetDeletionTimestamp() != nil:
		t.message += fmt.Sprintf(", where pod %s has not terminated yet", holder.GetName())
		t.blame = []finding.Ref{finding.RefOf(holder)}
		t.fixes = []finding.Fix{{Text: "Check why the old pod does not terminate", Command: describe(finding.RefOf(holder))}}
	case !other.Same(s.owner):
		t.message += fmt.Sprintf(", where pod %s of %s uses it", holder.GetName(), other)
		t.fixes = []finding.Fix{{Text: fmt.Sprintf("Give %s its own claim, or run both pods on one node", s.owner), File: s.x.file(s.work, "volumes")}}
	default:
		s.ownHolder(holder, &t)
	}
	return t
}

// ownHolder is a volume that another pod of the same workload has: the old one,
// which a rolling update keeps until the new one is ready, or one beside it.
func (s podView) ownHolder(holder *unstructured.Unstructured, t *trouble) {
	const hash = "pod-template-hash"
	if holder.GetLabels()[hash] == s.pod.GetLabels()[hash] {
		t.message += fmt.Sprintf(", where pod %s uses it: its pods share one volume, which can be attached to only one node", holder.GetName())
		t.fixes = []finding.Fix{{Text: "Run one replica, or use a volume that several nodes can mount (access mode ReadWriteMany)", File: s.x.file(s.work, "spec.replicas"), Command: s.x.applyNow(s.work)}}
		return
	}
	if s.owner.GroupKind() != health.DeploymentKind {
		t.message += fmt.Sprintf(", where pod %s uses it", holder.GetName())
		return
	}
	t.message += fmt.Sprintf(", where its old pod %s uses it: a rolling update keeps the old pod until the new one is ready", holder.GetName())
	if s.work == nil {
		return
	}
	if strategy, ok := field.Quote(s.work.Object, "spec.strategy.type"); ok {
		t.evidence = append(t.evidence, evidence(s.work, "spec.strategy.type", strategy, time.Time{}))
		if strategy == "Recreate" { // then the old pod is about to go
			return
		}
	}
	t.fixes = []finding.Fix{{
		Text: "Set the Deployment's strategy to Recreate, so that the old pod terminates before the new one starts; the service is down in between",
		File: s.x.file(s.work, "spec.strategy.type"), Command: s.x.applyNow(s.work),
	}}
}

// attachedTo is a volume that no pod in sight uses: its node may be down, or
// gone.
func (s podView) attachedTo(volume string, t *trouble) {
	for _, a := range s.x.attachments(volume, &t.unknown) {
		name := field.Text(a.Object, "spec", "nodeName")
		if name == "" || name == field.Text(s.pod.Object, "spec", "nodeName") {
			continue
		}
		t.message += ": node " + name
		t.evidence = append(t.evidence, evidence(a, "spec.nodeName", name, time.Time{}))
		node := coreRef(nodeKind.Kind, "", name)
		answer := s.x.snap.Lookup(node)
		switch {
		case answer.Presence == snapshot.Absent:
			t.message += ", which does not exist"
			t.evidence = append(t.evidence, finding.Evidence{Ref: node, Field: "object", Value: "does not exist"})
			t.fixes = append(t.fixes, finding.Fix{Text: "Check which volume is attached to which node, and with the provider whether that machine is off", Command: "kubectl describe volumeattachment " + escape.ShellWord(a.GetName())},
				finding.Fix{Text: "Once it is certain that the machine is off, delete the VolumeAttachment; a machine that still writes to the volume would damage it",
					Command: "kubectl delete volumeattachment " + escape.ShellWord(a.GetName())})
		case answer.Presence == snapshot.Present && s.x.nodeVerdict(answer.Object).Status == health.Failing:
			t.blame = addRef(t.blame, node)
		}
		t.unknown = nil
		return
	}
}

// claimOf is the claim of the pod that a volume is bound to, nil when it could
// not be read.
func (s podView) claimOf(volume string) *unstructured.Unstructured {
	for _, name := range claims(s.pod) {
		claim := s.x.snap.Lookup(coreRef(claimKind.Kind, s.pod.GetNamespace(), name)).Object
		if claim != nil && field.Text(claim.Object, "spec", "volumeName") == volume {
			return claim
		}
	}
	return nil
}

// holders are the pods on other nodes that have the volume: those that the
// message names, or those that use its claim.
func (s podView) holders(said fluxmsg.Container, claim *unstructured.Unstructured) ([]*unstructured.Unstructured, []snapshot.Failure) {
	node := field.Text(s.pod.Object, "spec", "nodeName")
	var found []*unstructured.Unstructured
	for _, pod := range s.x.snap.List(health.PodKind, s.pod.GetNamespace()).Objects {
		named := slices.Contains(said.Holders, pod.GetName())
		uses := claim != nil && slices.Contains(claims(pod), claim.GetName())
		on, phase := field.Text(pod.Object, "spec", "nodeName"), field.Text(pod.Object, "status", "phase")
		if (named || uses) && on != "" && on != node && phase != "Succeeded" && phase != "Failed" {
			found = append(found, pod)
		}
	}
	slices.SortStableFunc(found, func(a, b *unstructured.Unstructured) int {
		return boolRank(!slices.Contains(said.Holders, a.GetName())) - boolRank(!slices.Contains(said.Holders, b.GetName()))
	})
	return found, s.x.unreadable(health.PodKind, s.pod.GetNamespace())
}

// accessModes are a claim's, as proof.
func accessModes(claim *unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for i, mode := range field.Texts(claim.Object, "spec", "accessModes") {
		if strings.HasPrefix(mode, "ReadWriteOnce") {
			proof = append(proof, evidence(claim, fmt.Sprintf("spec.accessModes[%d]", i), mode, time.Time{}))
		}
	}
	return proof
}
