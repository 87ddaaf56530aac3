package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// pausedRollout reports a Deployment that was paused before all of its pods had the
// newest template. Its controller creates and scales no ReplicaSet for a new template
// while it is paused (kubernetes v1.36, pkg/controller/deployment/sync.go, sync), so
// waiting does not help.
func pausedRollout(obj *unstructured.Unstructured, failing bool) (finding.Finding, bool) {
	count := func(name string) int64 { return field.Int(obj.Object, "status", name) }
	ref := finding.RefOf(obj)
	unfinished := count("updatedReplicas") < field.IntOr(1, obj.Object, "spec", "replicas") || count("replicas") > count("updatedReplicas")
	if ref.GroupKind() != health.DeploymentKind || !field.Bool(obj.Object, "spec", "paused") || !unfinished {
		return finding.Finding{}, false
	}
	f := finding.Finding{
		Code: codeRolloutFailed, Ref: ref, Reason: "DeploymentPaused", Severity: finding.Critical,
		Message:  fmt.Sprintf("the rollout of %s is paused, so its newest template is not rolled out", ref),
		Evidence: []finding.Evidence{evidence(obj, "spec.paused", "true", time.Time{})},
		Fixes:    []finding.Fix{resumeRollout(ref)},
	}
	if !failing {
		f.Severity = finding.Warning // it may be paused on purpose
	}
	if progress := field.ConditionOf(obj, "Progressing"); progress.Reason == f.Reason {
		f.Since, f.Evidence = progress.Since, append(f.Evidence, proofOf(obj, progress))
	}
	f.Evidence = append(f.Evidence, replicaProof(obj)...)
	return f, true
}

func resumeRollout(ref finding.Ref) finding.Fix {
	return finding.Fix{
		Text:    "Resume the rollout, unless it was paused on purpose and more changes will follow",
		Command: escape.Command("kubectl rollout resume deployment/%s -n %s", ref.Name, ref.Namespace),
	}
}

// addPaused reports a paused rollout together with the problems of its pods: resuming
// it does not fix a pod of the newest template, and while it is paused, a pod of an
// older template is not replaced. If the problem of the pods is caused by another
// object, that object is followed first.
func (x *examiner) addPaused(e *exam, paused finding.Finding, hard bool) {
	e.findings = append(e.findings, paused)
	if !hard {
		e.blame = nil // they only take their time
		if e.verdict.Message == "" || e.verdict.Status == health.Progressing {
			e.verdict.Reason, e.verdict.Message = health.Reason(paused.Reason), paused.Message
		}
		return
	}
	for _, ref := range e.blame {
		below := x.examine(ref, true)
		if len(below.blame) > 0 {
			return
		}
		e.findings = append(e.findings, below.findings...)
		e.unknown = union(e.unknown, below.unknown)
	}
	e.blame = nil
}
