// Package pod explains why pods do not serve: their images, containers, probes, mounts
// and terminations.
package pod

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainPod reports why a pod is not ready. Its findings are on the workload, which is what
// users change: the pod is created from it.
func ExplainPod(x *engine.Context, pod *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: engine.PodVerdict(pod)}
	if e.Verdict.Status == health.Ready {
		return e
	}
	s := pods.ViewOf(x, pod)
	for _, t := range pods.Problems(x, pod) {
		if t.MayBeTemporary && !failing {
			continue
		}
		e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message = health.Failing, health.Reason(t.Reason), t.Message
		if !t.Since.IsZero() {
			e.Verdict.Since = t.Since
		}
		follow(x, &e, s, t)
	}
	if failing && len(e.Findings)+len(e.Fallback)+len(e.Unknown) == 0 {
		e.Fallback = append(e.Fallback, s.Finding(unexplained(s)))
	}
	return e
}

// follow blames the causes of a problem. If the cause is a database, a denied connection
// or a claim, the pod only waits for it, and gets a finding of its own only if the cause
// has none.
func follow(x *engine.Context, e *engine.Result, s pods.View, t pods.Problem) {
	f, waits := s.Finding(t), t.Code == engine.CodeClaimPending && len(t.Blame) > 0
	if t.Unexplained {
		down := append(pods.DownDatabases(x, s), deniedConnections(x, s)...)
		waits = waits || len(down) > 0
		t.Blame = append(t.Blame, down...)
	}
	for _, ref := range t.Blame {
		e.Blame = engine.AddRef(e.Blame, ref)
	}
	e.Unknown = engine.Union(e.Unknown, t.Unknown)
	switch {
	case waits:
		e.Fallback = append(e.Fallback, f)
	case len(t.Unknown) == 0:
		e.Findings = append(e.Findings, f)
	}
}

// unexplained reports a pod that is not ready for an unknown reason.
func unexplained(s pods.View) pods.Problem {
	ready := object.ConditionOf(s.Pod, "Ready")
	t := pods.Problem{
		Code: engine.CodeNotReadyForUnknown, Reason: ready.Reason, Since: ready.Since,
		Message: fmt.Sprintf("%s is not ready, and neither its %s events state the reason", s.Owner, s.Verb("pods nor their", "status nor its")),
		Fixes:   []finding.Fix{{Text: "Read the pod's log", Command: s.Logs("", false)}},
	}
	if reason, message := object.Text(s.Pod.Object, "status", "reason"), health.FirstLine(object.Text(s.Pod.Object, "status", "message")); reason != "" || message != "" {
		t.Reason, t.Evidence = cmp.Or(reason, t.Reason), phase(s) // NodeLost
		t.Message = fmt.Sprintf("%s is not ready: %s", s.Owner, cmp.Or(message, reason))
	}
	if t.Reason == "" {
		t.Reason = "NotReady"
	}
	if ready.Status != "" {
		t.Evidence = append(t.Evidence, engine.ProofOf(s.Pod, ready))
	}
	return t
}
