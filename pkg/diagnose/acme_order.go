package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// ownedIn are the objects of a kind that the object controls, in its namespace.
func (x *examiner) ownedIn(owner *unstructured.Unstructured, kind schema.GroupKind) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.snap.List(kind, owner.GetNamespace()).Objects {
		if slices.ContainsFunc(obj.GetOwnerReferences(), func(o metav1.OwnerReference) bool { return o.Kind == owner.GetKind() && o.Name == owner.GetName() }) {
			found = append(found, obj)
		}
	}
	return found
}

// explainOrder follows an Order to its Challenges, and reports what the ACME
// server answered where none of them explains it (cert-manager v1.21,
// pkg/controller/acmeorders/sync.go, OrderStatus.state).
func explainOrder(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	state, reason := field.Text(obj.Object, "status", "state"), field.Text(obj.Object, "status", "reason")
	e := exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Progressing, Reason: health.Reason(state), Message: firstLine(reason), Since: obj.GetCreationTimestamp().Time}}
	switch state {
	case "valid":
		e.verdict.Status, e.verdict.Reason, e.verdict.Since = health.Ready, "", time.Time{}
		return e
	case "invalid", "errored", "expired":
		e.verdict.Status, e.verdict.Since = health.Failing, field.Time(obj.Object, "status", "failureTime")
	case "ready", "processing": // when it got there is not recorded
		e.verdict.Since = time.Time{}
	}
	e.unknown = x.unreadable(challengeKind, obj.GetNamespace())
	for _, challenge := range x.ownedIn(obj, challengeKind) {
		if field.Text(challenge.Object, "status", "state") != "valid" {
			e.blame = append(e.blame, finding.RefOf(challenge))
		}
	}
	a := acme{x: x, obj: obj, exam: &e, reason: reason, path: "status.reason"}
	if e.verdict.Status != health.Failing {
		a.unsolved()
		return e
	}
	if said, ok := x.message(reason).ACME(); ok {
		e.fallback = append(e.fallback, a.answered(said))
		return e
	}
	f := a.finding(codeOrderFailed, state, "is "+state+" without a recorded reason")
	f.Evidence = []finding.Evidence{evidence(obj, "status.state", state, time.Time{})}
	f.Fixes = []finding.Fix{{Text: "Check its events", Command: describeACME(f.Ref)}}
	e.fallback = append(e.fallback, f)
	return e
}

// unsolved is an Order for which no Challenge can be created, since no solver of
// its issuer is for the domain: an event alone says so.
func (a acme) unsolved() {
	for _, event := range a.x.warnings(a.obj) {
		parsed, _ := a.x.message(event.Message).ACME()
		if parsed.Problem != fluxmsg.ACMENoSolver || len(a.exam.blame) > 0 {
			continue
		}
		issuer, _ := issuerNamed(a.obj)
		f := a.finding(codeSolverFailed, string(parsed.Problem), fmt.Sprintf("has no Challenge: no solver of %s matches its domains", issuer))
		f.Ref, f.Evidence = issuer, []finding.Evidence{eventEvidence(a.exam.verdict.Ref, event)}
		f.Fixes = []finding.Fix{{Text: "Add a solver to spec.acme.solvers, or correct the selector of one, so that it matches " + strings.Join(field.Texts(a.obj.Object, "spec", "dnsNames"), ", "),
			File: a.x.file(a.x.snap.Lookup(issuer).Object, "spec.acme.solvers"), Command: describe(issuer)}}
		a.exam.verdict.Status, a.exam.verdict.Reason = health.Failing, health.Reason(f.Reason)
		a.exam.findings = append(a.exam.findings, f)
		return
	}
}

// acme is an Order or Challenge under examination, with the reason in its status
// and where that stands.
type acme struct {
	x            *examiner
	obj          *unstructured.Unstructured
	exam         *exam
	reason, path string
}

func (a acme) finding(code finding.Code, reason, what string) finding.Finding {
	f := finding.Finding{
		Code: code, Ref: a.exam.verdict.Ref, Reason: reason, Severity: finding.Critical, Since: a.exam.verdict.Since,
		Message: fmt.Sprintf("%s %s", a.exam.verdict.Ref, what),
	}
	if a.reason != "" {
		f.Evidence = []finding.Evidence{evidence(a.obj, a.path, a.reason, a.exam.verdict.Since)}
	}
	return f
}

// host is the domain that is to be validated.
func (a acme) host() string { return field.Text(a.obj.Object, "spec", "dnsName") }

// describeACME is describe for kinds of ACME, which other groups have as well.
func describeACME(ref finding.Ref) string {
	return escape.Command("kubectl describe %s.%s %s -n %s", finding.PluralOf(ref.Kind), orderKind.Group, ref.Name, ref.Namespace)
}

// answered is what the ACME server answered, with what helps: another name, time,
// or an account that the server accepts.
func (a acme) answered(said fluxmsg.ACME) finding.Finding {
	issuer, _ := issuerNamed(a.obj)
	host := a.host()
	if host == "" {
		host = strings.Join(field.Texts(a.obj.Object, "spec", "dnsNames"), ", ")
	}
	look := finding.Fix{Text: "Check its events", Command: describeACME(a.exam.verdict.Ref)}
	switch said.Problem {
	case fluxmsg.ACMERateLimited:
		f := a.finding(codeRateLimited, string(said.Problem), "is rejected by the ACME server's rate limit: "+firstLine(said.Detail))
		wait := "Wait until the limit expires: each further attempt counts as well"
		if said.Retry != "" {
			wait = "Wait until " + said.Retry + ", when the limit expires: each further attempt counts as well"
		}
		f.Fixes = []finding.Fix{{Text: wait, Command: look.Command}, {Text: "Test changes in the ACME server's staging environment, whose limits are higher"}}
		return f
	case fluxmsg.ACMECAA:
		f := a.finding(codeCAA, string(said.Problem), "is rejected because a CAA record of the domain does not allow this CA: "+firstLine(said.Detail))
		f.Fixes = []finding.Fix{{Text: "Allow the CA in the CAA record of " + host + " or of its parent domain, at the DNS provider", Command: "dig +short CAA " + escape.ShellWord(host)}}
		return f
	case fluxmsg.ACMEIdentifier:
		f := a.finding(codeOrderFailed, string(said.Problem), "names a domain for which the ACME server issues no certificate: "+firstLine(said.Detail))
		f.Fixes = []finding.Fix{{Text: "List only public domains in spec.dnsNames of the Certificate, or have a private CA issue it", Command: look.Command}}
		return f
	case fluxmsg.ACMEAccount, fluxmsg.ACMEExternalAccount, fluxmsg.ACMEContact:
		f := a.finding(codeACMEAccount, string(said.Problem), "is rejected because the ACME server does not accept the account: "+firstLine(said.Detail))
		f.Ref = issuer
		f.Fixes = accountFix(a.x, a.x.snap.Lookup(issuer).Object, issuer, said)
		return f
	case fluxmsg.ACMEServerError:
		f := a.finding(codeOrderFailed, string(said.Problem), "failed because of an error of the ACME server: "+firstLine(said.Detail))
		f.Fixes = []finding.Fix{{Text: "Check whether the ACME server reports an outage; cert-manager retries by itself", Command: look.Command}}
		return f
	}
	f := a.finding(codeOrderFailed, string(said.Problem), "failed: "+firstLine(said.Detail))
	f.Fixes = []finding.Fix{look}
	return f
}
