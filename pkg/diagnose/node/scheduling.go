package node

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// schedulingGated is the reason of a pod's PodScheduled condition while its spec
// has scheduling gates (k8s.io/api v0.36, core/v1, PodReasonSchedulingGated).
const schedulingGated = "SchedulingGated"

// explainGates reports a pod that the scheduler ignores until the controllers that set its
// scheduling gates have removed them. That is not a failure of the pod, regardless of the
// time. Gates are set when a pod is created, and the condition has no time.
func explainGates(s pods.View, scheduled object.Condition) pods.Problem {
	since := scheduled.Since
	if since.IsZero() {
		since = s.Pod.GetCreationTimestamp().Time
	}
	t := pods.Problem{Code: engine.CodeUnschedulable, Reason: schedulingGated, Since: since, MayBeTemporary: true}
	var gates []string
	queued := false
	for _, gate := range object.List(s.Pod.Object, "spec", "schedulingGates") {
		name := object.Text(gate, "name")
		gates = append(gates, name)
		queued = queued || strings.HasPrefix(name, "kueue.x-k8s.io/")
		t.Evidence = append(t.Evidence, selfreport.QuoteFields(s.Pod, "spec.schedulingGates["+name+"].name")...)
	}
	t.Message = fmt.Sprintf("%s %s not scheduled while %s the scheduling gates %s", s.Pods(), s.Verb("are", "is"), s.Verb("they have", "it has"), strings.Join(gates, ", "))
	if len(gates) == 0 {
		t.Message = fmt.Sprintf("%s %s not scheduled: %s scheduling gates", s.Pods(), s.Verb("are", "is"), s.Verb("they have", "it has"))
	}
	if scheduled.Status != "" {
		t.Evidence = append(t.Evidence, engine.ProofOf(s.Pod, scheduled))
	}
	if queued {
		t.Fixes = append(t.Fixes, finding.Fix{Text: "Check the Kueue Workload that the pod belongs to: whether its queue has quota left",
			Command: "kubectl get workloads.kueue.x-k8s.io -n " + escape.ShellWord(s.Pod.GetNamespace())})
	}
	t.Fixes = append(t.Fixes, finding.Fix{Text: "Check what the controller that set each gate waits for: it removes the gate when the pod may be scheduled", Command: s.Describe()})
	return t
}

// schedulingTimeout is how long a pod may wait for a node before that is a failure: an
// autoscaler needs a minute or two to add one.
const schedulingTimeout = 3 * time.Minute

// CheckScheduling reports a pod that is not scheduled.
func CheckScheduling(s pods.View) []pods.Problem {
	if object.Text(s.Pod.Object, "spec", "nodeName") != "" {
		return nil
	}
	scheduled := object.ConditionOf(s.Pod, "PodScheduled")
	if scheduled.Status != "True" && (scheduled.Reason == schedulingGated || len(object.List(s.Pod.Object, "spec", "schedulingGates")) > 0) {
		return []pods.Problem{explainGates(s, scheduled)}
	}
	if scheduled.Status != "False" {
		return explainUnhandled(s)
	}
	t := pods.Problem{
		Code: engine.CodeUnschedulable, Reason: scheduled.Reason, Since: scheduled.Since,
		MayBeTemporary: s.X.Now.Sub(scheduled.Since) < schedulingTimeout,
		Evidence:       []finding.Evidence{engine.Quote(s.Pod, scheduled)},
		Message:        fmt.Sprintf("no node is available for %s: %s", s.Pods(), health.FirstLine(scheduled.Message)),
		Fixes:          []finding.Fix{{Text: "Read the scheduler's messages in the pod's events", Command: s.Describe()}},
	}
	explainScheduling(s, scheduled.Message, &t)
	return []pods.Problem{t}
}

// explainUnhandled reports a pod that no scheduler has handled.
func explainUnhandled(s pods.View) []pods.Problem {
	scheduler := object.Text(s.Pod.Object, "spec", "schedulerName")
	seen := len(object.List(s.Pod.Object, "status", "containerStatuses")) > 0 || object.ConditionOf(s.Pod, "PodScheduled").Status != ""
	if object.Text(s.Pod.Object, "status", "phase") != "Pending" || seen {
		return nil
	}
	created := s.Pod.GetCreationTimestamp().Time
	return []pods.Problem{{
		Code: engine.CodeUnschedulable, Reason: "Unscheduled", Since: created, MayBeTemporary: s.X.Now.Sub(created) < schedulingTimeout,
		Message:  fmt.Sprintf("no scheduler has handled %s", s.Pods()),
		Evidence: []finding.Evidence{{Ref: object.RefOf(s.Pod), Field: "spec.schedulerName", Value: scheduler}},
	}}
}

// explainScheduling evaluates the scheduler's reasons. A reason that all nodes share comes
// first; then nodes that are down and would have enough resources; then resources; and
// only then the pod's own constraints, which also exclude the other nodes in a message
// about resources.
func explainScheduling(s pods.View, message string, t *pods.Problem) {
	parsed, _ := s.X.Message(message).Scheduling()
	reasons := reasonsOf(parsed)
	switch {
	case reasons.claims:
		waitsForClaims(s, t)
	case len(reasons.notReady) > 0 && downNodes(s, t, reasons):
	case len(reasons.short) > 0:
		insufficientResources(s, t, reasons.short)
	case reasons.selector != "":
		explainSelector(s, t, reasons.selector)
	case reasons.volume != "" && reasons.cordoned && cordonedHome(s):
		cordonedNodes(s, t)
	case reasons.volume != "":
		t.Code = engine.CodeVolumeAffinity
		t.Message = fmt.Sprintf("the volumes of %s can be used only on nodes that can't run %s (%s)", s.Owner, s.Verb("its pods", "it"), reasons.volume)
		explainVolumeAffinity(s, t)
	case len(reasons.taints) > 0:
		t.Code = engine.CodeTaint
		explainTaints(s, t, reasons.taints)
	case reasons.cordoned:
		cordonedNodes(s, t)
	}
}

// explainTaints reports a pod that does not tolerate the taints of any matching node.
func explainTaints(s pods.View, t *pods.Problem, taints []string) {
	t.Message = fmt.Sprintf("every node that could run %s has a taint that %s not tolerate: %s", s.Pods(), s.Verb("they do", "it does"), strings.Join(taints, ", "))
	key, _, _ := strings.Cut(taints[0], ":")
	for _, node := range s.X.Snap.List(object.NodeKind, "").Objects {
		for i, taint := range object.List(node.Object, "spec", "taints") {
			if object.Text(taint, "key") == key && len(t.Evidence) < engine.MaxNamed {
				t.Evidence = append(t.Evidence, engine.Evidence(node, fmt.Sprintf("spec.taints[%d].key", i), key, time.Time{}))
			}
		}
	}
	t.Fixes = []finding.Fix{
		{Text: "If these nodes are meant for the pods, add a toleration for " + key, File: flux.File(s.X, s.Work, "tolerations"), Command: flux.ApplyCommand(s.X, s.Work)},
		{Text: "If not, add a node without the taint; check the taints of the nodes", Command: "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints"},
	}
}

// explainVolumeAffinity quotes the nodes or zones to which the volumes of a pod are tied.
func explainVolumeAffinity(s pods.View, t *pods.Problem) {
	var names []string
	for _, name := range engine.Claims(s.Pod) {
		claim := s.X.Snap.Lookup(engine.CoreRef("PersistentVolumeClaim", s.Pod.GetNamespace(), name)).Object
		volume := s.X.Snap.Lookup(engine.CoreRef(object.VolumeKind.Kind, "", object.Text(engine.ObjectOf(claim), "spec", "volumeName"))).Object
		if volume == nil {
			continue
		}
		names = append(names, volume.GetName())
		if tied, ok := engine.ValueAt(volume.Object, "spec.nodeAffinity"); ok {
			t.Evidence = append(t.Evidence, engine.Evidence(volume, "spec.nodeAffinity", tied, time.Time{}))
		}
	}
	if len(names) > 0 {
		t.Fixes = slices.Insert(t.Fixes, 0, finding.Fix{Text: "Check on which nodes or in which zones the volume can be used, and why the pod can't run there: the nodes are cordoned, full, tainted or no longer exist; a volume cannot move to another zone, but its data can, with a snapshot or a copy",
			Command: "kubectl describe persistentvolume " + string(escape.ShellWords(names))})
	}
}

// waitsForClaims blames the pod's claims that are not bound.
func waitsForClaims(s pods.View, t *pods.Problem) {
	t.Code = engine.CodeClaimPending
	t.Message = fmt.Sprintf("%s %s for %s volumes", s.Pods(), s.Verb("wait", "waits"), s.Verb("their", "its"))
	for _, name := range engine.Claims(s.Pod) {
		ref := engine.CoreRef("PersistentVolumeClaim", s.Pod.GetNamespace(), name)
		switch answer := s.X.Snap.Lookup(ref); {
		case answer.Presence == snapshot.Absent:
			t.Ref, t.Message = ref, fmt.Sprintf("%s %s %s, which does not exist", s.Pods(), s.Verb("need", "needs"), ref)
		case answer.Presence == snapshot.Unknown:
			t.Unknown = append(t.Unknown, *answer.Failure)
		case object.Text(answer.Object.Object, "status", "phase") != "Bound":
			t.Blame = append(t.Blame, ref)
		}
	}
}

// downNodes blames the nodes that are not ready, if they would have enough resources for
// the pod.
func downNodes(s pods.View, t *pods.Problem, r reasons) bool {
	requested := requests(s.Pod)
	for _, node := range s.X.Snap.List(object.NodeKind, "").Objects {
		if s.X.NodeVerdict(node).Status != health.Ready && fits(requested, quantities(node, "allocatable")) && matches(s, node) {
			t.Blame = append(t.Blame, object.RefOf(node))
		}
	}
	if len(t.Blame) > 0 || len(r.short) == 0 {
		t.Code = engine.CodeNodeNotReady
		t.Message = fmt.Sprintf("the nodes that could run %s are not ready: %s", s.Pods(), strings.Join(r.notReady, ", "))
		return true
	}
	return false
}

// reasons are the reasons in a message of the scheduler (kubernetes v1.36,
// pkg/scheduler/framework/plugins).
type reasons struct {
	claims           bool
	selector, volume string
	cordoned         bool
	// short are the resources that are lacking, notReady the taints of nodes that are not
	// ready, taints all others.
	short, notReady, taints []string
}

func reasonsOf(parsed kubelet.Scheduling) reasons {
	var r reasons
	for _, reason := range parsed.Reasons {
		words := reason.Text
		switch {
		case strings.Contains(words, "unbound immediate PersistentVolumeClaims"),
			strings.Contains(strings.ToLower(words), "persistentvolumeclaim"),
			strings.Contains(words, "available persistent volumes to bind"),
			strings.Contains(words, "waiting for ephemeral volume controller"):
			r.claims = true
		case reason.Resource != "":
			r.short = append(r.short, reason.Resource)
		case strings.Contains(words, "Too many pods"):
			r.short = append(r.short, "pods")
		case strings.HasPrefix(reason.Taint, "node.kubernetes.io/unschedulable"), strings.Contains(words, "were unschedulable"):
			r.cordoned = true
		case strings.HasPrefix(reason.Taint, "node.kubernetes.io/"):
			r.notReady = append(r.notReady, reason.Taint)
		case reason.Taint != "":
			r.taints = append(r.taints, reason.Taint)
		case strings.Contains(words, "volume node affinity conflict"), strings.Contains(words, "available volume zone"):
			r.volume = words
		case strings.Contains(words, "node affinity/selector"), strings.Contains(words, "node selector"):
			r.selector = words
		}
	}
	return r
}
