package pki

import (
	"fmt"
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
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// propagationTimeout is how long a DNS record may take to reach all authoritative servers
// before that is a failure: providers publish records within minutes, and cert-manager
// checks without a limit.
const propagationTimeout = 15 * time.Minute

// ExplainChallenge reports why a domain is not validated: what cert-manager's self-check
// of it found, or what the ACME server answered (cert-manager v1.21,
// pkg/controller/acmechallenges/sync.go).
func ExplainChallenge(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	state, since := object.Text(obj.Object, "status", "state"), obj.GetCreationTimestamp().Time
	e := engine.Result{Verdict: health.Verdict{Ref: object.RefOf(obj), Status: health.Progressing, Reason: health.Reason(state), Since: since}}
	switch state {
	case "valid":
		e.Verdict.Status, e.Verdict.Reason = health.Ready, ""
		return e
	case "invalid", "errored", "expired":
		e.Verdict.Status = health.Failing
	}
	c := &challenge{acme: acme{x: x, obj: obj, exam: &e, reason: object.Text(obj.Object, "status", "reason"), path: "status.reason"}}
	parsed, ok := c.presented()
	if ok {
		e.Verdict.Message = parsed.Detail
	}
	due := engine.RequestTimeout
	if parsed.Problem == message.ACMENotPropagated {
		due = propagationTimeout
	}
	if e.Verdict.Status != health.Failing && x.Now.Sub(since) <= due && parsed.Problem != message.ACMESolverSecret && !ofProvider(parsed.Problem) {
		return e
	}
	e.Verdict.Status = health.Failing
	if !ok {
		c.notProcessed()
		return e
	}
	e.Verdict.Reason = health.Reason(parsed.Problem)
	c.explain(parsed)
	return e
}

// challenge is one Challenge under examination.
type challenge struct {
	acme
	// event is evidence from the event that contains more than status.reason.
	event []finding.Evidence
}

// notProcessed reports a Challenge without a reason in its status.
func (c challenge) notProcessed() {
	c.exam.Blame = flux.CertManager(c.x, "controller")
	f := c.finding(engine.CodeSelfCheck, "NotProcessed", "has not been processed")
	f.Evidence = []finding.Evidence{engine.Evidence(c.obj, "spec.dnsName", c.host(), time.Time{})}
	f.Fixes = []finding.Fix{{Text: "Check its events, and what cert-manager logs about it", Command: describeACME(f.Ref)}}
	c.exam.Fallback = append(c.exam.Fallback, f)
}

func (c *challenge) explain(parsed message.ACME) {
	switch parsed.Problem {
	case message.ACMEStatusCode, message.ACMEWrongAnswer, message.ACMEInvalid:
		if object.Text(c.obj.Object, "spec", "type") == "HTTP-01" {
			c.wrongAnswer(parsed)
			return
		}
	case message.ACMENoHost:
		c.noHost(parsed)
		return
	case message.ACMENoConnection:
		if object.Text(c.obj.Object, "spec", "type") == "HTTP-01" {
			c.noConnection(parsed)
			return
		}
	case message.ACMENotPropagated, message.ACMENameServers:
		c.notPropagated(parsed)
		return
	case message.ACMESolverSecret:
		c.noSecret(parsed)
		return
	case message.ACMESolverAPI:
		c.noSolverAPI(parsed)
		return
	case message.ACMEProviderCredentials, message.ACMEProviderDenied, message.ACMENoZone:
		if object.Text(c.obj.Object, "spec", "type") == "DNS-01" {
			c.provider(parsed)
			return
		}
	}
	if c.refused() {
		return
	}
	f := c.answered(parsed)
	if f.Code == engine.CodeOrderFailed {
		f.Code = engine.CodeValidationFailed
	}
	c.exam.Findings = append(c.exam.Findings, f)
}

// refused reports a pod, Service or Ingress of the solver that the API server rejects.
func (c challenge) refused() bool {
	findings, blame := refusal.ExplainAPIError(c.x, c.exam.Verdict.Ref, c.reason, c.exam.Verdict.Since)
	for i := range findings {
		if len(findings[i].Evidence) == 0 {
			findings[i].Evidence = []finding.Evidence{engine.Evidence(c.obj, c.path, c.reason, c.exam.Verdict.Since)}
		}
	}
	c.exam.Findings, c.exam.Blame = append(c.exam.Findings, findings...), append(c.exam.Blame, blame...)
	return len(findings)+len(blame) > 0
}

// noHost reports a host without an address in DNS.
func (c challenge) noHost(parsed message.ACME) {
	f := c.finding(engine.CodeSelfCheck, string(parsed.Problem), fmt.Sprintf("can't be validated: %s has no address in DNS", c.host()))
	f.Evidence = append(f.Evidence, engine.Evidence(c.obj, "spec.dnsName", c.host(), time.Time{}))
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Create a DNS record for %s with the external address of the ingress, or correct the name in the Certificate", c.host()), Command: "dig +short " + escape.ShellWord(c.host())},
	}
	c.exam.Findings = append(c.exam.Findings, f)
}

// noConnection reports a host whose address does not respond on port 80.
func (c challenge) noConnection(parsed message.ACME) {
	if c.solver() {
		return
	}
	f := c.finding(engine.CodeSelfCheck, string(parsed.Problem), fmt.Sprintf("can't be validated: http://%s does not respond on port 80: %s", c.host(), health.FirstLine(parsed.Detail)))
	f.Evidence = append(f.Evidence, engine.Evidence(c.obj, "spec.dnsName", c.host(), time.Time{}))
	from := "from inside the cluster, where cert-manager checks it first (some load balancers can't be reached from there)"
	if parsed.Address != "" {
		from = "from outside"
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Make %s reachable on port 80 %s: check its DNS record, the load balancer and the firewall", c.host(), from),
		Command: "curl -sv http://" + escape.ShellWord(c.host()) + "/.well-known/acme-challenge/"}}
	c.exam.Findings = append(c.exam.Findings, f)
}

// notPropagated reports a TXT record that the domain's name servers do not have.
func (c challenge) notPropagated(why message.ACME) {
	record := "_acme-challenge." + c.host()
	f := c.finding(engine.CodeNotPropagated, string(why.Problem), fmt.Sprintf("can't be validated: the domain's name servers do not have the TXT record %s: %s", record, health.FirstLine(why.Detail)))
	if why.Problem == message.ACMENameServers {
		f.Message = fmt.Sprintf("%s can't be validated: the name servers of %s can't be queried: %s", f.Ref, c.host(), health.FirstLine(why.Detail))
	}
	if solver, ok := engine.ValueAt(c.obj.Object, "spec.solver.dns01"); ok && len(solver) < engine.MaxValue {
		f.Evidence = append(f.Evidence, engine.Evidence(c.obj, "spec.solver.dns01", solver, time.Time{}))
	}
	for _, event := range c.x.Warnings(c.obj) {
		f.Evidence = append(f.Evidence, engine.EventEvidence(f.Ref, event))
		break
	}
	f.Fixes = []finding.Fix{
		{Text: "Check whether the record exists in the zone to which the domain's NS records point", Command: "dig +trace TXT " + escape.ShellWord(record)},
		{Text: "If only cert-manager can't find it, because the cluster resolves the domain differently, set cert-manager's --dns01-recursive-nameservers", Command: describeACME(f.Ref)},
	}
	c.exam.Findings = append(c.exam.Findings, f)
}

// noSecret reports a missing Secret with the DNS provider's credentials. For a
// ClusterIssuer, cert-manager reads it in its own namespace.
func (c *challenge) noSecret(parsed message.ACME) {
	issuer, _ := IssuerNamed(c.obj)
	namespace := c.solverNamespace(issuer)
	f := c.finding(engine.CodeSolverFailed, string(parsed.Problem), fmt.Sprintf("can't be presented: Secret %s with the credentials of the DNS provider does not exist", parsed.Secret))
	f.Ref = issuer
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create Secret %s where cert-manager reads it: in cert-manager's namespace for a ClusterIssuer, in the Issuer's namespace otherwise", parsed.Secret), Command: engine.Describe(issuer)}}
	if namespace != "" {
		f.Ref = engine.CoreRef(object.SecretKind.Kind, namespace, parsed.Secret)
		f.Message = fmt.Sprintf("%s can't be presented: %s with the credentials of the DNS provider, which %s references, does not exist", c.exam.Verdict.Ref, f.Ref, issuer)
		f.Fixes[0] = finding.Fix{Text: fmt.Sprintf("Create %s, with the key that the solver of %s references", f.Ref, issuer), Command: "kubectl get secrets -n " + escape.ShellWord(namespace)}
		if c.x.Presence(engine.ConfigSource{Ref: f.Ref}) == snapshot.Present {
			return
		}
		if other, ok := c.x.InOtherNamespace(f.Ref); ok {
			f.Message += fmt.Sprintf("; a Secret of this name exists in namespace %s", other.Namespace)
		}
	}
	c.exam.Findings = append(c.exam.Findings, f)
}

// noSolverAPI reports a DNS provider's webhook whose API does not respond.
func (c challenge) noSolverAPI(parsed message.ACME) {
	c.exam.Blame = refusal.Refusal{X: c.x}.APIServices()
	f := c.finding(engine.CodeSolverFailed, string(parsed.Problem), "can't be presented: the API of the DNS solver's webhook does not respond: "+health.FirstLine(parsed.Detail))
	f.Fixes = []finding.Fix{{Text: "Check whether the webhook of the DNS provider is installed and its API is available", Command: "kubectl get apiservices"}}
	c.exam.Findings = append(c.exam.Findings, f)
}
