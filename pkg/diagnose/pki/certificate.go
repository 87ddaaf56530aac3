// Package pki explains the objects of cert-manager: Certificates with their Secrets,
// requests, issuers, and orders and challenges of ACME.
package pki

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainCertificate blames the issuer of a Certificate, then its newest request, and
// reports what cert-manager states on the Certificate itself only if neither is the
// cause.
func ExplainCertificate(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	c := certificate{x, obj, &e}
	switch {
	case obj.GetDeletionTimestamp() != nil:
		return e
	case c.shared():
		e.JudgeByFindings()
		return e
	case e.Verdict.Status == health.Ready:
		c.checkSecret()
		c.notRenewed()
		e.JudgeByFindings()
		return e
	case e.Verdict.Reason == health.SecretMissing:
		c.secretMissing()
		return e
	}
	blameIssuer(&e, x, obj)
	if len(e.Findings) > 0 {
		return e
	}
	c.request()
	if len(e.Blame) == 0 {
		e.Blame = flux.CertManager(x, "controller")
	}
	if e.Verdict.Status == health.Failing || failing {
		c.notIssued()
	}
	return e
}

// certificate is one Certificate under examination.
type certificate struct {
	x    *engine.Context
	obj  *unstructured.Unstructured
	exam *engine.Result
}

// request blames the newest request, unless it was granted.
func (c certificate) request() {
	requests := c.x.Children(c.obj, object.RequestKind)
	if len(requests) == 0 {
		c.exam.Unknown = append(c.exam.Unknown, c.x.Unreadable(object.RequestKind, c.obj.GetNamespace())...)
		return
	}
	newest := object.RefOf(slices.MaxFunc(requests, olderRequest))
	if c.x.Examine(newest, false).Verdict.Status != health.Ready {
		c.exam.Blame = append(c.exam.Blame, newest)
	}
}

// olderRequest orders a Certificate's requests by revision, which cert-manager writes on
// each request, from 1 on.
func olderRequest(a, b *unstructured.Unstructured) int {
	return cmp.Or(
		cmp.Compare(requestRevision(a), requestRevision(b)),
		a.GetCreationTimestamp().Time.Compare(b.GetCreationTimestamp().Time),
		cmp.Compare(a.GetName(), b.GetName()),
	)
}

// requestRevision is the revision of the Certificate for which a request is, zero if it
// is not set.
func requestRevision(request *unstructured.Unstructured) int64 {
	n, _ := strconv.ParseInt(request.GetAnnotations()["cert-manager.io/certificate-revision"], 10, 64)
	return n
}

// notIssued reports what is wrong with the Certificate itself. A failed attempt of
// cert-manager is a fact; a lack of progress is one only if nothing that could be the
// cause is hidden.
func (c certificate) notIssued() {
	ref, attempts := object.RefOf(c.obj), object.Int(c.obj.Object, "status", "failedIssuanceAttempts")
	f := finding.Finding{
		Code: engine.CodeCertificateFailed, Ref: ref, Reason: string(c.exam.Verdict.Reason), Severity: finding.Critical,
		Since: c.exam.Verdict.Since, Message: fmt.Sprintf("%s is not issued: %s", ref, c.exam.Verdict.Message),
		Evidence: c.conditionProof(), Fixes: c.retryFixes(),
	}
	if c.exam.Verdict.Reason == health.Expired {
		f.Code, f.Message = engine.CodeCertificateExpired, fmt.Sprintf("%s has expired: %s, and it was not renewed", ref, c.exam.Verdict.Message)
		if issuing := object.ConditionOf(c.obj, "Issuing"); issuing.Status == "False" && issuing.Message != "" {
			f.Message += ": " + health.FirstLine(issuing.Message)
		}
		f.Evidence = append([]finding.Evidence{engine.Evidence(c.obj, "status.notAfter", object.Text(c.obj.Object, "status", "notAfter"), health.Expiry(c.obj))}, f.Evidence...)
	}
	if e, ok := c.issuingWarning(); ok {
		if refused, blame := refusal.ExplainAPIError(c.x, ref, e.Message, e.Last); e.Reason == "RequestFailed" && len(refused)+len(blame) > 0 {
			c.exam.Findings, c.exam.Blame = append(c.exam.Findings, refused...), append(c.exam.Blame, blame...)
			return
		}
		f.Reason, f.Message = e.Reason, fmt.Sprintf("%s is not issued: %s", ref, health.FirstLine(e.Message))
		f.Evidence = append(f.Evidence, engine.EventEvidence(ref, e))
	}
	if attempts > 0 || f.Code == engine.CodeCertificateExpired || f.Reason != string(c.exam.Verdict.Reason) {
		c.exam.Findings = append(c.exam.Findings, f)
		return
	}
	c.exam.Fallback = append(c.exam.Fallback, f)
}

// issuingWarning is the newest Warning that states why a Certificate that is not ready
// makes no progress (cert-manager v1.21, pkg/controller/certificates, keymanager and
// requestmanager): no condition states it.
func (c certificate) issuingWarning() (health.Warning, bool) {
	issuing := object.ConditionOf(c.obj, "Issuing")
	for _, e := range c.x.Warnings(c.obj) {
		telling := e.Reason == "RequestFailed" || e.Reason == "CannotRegenerateKey"
		if telling && !e.Last.Before(issuing.Since) {
			return e, true
		}
	}
	return health.Warning{}, false
}

// conditionProof quotes what cert-manager has written on the Certificate.
func (c certificate) conditionProof() []finding.Evidence {
	var found []finding.Evidence
	for _, kind := range []string{"Issuing", "Ready"} {
		if cond := object.ConditionOf(c.obj, kind); cond.Status != "" {
			found = append(found, engine.QuoteWithStatus(c.obj, cond))
		}
	}
	if attempts := object.Int(c.obj.Object, "status", "failedIssuanceAttempts"); attempts > 0 {
		found = append(found, engine.Evidence(c.obj, "status.failedIssuanceAttempts", strconv.FormatInt(attempts, 10), object.Time(c.obj.Object, "status", "lastFailureTime")))
	}
	if len(found) == 0 {
		found = engine.ProofOrAge(c.obj, object.Condition{})
	}
	return found
}

// renewalGrace is how long cert-manager may take for a renewal that is due.
const renewalGrace = time.Hour

// notRenewed warns of a Certificate that is still valid, but whose renewal has failed or
// is overdue, with the cause.
func (c certificate) notRenewed() {
	ref, due := object.RefOf(c.obj), object.Time(c.obj.Object, "status", "renewalTime")
	late := !due.IsZero() && c.x.Now.Sub(due) >= renewalGrace
	if !late && !c.renewalFailed() {
		return
	}
	issuing := object.ConditionOf(c.obj, "Issuing")
	since := due
	if failed := object.Time(c.obj.Object, "status", "lastFailureTime"); due.IsZero() || due.After(c.x.Now) {
		since = failed
	}
	f := finding.Finding{
		Code: engine.CodeCertificateFailed, Ref: ref, Reason: cmp.Or(issuing.Reason, "Renewing"), Severity: finding.Warning, Since: since,
		Message: c.renewalPrefix() + cmp.Or(health.FirstLine(issuing.Message), "cert-manager reports no reason"),
		Fixes:   c.retryFixes(),
	}
	engine.Prove(&f, c.obj, "status.renewalTime", "status.lastFailureTime")
	f.Evidence = append(f.Evidence, c.conditionProof()...)
	if deeper, ok := c.renewalCause(); ok {
		f.Message = c.renewalPrefix() + deeper.Message
		f.Evidence, f.Fixes = append(f.Evidence, deeper.Evidence...), append(slices.Clone(deeper.Fixes), renew(c.obj))
	}
	c.exam.Findings = append(c.exam.Findings, f)
}

// renewalPrefix starts the message about a failed renewal.
func (c certificate) renewalPrefix() string {
	if end := health.Expiry(c.obj); !end.IsZero() {
		return fmt.Sprintf("%s can't be renewed and expires on %s: ", object.RefOf(c.obj), end.Format(time.DateOnly))
	}
	return fmt.Sprintf("%s can't be renewed: ", object.RefOf(c.obj))
}

// renewalFailed reports whether reissuing a Certificate that is ready failed.
// cert-manager removes the Issuing condition, lastFailureTime and failedIssuanceAttempts
// once it succeeds (v1.21, issuing_controller.go, issueCertificate). Requests are listed
// only if issuing is in progress.
func (c certificate) renewalFailed() bool {
	issuing := object.ConditionOf(c.obj, "Issuing")
	if object.Int(c.obj.Object, "status", "failedIssuanceAttempts") > 0 || object.Text(c.obj.Object, "status", "lastFailureTime") != "" || issuing.Status == "False" {
		return true
	}
	if issuing.Status != "True" {
		return false
	}
	for _, request := range c.x.Children(c.obj, object.RequestKind) {
		if ready := object.ConditionOf(request, "Ready"); requestRevision(request) > object.Int(c.obj.Object, "status", "revision") &&
			(ready.Reason == "Failed" || ready.Reason == "Denied") {
			return true
		}
	}
	return false
}

// renewalCause is the first cause below the Certificate. It is part of a warning, not a
// cause itself: everything works until the certificate expires.
func (c certificate) renewalCause() (finding.Finding, bool) {
	below := engine.Result{Verdict: c.exam.Verdict}
	blameIssuer(&below, c.x, c.obj)
	causes := below.Findings
	if len(causes) == 0 {
		certificate{c.x, c.obj, &below}.request()
	}
	if len(below.Blame) == 0 {
		below.Blame = flux.CertManager(c.x, "controller")
	}
	for _, ref := range below.Blame {
		for _, cause := range engine.NewWalk(c.x).From(ref, true).Causes {
			causes = append(causes, cause.Finding)
		}
	}
	if len(causes) == 0 {
		return finding.Finding{}, false
	}
	return causes[0], true
}

// renew is the command that makes cert-manager retry now: after a failure it waits for an
// hour, then twice as long each time (v1.21, trigger_controller.go).
func renew(certificate *unstructured.Unstructured) finding.Fix {
	return finding.Fix{Text: "After you fix the cause, retry now; otherwise cert-manager retries after an hour or more",
		Command: escape.Command("cmctl renew %s -n %s", certificate.GetName(), certificate.GetNamespace())}
}

// retryFixes are the fixes for a failed attempt. While the ACME server limits the rate,
// another attempt would only count as well.
func (c certificate) retryFixes() []finding.Fix {
	parsed, _ := c.x.Message(object.ConditionOf(c.obj, "Issuing").Message).ACME()
	if parsed.Problem != message.ACMERateLimited {
		return []finding.Fix{requestsOf(c.obj), renew(c.obj)}
	}
	wait := "Wait until the ACME server's rate limit expires: each further attempt counts as well"
	if parsed.Retry != "" {
		wait = "Wait until " + parsed.Retry + ", when the ACME server's rate limit expires: each further attempt counts as well"
	}
	return []finding.Fix{{Text: wait, Command: requestsOf(c.obj).Command},
		{Text: "If a valid certificate for the same names is in another Secret or a backup, use that until then"}}
}

// requestsOf is the command that shows the newest request of a Certificate, its Order and
// Challenges, and their events.
func requestsOf(certificate *unstructured.Unstructured) finding.Fix {
	return finding.Fix{Text: "Check the status of its newest request",
		Command: escape.Command("cmctl status certificate %s -n %s", certificate.GetName(), certificate.GetNamespace())}
}
