package pki

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainCertificateRequest uses the conditions that cert-manager v1.21 sets
// (pkg/controller/certificaterequests): Approved or Denied by an approver, then
// InvalidRequest or Ready by the issuer.
func ExplainCertificateRequest(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	ready := object.ConditionOf(obj, "Ready")
	e := engine.Result{Verdict: health.Verdict{Ref: object.RefOf(obj), Status: health.Ready, Since: ready.Since}}
	switch {
	case ready.Status == "True":
	case object.ConditionOf(obj, "Denied").Status == "True":
		refuse(&e, obj, engine.CodeRequestDenied, "was denied", object.ConditionOf(obj, "Denied"))
		deniedByPolicy(x, obj, &e.Findings[0])
	case object.ConditionOf(obj, "InvalidRequest").Status == "True":
		refuse(&e, obj, engine.CodeRequestFailed, "requests what its issuer can't issue", object.ConditionOf(obj, "InvalidRequest"))
	case ready.Reason == "Failed" || ready.Reason == "Denied":
		refuse(&e, obj, engine.CodeRequestFailed, "failed", ready)
		order(&e, x, obj, ready)
	case object.ConditionOf(obj, "Approved").Status != "True":
		notApproved(&e, x, obj, failing)
	default:
		unanswered(&e, x, obj, failing, ready)
		blameIssuer(&e, x, obj)
		order(&e, x, obj, ready)
		if len(e.Blame) == 0 {
			e.Blame = flux.CertManager(x, "controller")
		}
	}
	return e
}

// order blames the Order of a request to an ACME issuer. Other requests have none, so
// Orders are listed only if cert-manager's message mentions one.
func order(e *engine.Result, x *engine.Context, obj *unstructured.Unstructured, ready object.Condition) {
	if !strings.Contains(strings.ToLower(ready.Message), "order") {
		return
	}
	e.Unknown = append(e.Unknown, x.Unreadable(object.OrderKind, obj.GetNamespace())...)
	for _, order := range ownedIn(x, obj, object.OrderKind) {
		e.Blame = append(e.Blame, object.RefOf(order))
	}
}

// refuse reports a request that was denied or has failed.
func refuse(e *engine.Result, obj *unstructured.Unstructured, code finding.Code, what string, c object.Condition) {
	e.Verdict = e.Verdict.FromCondition(health.Failing, c)
	e.Findings = append(e.Findings, finding.Finding{
		Code: code, Ref: e.Verdict.Ref, Reason: c.Reason, Severity: finding.Critical, Since: c.Since,
		Message:  fmt.Sprintf("%s %s: %s", e.Verdict.Ref, what, health.FirstLine(c.Message)),
		Evidence: []finding.Evidence{engine.QuoteWithStatus(obj, c)},
		Fixes: []finding.Fix{{Text: "Check what the issuer reported; once that is fixed, cert-manager creates a new request",
			Command: escape.Command("kubectl describe certificaterequest %s -n %s", obj.GetName(), obj.GetNamespace())}},
	})
}

// unanswered reports a pending request: in progress at first, later a failure.
func unanswered(e *engine.Result, x *engine.Context, obj *unstructured.Unstructured, failing bool, c object.Condition) {
	since := obj.GetCreationTimestamp().Time
	if c.Reason == "" {
		c.Reason, c.Message = "NotYetReconciled", "its issuer has not processed it yet"
	}
	e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message, e.Verdict.Since = health.Progressing, health.Reason(c.Reason), health.FirstLine(c.Message), since
	if !failing && x.Now.Sub(since) <= engine.RequestTimeout {
		return
	}
	e.Verdict.Status = health.Failing
	e.Fallback = append(e.Fallback, finding.Finding{
		Code: engine.CodeRequestFailed, Ref: e.Verdict.Ref, Reason: c.Reason, Severity: finding.Critical, Since: since,
		Message:  fmt.Sprintf("%s is pending: %s", e.Verdict.Ref, health.FirstLine(c.Message)),
		Evidence: requestProof(obj, c, since),
		Fixes: []finding.Fix{{Text: "Check what it waits for",
			Command: escape.Command("kubectl describe certificaterequest %s -n %s", obj.GetName(), obj.GetNamespace())}},
	})
}

// requestProof quotes the condition that states what a request waits for, or, without
// one, the issuer that has not processed it.
func requestProof(obj *unstructured.Unstructured, c object.Condition, since time.Time) []finding.Evidence {
	if c.Status != "" {
		return []finding.Evidence{engine.Evidence(obj, c.Path, c.Reason+": "+c.Message, since)}
	}
	if issuer, ok := IssuerNamed(obj); ok {
		return []finding.Evidence{engine.Evidence(obj, "spec.issuerRef.name", issuer.Name, since)}
	}
	return engine.ProofOrAge(obj, c)
}
