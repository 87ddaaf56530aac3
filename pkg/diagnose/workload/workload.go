// Package workload explains what creates pods: Deployments, StatefulSets,
// DaemonSets, Jobs, autoscalers and quotas.
package workload

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// ExplainWorkload reports what prevents a workload's pods from being created, or blames its
// pods with problems. A rollout within its deadline is not a failure, unless something above
// has failed because of it.
func ExplainWorkload(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: x.WorkloadVerdict(obj)}
	switch e.Verdict.Status {
	case health.Ready:
		return e
	case health.Suspended:
		if failing || tenant.IsOrthanc(obj) || tenant.IsDatabase(obj) || flux.IsController(obj) {
			e.Findings = []finding.Finding{scaledToZero(x, obj, failing || flux.IsController(obj))}
		}
		return e
	}
	failing = failing || e.Verdict.Status == health.Failing
	if creation(x, obj, &e, failing) {
		e.Verdict.Status = health.Failing
		return e
	}
	pods, unread := pods.Current(x, obj)
	worst, hard := blamePods(x, &e, pods, failing)
	if hard {
		e.Verdict.Status, e.Verdict.Reason = health.Failing, health.Reason(worst.Reason)
		e.Verdict.Message = worst.Message
		if !worst.Since.IsZero() {
			e.Verdict.Since = worst.Since
		}
	}
	if f, ok := pausedRollout(obj, failing); ok {
		flux.AddPaused(x, &e, f, hard)
		return e
	}
	if failing && len(e.Blame) == 0 {
		e.Unknown = engine.Union(e.Unknown, unread)
		e.Fallback = append(e.Fallback, shortOfReplicas(obj, e.Verdict))
	}
	return e
}

// scaledToZero is the finding on a workload with zero replicas, with their number if an
// autoscaler or another tenant's corresponding workload determines it: an autoscaler does
// not scale a target with 0 replicas.
func scaledToZero(x *engine.Context, obj *unstructured.Unstructured, failing bool) finding.Finding {
	ref := object.RefOf(obj)
	f := finding.Finding{
		Code: engine.CodeScaledToZero, Ref: ref, Reason: "ScaledToZero", Severity: finding.Info,
		Message:  ref.String() + " is scaled to zero: no pod is running",
		Evidence: []finding.Evidence{engine.Evidence(obj, "spec.replicas", "0", time.Time{})},
		Fixes: []finding.Fix{{Text: "Scale it up, unless it was scaled to zero on purpose",
			Command: escape.Command("kubectl scale %s %s -n %s --replicas=1", engine.ResourceOf(ref), ref.Name, ref.Namespace)}},
	}
	if wanted := traffic.ReplicasWanted(x, &f, obj); wanted > 0 {
		f.Fixes = traffic.ScaleUp(ref, wanted)
	}
	if failing {
		f.Severity = finding.Critical
	}
	return f
}

// replicaProof quotes the requested replicas, and the present ones.
func replicaProof(obj *unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for _, path := range []string{
		"spec.replicas", "status.replicas", "status.updatedReplicas", "status.readyReplicas", "status.availableReplicas",
		"status.desiredNumberScheduled", "status.currentNumberScheduled", "status.numberAvailable",
	} {
		if value, ok := object.Quote(obj.Object, path); ok {
			proof = append(proof, engine.Evidence(obj, path, value, time.Time{}))
		}
	}
	return proof
}

// shortOfReplicas reports missing replicas, if neither pods nor events state the reason.
func shortOfReplicas(obj *unstructured.Unstructured, v health.Verdict) finding.Finding {
	f := finding.Finding{
		Code: engine.CodeReplicasMissing, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message:  fmt.Sprintf("%s is not ready: %s", v.Ref, health.FirstLine(v.Message)),
		Evidence: replicaProof(obj),
		Fixes: []finding.Fix{{Text: "Read the events of the workload",
			Command: escape.Command("kubectl describe %s %s -n %s", engine.ResourceOf(v.Ref), v.Ref.Name, v.Ref.Namespace)}},
	}
	if object.Bool(obj.Object, "spec", "paused") { // its template is rolled out, but a new one would not be
		f.Message += "; its rollout is paused"
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "spec.paused", "true", time.Time{}))
		f.Fixes = append(f.Fixes, flux.ResumeRollout(v.Ref))
	}
	if progress := object.ConditionOf(obj, "Progressing"); progress.Status == "False" {
		f.Code, f.Reason = engine.CodeRolloutFailed, progress.Reason
		f.Evidence = append(f.Evidence, engine.ProofOf(obj, progress))
	}
	return f
}
