package workload

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// pausedRollout reports a Deployment that was paused before all of its pods had the
// newest template. Its controller creates and scales no ReplicaSet for a new template
// while it is paused (kubernetes v1.36, pkg/controller/deployment/sync.go, sync), so
// waiting does not help.
func pausedRollout(obj *unstructured.Unstructured, failing bool) (finding.Finding, bool) {
	count := func(name string) int64 { return object.Int(obj.Object, "status", name) }
	ref := object.RefOf(obj)
	unfinished := count("updatedReplicas") < object.IntOr(1, obj.Object, "spec", "replicas") || count("replicas") > count("updatedReplicas")
	if ref.GroupKind() != object.DeploymentKind || !object.Bool(obj.Object, "spec", "paused") || !unfinished {
		return finding.Finding{}, false
	}
	f := finding.Finding{
		Code: engine.CodeRolloutFailed, Ref: ref, Reason: "DeploymentPaused", Severity: finding.Critical,
		Message:  fmt.Sprintf("the rollout of %s is paused, so its newest template is not rolled out", ref),
		Evidence: []finding.Evidence{engine.Evidence(obj, "spec.paused", "true", time.Time{})},
		Fixes:    []finding.Fix{flux.ResumeRollout(ref)},
	}
	if !failing {
		f.Severity = finding.Warning // it may be paused on purpose
	}
	if progress := object.ConditionOf(obj, "Progressing"); progress.Reason == f.Reason {
		f.Since, f.Evidence = progress.Since, append(f.Evidence, engine.ProofOf(obj, progress))
	}
	f.Evidence = append(f.Evidence, replicaProof(obj)...)
	return f, true
}
