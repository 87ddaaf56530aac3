package selfreport

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// judgeReplicas judges by the desired and the ready replicas.
func judgeReplicas(obj *unstructured.Unstructured) (engine.Result, bool) {
	for _, path := range []string{"readyReplicas", "availableReplicas"} {
		have, counted := object.Map(obj.Object, "status")[path].(int64)
		want, requested := object.Map(obj.Object, "spec")["replicas"].(int64)
		if counted && requested && have < want {
			text := fmt.Sprintf("%d of %d replicas are ready", have, want)
			return OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "ReplicasNotReady", text, time.Time{},
				QuoteFields(obj, "spec.replicas", "status."+path)...), true
		}
	}
	return engine.Result{}, false
}

// judgeScale judges by the ready and the desired replicas as text: "1/1" (OpenTelemetry
// operator v0.130, status.scale.statusReplicas).
func judgeScale(obj *unstructured.Unstructured) (engine.Result, bool) {
	const path = "status.scale.statusReplicas"
	have, want, ok := strings.Cut(object.Text(obj.Object, "status", "scale", "statusReplicas"), "/")
	ready, err := strconv.Atoi(have)
	wanted, wrong := strconv.Atoi(want)
	switch {
	case !ok || err != nil || wrong != nil:
		return engine.Result{}, false
	case ready >= wanted:
		return ReadyResult(obj, time.Time{}), true
	}
	return OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "ReplicasNotReady", fmt.Sprintf("%d of %d replicas are ready", ready, wanted), time.Time{},
		QuoteFields(obj, path)...), true
}

// judgeReadyFlag judges by status.ready, which providers of Cluster API and others set instead
// of a condition, and by status.created of Gatekeeper.
func judgeReadyFlag(obj *unstructured.Unstructured) (engine.Result, bool) {
	for _, name := range []string{"ready", "created"} {
		set, known := object.Map(obj.Object, "status")[name].(bool)
		switch {
		case !known:
			continue
		case set:
			return ReadyResult(obj, time.Time{}), true
		}
		path := "status." + name
		return OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "NotReady", path+" is false", time.Time{}, QuoteFields(obj, path)...), true
	}
	return engine.Result{}, false
}

// judgeViolations judges by the result of the Gatekeeper audit (gatekeeper v3.20,
// constraints: status.totalViolations). The constraint itself works.
func judgeViolations(obj *unstructured.Unstructured) (engine.Result, bool) {
	total, known := object.Map(obj.Object, "status")["totalViolations"].(int64)
	if !known {
		return engine.Result{}, false
	}
	e := ReadyResult(obj, time.Time{})
	if total > 0 {
		const first = "status.violations[0]."
		text := "it has " + finding.Count(int(total), "violation")
		if message := object.List(obj.Object, "status", "violations"); len(message) > 0 {
			text += "; the first: " + health.FirstLine(object.Text(message[0], "message"))
		}
		e.Findings = OwnFinding(obj, health.Ready, engine.CodeOwnWarning, finding.Warning, "Violations", text, object.Time(obj.Object, "status", "auditTimestamp"),
			QuoteFields(obj, "status.totalViolations", first+"kind", first+"namespace", first+"name", first+"message")...).Findings
	}
	return e, true
}

// ownState is what an object reports about itself.
func ownState(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	judge := x.Registry.Judges[object.RefOf(obj).GroupKind()]
	if judge == nil {
		judge = JudgeByConventions
	}
	e := judge(x, obj)
	if why, ok := UnreadableCondition(obj); ok && (e.Verdict.Status == health.Ready || e.Verdict.Status == health.Unknown) {
		e.Verdict = NotJudged(obj, why)
	}
	if e.Verdict.Status == health.Ready && len(e.Findings) == 0 {
		for _, c := range Conditions(obj) {
			if c.warns() {
				e.Findings = OwnFinding(obj, health.Ready, engine.CodeOwnWarning, finding.Warning, cmp.Or(c.Reason, c.Type), c.Clause(), c.Since, c.Proof(obj)).Findings
				break
			}
		}
	}
	return e
}

// readyWithFailure reports a working object with a condition about a failure that does not
// count: the tests of a HelmRelease that ignores them.
func readyWithFailure(obj *unstructured.Unstructured) (engine.Result, bool) {
	for _, c := range Conditions(obj) {
		if c.Verdict() == health.Failing {
			return OwnFinding(obj, health.Ready, engine.CodeOwnWarning, finding.Warning, c.Reason, c.Clause(), c.Since, c.Proof(obj)), true
		}
	}
	return engine.Result{}, false
}

// AlsoReported is what the object reports in addition to the verdict of its explainer. If
// its kind has no judge, the conventions for all kinds do not change that verdict: its
// conditions are the evidence.
func AlsoReported(x *engine.Context, v health.Verdict, obj *unstructured.Unstructured) (engine.Result, bool) {
	gk := object.RefOf(obj).GroupKind()
	if x.Registry.Judges[gk] != nil || x.Registry.ByKind[gk] == nil {
		own := ownState(x, obj)
		silent := own.Verdict.Status == health.Ready && len(own.Findings) == 0
		if !silent || x.Registry.ByKind[gk] == nil || v.Status == health.Ready {
			return own, true
		}
	}
	code, severity := engine.CodeOtherNotReady, finding.Critical
	switch v.Status {
	case health.Ready:
		return readyWithFailure(obj)
	case health.Unknown:
		return engine.Result{}, false
	case health.Progressing:
		code, severity = engine.CodeUnderWay, finding.Warning
	case health.Suspended:
		code, severity = engine.CodeHalted, finding.Info
	}
	if e, ok := JudgeDeleted(x, obj); ok {
		e.Verdict = v
		return e, true
	}
	proof := QuoteFields(obj, "spec.suspend", "spec.replicas")
	if v.Status != health.Suspended {
		proof = nil
		for _, c := range Conditions(obj) {
			if c.Verdict() != health.Ready {
				proof = append(proof, c.Proof(obj))
			}
		}
	}
	if v.Message == "" && v.Reason == "" && len(proof) == 0 {
		return engine.Result{}, false
	}
	text := cmp.Or(health.FirstLine(v.Message), string(v.Reason))
	if own, ok := JudgeConditions(obj, Conditions(obj)); ok && v.Status == health.Failing && tellsFailure(string(own.Verdict.Reason)) && !tellsFailure(string(v.Reason)) {
		text += "; " + own.Verdict.Message // Flux rolled a release back: that is not the failure
	}
	e := OwnFinding(obj, v.Status, code, severity, string(v.Reason), text, v.Since, proof...)
	e.Verdict = v
	return e, true
}

// JudgeStateless judges configuration ready, unless it reports a problem.
func JudgeStateless(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := JudgeDeleted(x, obj); ok {
		return e
	}
	if e, ok := JudgeConditions(obj, Conditions(obj)); ok {
		return e
	}
	if e, ok := JudgeIstioAnalysis(obj); ok {
		return e
	}
	return ReadyResult(obj, time.Time{})
}
