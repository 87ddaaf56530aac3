package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainPod tells what keeps a pod from serving. Its findings are about the
// workload that a person would change: the pod itself is made anew from that.
func explainPod(x *examiner, pod *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: podVerdict(pod)}
	if e.verdict.Status == health.Ready {
		return e
	}
	s := x.read(pod)
	for _, t := range x.troubles(pod) {
		if t.soft && !failing {
			continue
		}
		e.verdict.Status, e.verdict.Reason, e.verdict.Message = health.Failing, health.Reason(t.reason), t.message
		if !t.since.IsZero() {
			e.verdict.Since = t.since
		}
		x.follow(&e, s, t)
	}
	if failing && len(e.findings)+len(e.fallback)+len(e.unknown) == 0 {
		e.fallback = append(e.fallback, s.finding(s.inexplicable()))
	}
	return e
}

// follow blames what a trouble comes from. When that is a database, a connection
// that is denied, or a claim, the pod only waits for it, and has a finding of its own only if there is
// nothing to be seen there.
func (x *examiner) follow(e *exam, s podView, t trouble) {
	f, waits := s.finding(t), t.code == codeClaimPending && len(t.blame) > 0
	if t.vague {
		down := append(x.downDatabases(s), x.deniedConnections(s)...)
		waits = waits || len(down) > 0
		t.blame = append(t.blame, down...)
	}
	for _, ref := range t.blame {
		e.blame = addRef(e.blame, ref)
	}
	e.unknown = union(e.unknown, t.unknown)
	switch {
	case waits:
		e.fallback = append(e.fallback, f)
	case len(t.unknown) == 0:
		e.findings = append(e.findings, f)
	}
}

// podVerdict goes by the pod's own phase and conditions.
func podVerdict(pod *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: finding.RefOf(pod), Status: health.Progressing, Since: pod.GetCreationTimestamp().Time}
	phase, ready := field.Text(pod.Object, "status", "phase"), field.ConditionOf(pod, "Ready")
	switch {
	case pod.GetDeletionTimestamp() != nil:
		v.Reason, v.Message, v.Since = "Terminating", "it is being deleted", pod.GetDeletionTimestamp().Time
	case phase == "Succeeded":
		v.Status = health.Ready
	case phase == "Failed":
		v.Status, v.Reason = health.Failing, health.Reason(field.Text(pod.Object, "status", "reason"))
		v.Message = firstLine(field.Text(pod.Object, "status", "message"))
	case ready.Status == "True":
		v.Status, v.Since = health.Ready, ready.Since
	default:
		v.Reason = health.Reason(ready.Reason)
		v.Message = firstLine(ready.Message)
	}
	return v
}

// inexplicable is what to say of a pod that is not ready without a word of why.
func (s podView) inexplicable() trouble {
	ready := field.ConditionOf(s.pod, "Ready")
	t := trouble{
		code: codeNotReadyForUnknown, reason: ready.Reason, since: ready.Since,
		message: fmt.Sprintf("%s is not ready, and neither its %s events state the reason", s.owner, s.verb("pods nor their", "status nor its")),
		fixes:   []finding.Fix{{Text: "Read the pod's log", Command: s.logs("", false)}},
	}
	if reason, message := field.Text(s.pod.Object, "status", "reason"), firstLine(field.Text(s.pod.Object, "status", "message")); reason != "" || message != "" {
		t.reason, t.evidence = cmp.Or(reason, t.reason), s.phase() // NodeLost
		t.message = fmt.Sprintf("%s is not ready: %s", s.owner, cmp.Or(message, reason))
	}
	if t.reason == "" {
		t.reason = "NotReady"
	}
	if ready.Status != "" {
		t.evidence = append(t.evidence, proofOf(s.pod, ready))
	}
	return t
}

// workloadOf names the object that a person would change to change the pod:
// what controls it, and of a ReplicaSet its Deployment.
func (x *examiner) workloadOf(pod *unstructured.Unstructured) finding.Ref {
	ref, owned := ownerOf(pod)
	if !owned || ref.Kind == "Node" { // a static pod is its node's
		return finding.RefOf(pod)
	}
	if ref.GroupKind() != replicaSetKind {
		return ref
	}
	if set := x.snap.Lookup(ref).Object; set != nil {
		if above, ok := ownerOf(set); ok {
			return above
		}
		return ref
	}
	// A ReplicaSet is named after its Deployment and the template's hash, which
	// every pod has as a label (kubernetes v1.36, pkg/controller/deployment/sync.go).
	hash := pod.GetLabels()["pod-template-hash"]
	if name, cut := strings.CutSuffix(ref.Name, "-"+hash); cut && hash != "" {
		return deploymentRef(pod.GetNamespace(), name)
	}
	return ref
}

// ownerOf names what an object was made by: its controller, or where none is
// marked as that, its first owner.
func ownerOf(obj *unstructured.Unstructured) (finding.Ref, bool) {
	owners := obj.GetOwnerReferences()
	if len(owners) == 0 {
		return finding.Ref{}, false
	}
	owner := owners[0]
	if controller := metav1.GetControllerOf(obj); controller != nil {
		owner = *controller
	}
	ref := finding.Ref{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: obj.GetNamespace(), Name: owner.Name}
	return ref, ref.Kind != "" && ref.Name != ""
}
