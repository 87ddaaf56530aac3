package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// nodePatience is how long a pod may wait for a node before that counts as a
// failure: an autoscaler needs a minute or two for one.
const nodePatience = 3 * time.Minute

// unscheduled is a pod for which there is no node.
func (s podView) unscheduled() []trouble {
	if field.Text(s.pod.Object, "spec", "nodeName") != "" {
		return nil
	}
	scheduled := field.ConditionOf(s.pod, "PodScheduled")
	if scheduled.Status != "True" && (scheduled.Reason == schedulingGated || len(field.List(s.pod.Object, "spec", "schedulingGates")) > 0) {
		return []trouble{s.gated(scheduled)}
	}
	if scheduled.Status != "False" {
		return s.unseen()
	}
	t := trouble{
		code: codeUnschedulable, reason: scheduled.Reason, since: scheduled.Since,
		soft:     s.x.now.Sub(scheduled.Since) < nodePatience,
		evidence: []finding.Evidence{quote(s.pod, scheduled)},
		message:  fmt.Sprintf("no node is available for %s: %s", s.pods(), firstLine(scheduled.Message)),
		fixes:    []finding.Fix{{Text: "Read the scheduler's messages in the pod's events", Command: s.describe()}},
	}
	s.scheduling(scheduled.Message, &t)
	return []trouble{t}
}

// unseen is a pod that no scheduler has looked at.
func (s podView) unseen() []trouble {
	scheduler := field.Text(s.pod.Object, "spec", "schedulerName")
	seen := len(field.List(s.pod.Object, "status", "containerStatuses")) > 0 || field.ConditionOf(s.pod, "PodScheduled").Status != ""
	if field.Text(s.pod.Object, "status", "phase") != "Pending" || seen {
		return nil
	}
	created := s.pod.GetCreationTimestamp().Time
	return []trouble{{
		code: codeUnschedulable, reason: "Unscheduled", since: created, soft: s.x.now.Sub(created) < nodePatience,
		message:  fmt.Sprintf("no scheduler has handled %s", s.pods()),
		evidence: []finding.Evidence{{Ref: finding.RefOf(s.pod), Field: "spec.schedulerName", Value: scheduler}},
	}}
}

// scheduling reads the scheduler's reasons. One that all nodes share comes
// first; then nodes that are down and would have had room; then room; and only
// then what the pod itself asks for, which also keeps it off the other nodes in
// a message about room.
func (s podView) scheduling(message string, t *trouble) {
	said, _ := s.x.message(message).Scheduling()
	reasons := reasonsOf(said)
	switch {
	case reasons.claims:
		s.waitsForClaims(t)
	case len(reasons.ill) > 0 && s.downNodes(t, reasons):
	case len(reasons.short) > 0:
		s.noRoom(t, reasons.short)
	case reasons.selector != "":
		s.matchesNoNode(t, reasons.selector)
	case reasons.volume != "" && reasons.cordoned && s.cordonedHome():
		s.cordonedNodes(t)
	case reasons.volume != "":
		t.code = codeVolumeAffinity
		t.message = fmt.Sprintf("the volumes of %s are tied to nodes that can't run %s (%s)", s.owner, s.verb("its pods", "it"), reasons.volume)
		s.tiedVolumes(t)
	case len(reasons.taints) > 0:
		t.code = codeTaint
		s.tainted(t, reasons.taints)
	case reasons.cordoned:
		s.cordonedNodes(t)
	}
}

// tainted is a pod that every fitting node keeps off by a taint.
func (s podView) tainted(t *trouble, taints []string) {
	t.message = fmt.Sprintf("every node that could run %s has a taint that %s not tolerate: %s", s.pods(), s.verb("they do", "it does"), strings.Join(taints, ", "))
	key, _, _ := strings.Cut(taints[0], ":")
	for _, node := range s.x.snap.List(nodeKind, "").Objects {
		for i, taint := range field.List(node.Object, "spec", "taints") {
			if field.Text(taint, "key") == key && len(t.evidence) < maxNamed {
				t.evidence = append(t.evidence, evidence(node, fmt.Sprintf("spec.taints[%d].key", i), key, time.Time{}))
			}
		}
	}
	t.fixes = []finding.Fix{
		{Text: "If these nodes are meant for the pods, add a toleration for " + key, File: s.x.file(s.work, "tolerations"), Command: s.x.applyNow(s.work)},
		{Text: "If not, add a node without the taint; check the taints of the nodes", Command: "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints"},
	}
}

// tiedVolumes quotes to which nodes or zones the volumes of a pod are tied.
func (s podView) tiedVolumes(t *trouble) {
	var names []string
	for _, name := range claims(s.pod) {
		claim := s.x.snap.Lookup(coreRef("PersistentVolumeClaim", s.pod.GetNamespace(), name)).Object
		volume := s.x.snap.Lookup(coreRef(volumeKind.Kind, "", field.Text(objectOf(claim), "spec", "volumeName"))).Object
		if volume == nil {
			continue
		}
		names = append(names, volume.GetName())
		if tied, ok := valueAt(volume.Object, "spec.nodeAffinity"); ok {
			t.evidence = append(t.evidence, evidence(volume, "spec.nodeAffinity", tied, time.Time{}))
		}
	}
	if len(names) > 0 {
		t.fixes = slices.Insert(t.fixes, 0, finding.Fix{Text: "Check to which nodes or zones the volume is tied, and why the pod can't run there: they are cordoned, full, tainted or no longer exist; a volume cannot move to another zone, but its data can, with a snapshot or a copy",
			Command: "kubectl describe persistentvolume " + string(escape.ShellWords(names))})
	}
}

// waitsForClaims blames the pod's claims that are not bound.
func (s podView) waitsForClaims(t *trouble) {
	t.code = codeClaimPending
	t.message = fmt.Sprintf("%s %s for %s volumes", s.pods(), s.verb("wait", "waits"), s.verb("their", "its"))
	for _, name := range claims(s.pod) {
		ref := coreRef("PersistentVolumeClaim", s.pod.GetNamespace(), name)
		switch answer := s.x.snap.Lookup(ref); {
		case answer.Presence == snapshot.Absent:
			t.ref, t.message = ref, fmt.Sprintf("%s %s %s, which does not exist", s.pods(), s.verb("need", "needs"), ref)
		case answer.Presence == snapshot.Unknown:
			t.unknown = append(t.unknown, *answer.Why)
		case field.Text(answer.Object.Object, "status", "phase") != "Bound":
			t.blame = append(t.blame, ref)
		}
	}
}

// downNodes blames the nodes that are not well, where they would have had room
// for the pod.
func (s podView) downNodes(t *trouble, r reasons) bool {
	asked := requests(s.pod)
	for _, node := range s.x.snap.List(nodeKind, "").Objects {
		if s.x.nodeVerdict(node).Status != health.Ready && fits(asked, quantities(node, "allocatable")) && s.matches(node) {
			t.blame = append(t.blame, finding.RefOf(node))
		}
	}
	if len(t.blame) > 0 || len(r.short) == 0 {
		t.code = codeNodeNotReady
		t.message = fmt.Sprintf("the nodes that could run %s are not ready: %s", s.pods(), strings.Join(r.ill, ", "))
		return true
	}
	return false
}
