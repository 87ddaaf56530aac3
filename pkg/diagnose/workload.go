package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// explainWorkload follows a workload to what keeps its pods from being made, or
// to its pods in trouble. A rollout within its time is no failure, unless
// something above has failed because of it.
func explainWorkload(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.workloadVerdict(obj)}
	switch e.verdict.Status {
	case health.Ready:
		return e
	case health.Suspended:
		if failing || tenant.IsOrthanc(obj) || tenant.IsDatabase(obj) || isController(obj) {
			e.findings = []finding.Finding{x.scaledToZero(obj, failing || isController(obj))}
		}
		return e
	}
	failing = failing || e.verdict.Status == health.Failing
	if x.creation(obj, &e, failing) {
		e.verdict.Status = health.Failing
		return e
	}
	pods, unread := x.pods(obj)
	worst, hard := x.blamePods(&e, pods, failing)
	if hard {
		e.verdict.Status, e.verdict.Reason = health.Failing, health.Reason(worst.reason)
		e.verdict.Message = worst.message
		if !worst.since.IsZero() {
			e.verdict.Since = worst.since
		}
	}
	if f, ok := pausedRollout(obj, failing); ok {
		x.addPaused(&e, f, hard)
		return e
	}
	if failing && len(e.blame) == 0 {
		e.unknown = union(e.unknown, unread)
		e.fallback = append(e.fallback, shortOfReplicas(obj, e.verdict))
	}
	return e
}

// workloadVerdict is health's, and for the two kinds that it does not judge, by
// their counters.
func (x *examiner) workloadVerdict(obj *unstructured.Unstructured) health.Verdict {
	v := health.Verdict{Ref: finding.RefOf(obj)}
	status := func(name string) int64 { return field.Int(obj.Object, "status", name) }
	var ready, wanted int64
	switch v.Ref.GroupKind() {
	case daemonSetKind:
		ready, wanted = status("numberAvailable"), status("desiredNumberScheduled")
	case replicaSetKind, replicationControllerKind:
		ready, wanted = status("readyReplicas"), field.IntOr(1, obj.Object, "spec", "replicas")
	default:
		return x.health.Of(v.Ref)
	}
	switch created := obj.GetCreationTimestamp().Time; {
	case obj.GetDeletionTimestamp() != nil:
		v.Status, v.Reason = health.Progressing, "Terminating"
	case status("observedGeneration") < obj.GetGeneration():
		v.Status, v.Reason = health.Progressing, "NotYetObserved"
	case ready >= wanted:
		v.Status, v.Since = health.Ready, created
	case x.now.Sub(created) < settling:
		v.Status, v.Reason, v.Since = health.Progressing, "RollingOut", created
	default:
		v.Status, v.Reason = health.Failing, "ReplicasNotReady"
	}
	if v.Status != health.Ready {
		v.Message = fmt.Sprintf("%d of %d replicas are ready", ready, wanted)
	}
	return v
}

// replicationControllerKind is what ReplicaSets replace.
var replicationControllerKind = schema.GroupKind{Kind: "ReplicationController"}

// settling is how long a workload without a deadline of its own may take.
const settling = 10 * time.Minute

// scaledToZero says how many pods there should be, where an autoscaler or another
// tenant's same workload tells: an autoscaler leaves a target with 0 replicas alone.
func (x *examiner) scaledToZero(obj *unstructured.Unstructured, failing bool) finding.Finding {
	ref := finding.RefOf(obj)
	f := finding.Finding{
		Code: codeScaledToZero, Ref: ref, Reason: "ScaledToZero", Severity: finding.Info,
		Message:  ref.String() + " is scaled to zero: no pod is running",
		Evidence: []finding.Evidence{evidence(obj, "spec.replicas", "0", time.Time{})},
		Fixes: []finding.Fix{{Text: "Scale it up, unless it was scaled to zero on purpose",
			Command: escape.Command("kubectl scale %s %s -n %s --replicas=1", resourceOf(ref), ref.Name, ref.Namespace)}},
	}
	if wanted := x.replicasWanted(&f, obj); wanted > 0 {
		f.Fixes = scaleUp(ref, wanted)
	}
	if failing {
		f.Severity = finding.Critical
	}
	return f
}

// replicaProof are the replicas that are wanted, and those there are.
func replicaProof(obj *unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for _, path := range []string{
		"spec.replicas", "status.replicas", "status.updatedReplicas", "status.readyReplicas", "status.availableReplicas",
		"status.desiredNumberScheduled", "status.currentNumberScheduled", "status.numberAvailable",
	} {
		if value, ok := field.Quote(obj.Object, path); ok {
			proof = append(proof, evidence(obj, path, value, time.Time{}))
		}
	}
	return proof
}

// shortOfReplicas is what to say when neither pods nor events tell more.
func shortOfReplicas(obj *unstructured.Unstructured, v health.Verdict) finding.Finding {
	f := finding.Finding{
		Code: codeReplicasMissing, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message:  fmt.Sprintf("%s is not ready: %s", v.Ref, firstLine(v.Message)),
		Evidence: replicaProof(obj),
		Fixes: []finding.Fix{{Text: "Read its controller's messages in its events",
			Command: escape.Command("kubectl describe %s %s -n %s", resourceOf(v.Ref), v.Ref.Name, v.Ref.Namespace)}},
	}
	if field.Bool(obj.Object, "spec", "paused") { // its template is rolled out, but it gets no other one
		f.Message += "; its rollout is paused"
		f.Evidence = append(f.Evidence, evidence(obj, "spec.paused", "true", time.Time{}))
		f.Fixes = append(f.Fixes, resumeRollout(v.Ref))
	}
	if progress := field.ConditionOf(obj, "Progressing"); progress.Status == "False" {
		f.Code, f.Reason = codeRolloutFailed, progress.Reason
		f.Evidence = append(f.Evidence, proofOf(obj, progress))
	}
	return f
}
