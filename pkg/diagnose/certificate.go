package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// judgeWorst makes a critical finding on an object that says it is ready the
// verdict; a warning leaves it.
func (e *exam) judgeWorst() {
	for _, f := range e.findings {
		if f.Severity == finding.Critical {
			e.verdict.Status, e.verdict.Reason, e.verdict.Message, e.verdict.Since = health.Failing, health.Reason(f.Reason), f.Message, f.Since
			return
		}
	}
}

// explainCertificate follows a Certificate to its issuer, then to what was asked
// of that, and only then says what cert-manager says of the Certificate itself.
func explainCertificate(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	c := certificate{x, obj, &e}
	switch {
	case obj.GetDeletionTimestamp() != nil:
		return e
	case c.shared():
		e.judgeWorst()
		return e
	case e.verdict.Status == health.Ready:
		c.stored()
		c.notRenewed()
		e.judgeWorst()
		return e
	case e.verdict.Reason == health.SecretMissing:
		c.gone()
		return e
	}
	e.blameIssuer(x, obj)
	if len(e.findings) > 0 {
		return e
	}
	c.request()
	if len(e.blame) == 0 {
		e.blame = x.certManager("controller")
	}
	if e.verdict.Status == health.Failing || failing {
		c.own()
	}
	return e
}

// certificate is one Certificate under examination.
type certificate struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

// request blames the newest request, unless it has been granted.
func (c certificate) request() {
	requests := c.x.children(c.obj, requestKind)
	if len(requests) == 0 {
		c.exam.unknown = append(c.exam.unknown, c.x.unreadable(requestKind, c.obj.GetNamespace())...)
		return
	}
	newest := finding.RefOf(slices.MaxFunc(requests, olderRequest))
	if c.x.examine(newest, false).verdict.Status != health.Ready {
		c.exam.blame = append(c.exam.blame, newest)
	}
}

// olderRequest orders a Certificate's requests by the revision that they are
// for, which cert-manager writes on each, from 1 on.
func olderRequest(a, b *unstructured.Unstructured) int {
	return cmp.Or(
		cmp.Compare(requestRevision(a), requestRevision(b)),
		a.GetCreationTimestamp().Time.Compare(b.GetCreationTimestamp().Time),
		cmp.Compare(a.GetName(), b.GetName()),
	)
}

// requestRevision is the revision of its Certificate that a request is for, zero
// when it does not say.
func requestRevision(request *unstructured.Unstructured) int64 {
	n, _ := strconv.ParseInt(request.GetAnnotations()["cert-manager.io/certificate-revision"], 10, 64)
	return n
}

// own says what is wrong with the Certificate itself. What cert-manager tried
// and failed at is a fact; that it has not got anywhere is one only when nothing
// that might be the reason is hidden.
func (c certificate) own() {
	ref, attempts := finding.RefOf(c.obj), field.Int(c.obj.Object, "status", "failedIssuanceAttempts")
	f := finding.Finding{
		Code: codeCertificateFailed, Ref: ref, Reason: string(c.exam.verdict.Reason), Severity: finding.Critical,
		Since: c.exam.verdict.Since, Message: fmt.Sprintf("%s is not issued: %s", ref, c.exam.verdict.Message),
		Evidence: c.words(), Fixes: c.retryFixes(),
	}
	if c.exam.verdict.Reason == health.Expired {
		f.Code, f.Message = codeCertificateExpired, fmt.Sprintf("%s has expired: %s, and it was not renewed", ref, c.exam.verdict.Message)
		if issuing := field.ConditionOf(c.obj, "Issuing"); issuing.Status == "False" && issuing.Message != "" {
			f.Message += ": " + firstLine(issuing.Message)
		}
		f.Evidence = append([]finding.Evidence{evidence(c.obj, "status.notAfter", field.Text(c.obj.Object, "status", "notAfter"), health.Expiry(c.obj))}, f.Evidence...)
	}
	if e, ok := c.trouble(); ok {
		if refused, blame := c.x.explainAPIError(ref, e.Message, e.Last); e.Reason == "RequestFailed" && len(refused)+len(blame) > 0 {
			c.exam.findings, c.exam.blame = append(c.exam.findings, refused...), append(c.exam.blame, blame...)
			return
		}
		f.Reason, f.Message = e.Reason, fmt.Sprintf("%s is not issued: %s", ref, firstLine(e.Message))
		f.Evidence = append(f.Evidence, eventEvidence(ref, e))
	}
	if attempts > 0 || f.Code == codeCertificateExpired || f.Reason != string(c.exam.verdict.Reason) {
		c.exam.findings = append(c.exam.findings, f)
		return
	}
	c.exam.fallback = append(c.exam.fallback, f)
}

// trouble is the newest Warning that tells why a Certificate that is not ready
// gets no further (cert-manager v1.21, pkg/controller/certificates, keymanager
// and requestmanager): no condition says so.
func (c certificate) trouble() (health.Warning, bool) {
	issuing := field.ConditionOf(c.obj, "Issuing")
	for _, e := range c.x.warnings(c.obj) {
		telling := e.Reason == "RequestFailed" || e.Reason == "CannotRegenerateKey"
		if telling && !e.Last.Before(issuing.Since) {
			return e, true
		}
	}
	return health.Warning{}, false
}

// words are what cert-manager has written on the Certificate.
func (c certificate) words() []finding.Evidence {
	var found []finding.Evidence
	for _, kind := range []string{"Issuing", "Ready"} {
		if cond := field.ConditionOf(c.obj, kind); cond.Status != "" {
			found = append(found, quoteWithStatus(c.obj, cond))
		}
	}
	if attempts := field.Int(c.obj.Object, "status", "failedIssuanceAttempts"); attempts > 0 {
		found = append(found, evidence(c.obj, "status.failedIssuanceAttempts", strconv.FormatInt(attempts, 10), field.Time(c.obj.Object, "status", "lastFailureTime")))
	}
	if len(found) == 0 {
		found = proofOrAge(c.obj, field.Condition{})
	}
	return found
}

// proofOrAge is the condition as it stands; where the object has none, how long it
// has been there without.
func proofOrAge(obj *unstructured.Unstructured, c field.Condition) []finding.Evidence {
	if c.Status != "" {
		return []finding.Evidence{quoteWithStatus(obj, c)}
	}
	if created := field.Text(obj.Object, "metadata", "creationTimestamp"); created != "" {
		return []finding.Evidence{evidence(obj, "metadata.creationTimestamp", created, obj.GetCreationTimestamp().Time)}
	}
	return []finding.Evidence{evidence(obj, "metadata.name", obj.GetName(), time.Time{})}
}

// overdue is how long cert-manager may take over a renewal that is due.
const overdue = time.Hour

// notRenewed warns of a Certificate that is still valid, but whose renewal has
// failed or is long due, with what keeps it from being issued.
func (c certificate) notRenewed() {
	ref, due := finding.RefOf(c.obj), field.Time(c.obj.Object, "status", "renewalTime")
	late := !due.IsZero() && c.x.now.Sub(due) >= overdue
	if !late && !c.renewalFailed() {
		return
	}
	issuing := field.ConditionOf(c.obj, "Issuing")
	since := due
	if failed := field.Time(c.obj.Object, "status", "lastFailureTime"); due.IsZero() || due.After(c.x.now) {
		since = failed
	}
	f := finding.Finding{
		Code: codeCertificateFailed, Ref: ref, Reason: cmp.Or(issuing.Reason, "Renewing"), Severity: finding.Warning, Since: since,
		Message: c.ends() + cmp.Or(firstLine(issuing.Message), "cert-manager reports no reason"),
		Fixes:   c.retryFixes(),
	}
	prove(&f, c.obj, "status.renewalTime", "status.lastFailureTime")
	f.Evidence = append(f.Evidence, c.words()...)
	if deeper, ok := c.renewalCause(); ok {
		f.Message = c.ends() + deeper.Message
		f.Evidence, f.Fixes = append(f.Evidence, deeper.Evidence...), append(slices.Clone(deeper.Fixes), renew(c.obj))
	}
	c.exam.findings = append(c.exam.findings, f)
}

// ends begins the sentence on a renewal that fails.
func (c certificate) ends() string {
	if end := health.Expiry(c.obj); !end.IsZero() {
		return fmt.Sprintf("%s can't be renewed and expires on %s: ", finding.RefOf(c.obj), end.Format(time.DateOnly))
	}
	return fmt.Sprintf("%s can't be renewed: ", finding.RefOf(c.obj))
}

// renewalFailed tells whether a Certificate that is ready failed to be issued
// again. cert-manager removes the Issuing field.Condition, lastFailureTime and
// failedIssuanceAttempts once it succeeds (v1.21, issuing_controller.go,
// issueCertificate). Requests are looked for only where one is under way.
func (c certificate) renewalFailed() bool {
	issuing := field.ConditionOf(c.obj, "Issuing")
	if field.Int(c.obj.Object, "status", "failedIssuanceAttempts") > 0 || field.Text(c.obj.Object, "status", "lastFailureTime") != "" || issuing.Status == "False" {
		return true
	}
	if issuing.Status != "True" {
		return false
	}
	for _, request := range c.x.children(c.obj, requestKind) {
		if ready := field.ConditionOf(request, "Ready"); requestRevision(request) > field.Int(c.obj.Object, "status", "revision") &&
			(ready.Reason == "Failed" || ready.Reason == "Denied") {
			return true
		}
	}
	return false
}

// renewalCause is the first cause that is found below the Certificate. It is
// part of a warning, not a cause of its own: everything works until the end.
func (c certificate) renewalCause() (finding.Finding, bool) {
	below := exam{verdict: c.exam.verdict}
	below.blameIssuer(c.x, c.obj)
	causes := below.findings
	if len(causes) == 0 {
		certificate{c.x, c.obj, &below}.request()
	}
	if len(below.blame) == 0 {
		below.blame = c.x.certManager("controller")
	}
	for _, ref := range below.blame {
		for _, cause := range newWalk(c.x).from(ref, true).causes {
			causes = append(causes, cause.Finding)
		}
	}
	if len(causes) == 0 {
		return finding.Finding{}, false
	}
	return causes[0], true
}

// renew is the command that makes cert-manager try now: after a failure it waits
// for an hour, then twice as long each time (v1.21, trigger_controller.go).
func renew(certificate *unstructured.Unstructured) finding.Fix {
	return finding.Fix{Text: "Once the cause is fixed, have cert-manager retry now instead of in an hour or more",
		Command: escape.Command("cmctl renew %s -n %s", certificate.GetName(), certificate.GetNamespace())}
}

// retryFixes are what to do about an attempt that failed. While the ACME server
// limits the rate, another attempt would only count too.
func (c certificate) retryFixes() []finding.Fix {
	said, _ := c.x.message(field.ConditionOf(c.obj, "Issuing").Message).ACME()
	if said.Problem != fluxmsg.ACMERateLimited {
		return []finding.Fix{requestsOf(c.obj), renew(c.obj)}
	}
	wait := "Wait until the ACME server's rate limit expires: each further attempt counts as well"
	if said.Retry != "" {
		wait = "Wait until " + said.Retry + ", when the ACME server's rate limit expires: each further attempt counts as well"
	}
	return []finding.Fix{{Text: wait, Command: requestsOf(c.obj).Command},
		{Text: "If a valid certificate for the same names is in another Secret or a backup, use that until then"}}
}

// requestsOf is the command that shows the newest request of a Certificate, its
// Order and Challenges, and what their events say.
func requestsOf(certificate *unstructured.Unstructured) finding.Fix {
	return finding.Fix{Text: "Check the status of its newest request",
		Command: escape.Command("cmctl status certificate %s -n %s", certificate.GetName(), certificate.GetNamespace())}
}
