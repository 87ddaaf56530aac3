package diagnose

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// patience is how long a request may wait: issuers in the cluster answer in
// seconds, ACME in minutes.
const patience = 5 * time.Minute

// explainCertificateRequest goes by the conditions that cert-manager v1.21 sets
// (pkg/controller/certificaterequests): Approved or Denied by an approver, then
// InvalidRequest or Ready by the issuer.
func explainCertificateRequest(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	ready := field.ConditionOf(obj, "Ready")
	e := exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready, Since: ready.Since}}
	switch {
	case ready.Status == "True":
	case field.ConditionOf(obj, "Denied").Status == "True":
		e.refuse(obj, codeRequestDenied, "was denied", field.ConditionOf(obj, "Denied"))
		x.deniedByPolicy(obj, &e.findings[0])
	case field.ConditionOf(obj, "InvalidRequest").Status == "True":
		e.refuse(obj, codeRequestFailed, "requests what its issuer can't issue", field.ConditionOf(obj, "InvalidRequest"))
	case ready.Reason == "Failed" || ready.Reason == "Denied":
		e.refuse(obj, codeRequestFailed, "failed", ready)
		e.order(x, obj, ready)
	case field.ConditionOf(obj, "Approved").Status != "True":
		e.notApproved(x, obj, failing)
	default:
		e.unanswered(x, obj, failing, ready)
		e.blameIssuer(x, obj)
		e.order(x, obj, ready)
		if len(e.blame) == 0 {
			e.blame = x.certManager("controller")
		}
	}
	return e
}

// order blames the Order of a request to an ACME issuer. Others have none: it is
// asked for only where cert-manager's message names one.
func (e *exam) order(x *examiner, obj *unstructured.Unstructured, ready field.Condition) {
	if !strings.Contains(strings.ToLower(ready.Message), "order") {
		return
	}
	e.unknown = append(e.unknown, x.unreadable(orderKind, obj.GetNamespace())...)
	for _, order := range x.ownedIn(obj, orderKind) {
		e.blame = append(e.blame, finding.RefOf(order))
	}
}

// refuse is the end of a request.
func (e *exam) refuse(obj *unstructured.Unstructured, code finding.Code, what string, c field.Condition) {
	e.verdict = e.verdict.FromCondition(health.Failing, c)
	e.findings = append(e.findings, finding.Finding{
		Code: code, Ref: e.verdict.Ref, Reason: c.Reason, Severity: finding.Critical, Since: c.Since,
		Message:  fmt.Sprintf("%s %s: %s", e.verdict.Ref, what, firstLine(c.Message)),
		Evidence: []finding.Evidence{quoteWithStatus(obj, c)},
		Fixes: []finding.Fix{{Text: "Check what the issuer reported; once that is fixed, cert-manager creates a new request",
			Command: escape.Command("kubectl describe certificaterequest %s -n %s", obj.GetName(), obj.GetNamespace())}},
	})
}

// unanswered is a request that waits: in progress at first, later a failure.
func (e *exam) unanswered(x *examiner, obj *unstructured.Unstructured, failing bool, c field.Condition) {
	since := obj.GetCreationTimestamp().Time
	if c.Reason == "" {
		c.Reason, c.Message = "NotYetReconciled", "its issuer has not processed it yet"
	}
	e.verdict.Status, e.verdict.Reason, e.verdict.Message, e.verdict.Since = health.Progressing, health.Reason(c.Reason), firstLine(c.Message), since
	if !failing && x.now.Sub(since) <= patience {
		return
	}
	e.verdict.Status = health.Failing
	e.fallback = append(e.fallback, finding.Finding{
		Code: codeRequestFailed, Ref: e.verdict.Ref, Reason: c.Reason, Severity: finding.Critical, Since: since,
		Message:  fmt.Sprintf("%s is pending: %s", e.verdict.Ref, firstLine(c.Message)),
		Evidence: requestProof(obj, c, since),
		Fixes: []finding.Fix{{Text: "Check what it waits for",
			Command: escape.Command("kubectl describe certificaterequest %s -n %s", obj.GetName(), obj.GetNamespace())}},
	})
}

// requestProof is the condition that tells what a request waits for, or where it
// has none, which issuer has not acted on it.
func requestProof(obj *unstructured.Unstructured, c field.Condition, since time.Time) []finding.Evidence {
	if c.Status != "" {
		return []finding.Evidence{evidence(obj, c.Path, c.Reason+": "+c.Message, since)}
	}
	if issuer, ok := issuerNamed(obj); ok {
		return []finding.Evidence{evidence(obj, "spec.issuerRef.name", issuer.Name, since)}
	}
	return proofOrAge(obj, c)
}
