package pki

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ownedIn lists the objects of a kind that the object owns, in its namespace.
func ownedIn(x *engine.Context, owner *unstructured.Unstructured, kind schema.GroupKind) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.Snap.List(kind, owner.GetNamespace()).Objects {
		if slices.ContainsFunc(obj.GetOwnerReferences(), func(o metav1.OwnerReference) bool { return o.Kind == owner.GetKind() && o.Name == owner.GetName() }) {
			found = append(found, obj)
		}
	}
	return found
}

// ExplainOrder blames the Challenges of an Order, and reports the answer of the ACME
// server if none of them is the cause (cert-manager v1.21,
// pkg/controller/acmeorders/sync.go, OrderStatus.state).
func ExplainOrder(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	state, reason := object.Text(obj.Object, "status", "state"), object.Text(obj.Object, "status", "reason")
	e := engine.Result{Verdict: health.Verdict{Ref: object.RefOf(obj), Status: health.Progressing, Reason: health.Reason(state), Message: health.FirstLine(reason), Since: obj.GetCreationTimestamp().Time}}
	switch state {
	case "valid":
		e.Verdict.Status, e.Verdict.Reason, e.Verdict.Since = health.Ready, "", time.Time{}
		return e
	case "invalid", "errored", "expired":
		e.Verdict.Status, e.Verdict.Since = health.Failing, object.Time(obj.Object, "status", "failureTime")
	case "ready", "processing": // the time of this state is not recorded
		e.Verdict.Since = time.Time{}
	}
	e.Unknown = x.Unreadable(object.ChallengeKind, obj.GetNamespace())
	for _, challenge := range ownedIn(x, obj, object.ChallengeKind) {
		if object.Text(challenge.Object, "status", "state") != "valid" {
			e.Blame = append(e.Blame, object.RefOf(challenge))
		}
	}
	a := acme{x: x, obj: obj, exam: &e, reason: reason, path: "status.reason"}
	if e.Verdict.Status != health.Failing {
		a.unsolved()
		return e
	}
	if parsed, ok := x.Message(reason).ACME(); ok {
		e.Fallback = append(e.Fallback, a.answered(parsed))
		return e
	}
	f := a.finding(engine.CodeOrderFailed, state, "is "+state+" without a recorded reason")
	f.Evidence = []finding.Evidence{engine.Evidence(obj, "status.state", state, time.Time{})}
	f.Fixes = []finding.Fix{{Text: "Check its events", Command: describeACME(f.Ref)}}
	e.Fallback = append(e.Fallback, f)
	return e
}

// unsolved reports an Order for which no Challenge can be created because no solver of
// its issuer matches the domain. Only an event states this.
func (a acme) unsolved() {
	for _, event := range a.x.Warnings(a.obj) {
		parsed, _ := a.x.Message(event.Message).ACME()
		if parsed.Problem != message.ACMENoSolver || len(a.exam.Blame) > 0 {
			continue
		}
		issuer, _ := IssuerNamed(a.obj)
		f := a.finding(engine.CodeSolverFailed, string(parsed.Problem), fmt.Sprintf("has no Challenge: no solver of %s matches its domains", issuer))
		f.Ref, f.Evidence = issuer, []finding.Evidence{engine.EventEvidence(a.exam.Verdict.Ref, event)}
		f.Fixes = []finding.Fix{{Text: "Add a solver to spec.acme.solvers, or correct the selector of one, so that it matches " + strings.Join(object.Texts(a.obj.Object, "spec", "dnsNames"), ", "),
			File: flux.File(a.x, a.x.Snap.Lookup(issuer).Object, "spec.acme.solvers"), Command: engine.Describe(issuer)}}
		a.exam.Verdict.Status, a.exam.Verdict.Reason = health.Failing, health.Reason(f.Reason)
		a.exam.Findings = append(a.exam.Findings, f)
		return
	}
}

// acme is an Order or Challenge under examination, with the reason in its status and the
// path of that reason.
type acme struct {
	x            *engine.Context
	obj          *unstructured.Unstructured
	exam         *engine.Result
	reason, path string
}

func (a acme) finding(code finding.Code, reason, what string) finding.Finding {
	f := finding.Finding{
		Code: code, Ref: a.exam.Verdict.Ref, Reason: reason, Severity: finding.Critical, Since: a.exam.Verdict.Since,
		Message: fmt.Sprintf("%s %s", a.exam.Verdict.Ref, what),
	}
	if a.reason != "" {
		f.Evidence = []finding.Evidence{engine.Evidence(a.obj, a.path, a.reason, a.exam.Verdict.Since)}
	}
	return f
}

// host is the domain to validate.
func (a acme) host() string { return object.Text(a.obj.Object, "spec", "dnsName") }

// describeACME is describe for ACME kinds, whose names exist in other API groups as well.
func describeACME(ref object.Ref) string {
	return escape.Command("kubectl describe %s.%s %s -n %s", object.PluralOf(ref.Kind), object.OrderKind.Group, ref.Name, ref.Namespace)
}

// answered reports the answer of the ACME server, with a fix: another name, time, or an
// account that the server accepts.
func (a acme) answered(parsed message.ACME) finding.Finding {
	issuer, _ := IssuerNamed(a.obj)
	host := a.host()
	if host == "" {
		host = strings.Join(object.Texts(a.obj.Object, "spec", "dnsNames"), ", ")
	}
	look := finding.Fix{Text: "Check its events", Command: describeACME(a.exam.Verdict.Ref)}
	switch parsed.Problem {
	case message.ACMERateLimited:
		f := a.finding(engine.CodeRateLimited, string(parsed.Problem), "is rejected by the ACME server's rate limit: "+health.FirstLine(parsed.Detail))
		wait := "Wait until the limit expires: each further attempt counts as well"
		if parsed.Retry != "" {
			wait = "Wait until " + parsed.Retry + ", when the limit expires: each further attempt counts as well"
		}
		f.Fixes = []finding.Fix{{Text: wait, Command: look.Command}, {Text: "Test changes in the ACME server's staging environment, whose limits are higher"}}
		return f
	case message.ACMECAA:
		f := a.finding(engine.CodeCAA, string(parsed.Problem), "is rejected because a CAA record of the domain does not allow this CA: "+health.FirstLine(parsed.Detail))
		f.Fixes = []finding.Fix{{Text: "Allow the CA in the CAA record of " + host + " or of its parent domain, at the DNS provider", Command: "dig +short CAA " + escape.ShellWord(host)}}
		return f
	case message.ACMEIdentifier:
		f := a.finding(engine.CodeOrderFailed, string(parsed.Problem), "names a domain for which the ACME server issues no certificate: "+health.FirstLine(parsed.Detail))
		f.Fixes = []finding.Fix{{Text: "List only public domains in spec.dnsNames of the Certificate, or have a private CA issue it", Command: look.Command}}
		return f
	case message.ACMEAccount, message.ACMEExternalAccount, message.ACMEContact:
		f := a.finding(engine.CodeACMEAccount, string(parsed.Problem), "is rejected because the ACME server does not accept the account: "+health.FirstLine(parsed.Detail))
		f.Ref = issuer
		f.Fixes = accountFix(a.x, a.x.Snap.Lookup(issuer).Object, issuer, parsed)
		return f
	case message.ACMEServerError:
		f := a.finding(engine.CodeOrderFailed, string(parsed.Problem), "failed because of an error of the ACME server: "+health.FirstLine(parsed.Detail))
		f.Fixes = []finding.Fix{{Text: "Check whether the ACME server reports an outage; cert-manager retries by itself", Command: look.Command}}
		return f
	}
	f := a.finding(engine.CodeOrderFailed, string(parsed.Problem), "failed: "+health.FirstLine(parsed.Detail))
	f.Fixes = []finding.Fix{look}
	return f
}
