package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// propagation is how long a DNS record may take to be at all authoritative
// servers before that is a failure: providers write them within minutes, and
// cert-manager goes on checking without an end.
const propagation = 15 * time.Minute

// explainChallenge tells why a domain is not validated: what cert-manager's own
// check of it found, or what the ACME server answered (cert-manager v1.21,
// pkg/controller/acmechallenges/sync.go).
func explainChallenge(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	state, since := field.Text(obj.Object, "status", "state"), obj.GetCreationTimestamp().Time
	e := exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Progressing, Reason: health.Reason(state), Since: since}}
	switch state {
	case "valid":
		e.verdict.Status, e.verdict.Reason = health.Ready, ""
		return e
	case "invalid", "errored", "expired":
		e.verdict.Status = health.Failing
	}
	c := &challenge{acme: acme{x: x, obj: obj, exam: &e, reason: field.Text(obj.Object, "status", "reason"), path: "status.reason"}}
	said, ok := c.presented()
	if ok {
		e.verdict.Message = said.Detail
	}
	due := patience
	if said.Problem == fluxmsg.ACMENotPropagated {
		due = propagation
	}
	if e.verdict.Status != health.Failing && x.now.Sub(since) <= due && said.Problem != fluxmsg.ACMESolverSecret && !ofProvider(said.Problem) {
		return e
	}
	e.verdict.Status = health.Failing
	if !ok {
		c.silent()
		return e
	}
	e.verdict.Reason = health.Reason(said.Problem)
	c.explain(said)
	return e
}

// challenge is one Challenge under examination.
type challenge struct {
	acme
	// event is the one that tells more than status.reason, as proof.
	event []finding.Evidence
}

// silent is a Challenge that says nothing of itself.
func (c challenge) silent() {
	c.exam.blame = c.x.certManager("controller")
	f := c.finding(codeSelfCheck, "NotProcessed", "has not been processed")
	f.Evidence = []finding.Evidence{evidence(c.obj, "spec.dnsName", c.host(), time.Time{})}
	f.Fixes = []finding.Fix{{Text: "Check its events, and what cert-manager logs about it", Command: describeACME(f.Ref)}}
	c.exam.fallback = append(c.exam.fallback, f)
}

func (c *challenge) explain(said fluxmsg.ACME) {
	switch said.Problem {
	case fluxmsg.ACMEStatusCode, fluxmsg.ACMEWrongAnswer, fluxmsg.ACMEInvalid:
		if field.Text(c.obj.Object, "spec", "type") == "HTTP-01" {
			c.otherAnswer(said)
			return
		}
	case fluxmsg.ACMENoHost:
		c.noHost(said)
		return
	case fluxmsg.ACMENoConnection:
		if field.Text(c.obj.Object, "spec", "type") == "HTTP-01" {
			c.noConnection(said)
			return
		}
	case fluxmsg.ACMENotPropagated, fluxmsg.ACMENameServers:
		c.notPropagated(said)
		return
	case fluxmsg.ACMESolverSecret:
		c.noSecret(said)
		return
	case fluxmsg.ACMESolverAPI:
		c.noSolverAPI(said)
		return
	case fluxmsg.ACMEProviderCredentials, fluxmsg.ACMEProviderDenied, fluxmsg.ACMENoZone:
		if field.Text(c.obj.Object, "spec", "type") == "DNS-01" {
			c.provider(said)
			return
		}
	}
	if c.refused() {
		return
	}
	f := c.answered(said)
	if f.Code == codeOrderFailed {
		f.Code = codeValidationFailed
	}
	c.exam.findings = append(c.exam.findings, f)
}

// refused is a solver's pod, Service or Ingress that the API server refuses.
func (c challenge) refused() bool {
	findings, blame := c.x.explainAPIError(c.exam.verdict.Ref, c.reason, c.exam.verdict.Since)
	for i := range findings {
		if len(findings[i].Evidence) == 0 {
			findings[i].Evidence = []finding.Evidence{evidence(c.obj, c.path, c.reason, c.exam.verdict.Since)}
		}
	}
	c.exam.findings, c.exam.blame = append(c.exam.findings, findings...), append(c.exam.blame, blame...)
	return len(findings)+len(blame) > 0
}

// noHost is a host without an address in the DNS.
func (c challenge) noHost(said fluxmsg.ACME) {
	f := c.finding(codeSelfCheck, string(said.Problem), fmt.Sprintf("can't be validated: %s has no address in DNS", c.host()))
	f.Evidence = append(f.Evidence, evidence(c.obj, "spec.dnsName", c.host(), time.Time{}))
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Create a DNS record for %s with the external address of the ingress, or correct the name in the Certificate", c.host()), Command: "dig +short " + escape.ShellWord(c.host())},
	}
	c.exam.findings = append(c.exam.findings, f)
}

// noConnection is a host at whose address nothing answers on port 80.
func (c challenge) noConnection(said fluxmsg.ACME) {
	if c.solver() {
		return
	}
	f := c.finding(codeSelfCheck, string(said.Problem), fmt.Sprintf("can't be validated: http://%s does not respond on port 80: %s", c.host(), firstLine(said.Detail)))
	f.Evidence = append(f.Evidence, evidence(c.obj, "spec.dnsName", c.host(), time.Time{}))
	from := "from inside the cluster, where cert-manager checks it first (some load balancers can't be reached from there)"
	if said.Address != "" {
		from = "from outside"
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Make %s reachable on port 80 %s: check its DNS record, the load balancer and the firewall", c.host(), from),
		Command: "curl -sv http://" + escape.ShellWord(c.host()) + "/.well-known/acme-challenge/"}}
	c.exam.findings = append(c.exam.findings, f)
}

// notPropagated is a TXT record that the name servers of the domain do not have.
func (c challenge) notPropagated(why fluxmsg.ACME) {
	record := "_acme-challenge." + c.host()
	f := c.finding(codeNotPropagated, string(why.Problem), fmt.Sprintf("can't be validated: the domain's name servers do not have the TXT record %s: %s", record, firstLine(why.Detail)))
	if why.Problem == fluxmsg.ACMENameServers {
		f.Message = fmt.Sprintf("%s can't be validated: the name servers of %s can't be queried: %s", f.Ref, c.host(), firstLine(why.Detail))
	}
	if solver, ok := valueAt(c.obj.Object, "spec.solver.dns01"); ok && len(solver) < maxValue {
		f.Evidence = append(f.Evidence, evidence(c.obj, "spec.solver.dns01", solver, time.Time{}))
	}
	for _, event := range c.x.warnings(c.obj) {
		f.Evidence = append(f.Evidence, eventEvidence(f.Ref, event))
		break
	}
	f.Fixes = []finding.Fix{
		{Text: "Check whether the record exists in the zone to which the domain's NS records point", Command: "dig +trace TXT " + escape.ShellWord(record)},
		{Text: "If only cert-manager can't find it, because the cluster resolves the domain differently, set cert-manager's --dns01-recursive-nameservers", Command: describeACME(f.Ref)},
	}
	c.exam.findings = append(c.exam.findings, f)
}

// noSecret is a solver whose Secret with the provider's credentials does not
// exist. For a ClusterIssuer it is read beside cert-manager.
func (c *challenge) noSecret(said fluxmsg.ACME) {
	issuer, _ := issuerNamed(c.obj)
	namespace := c.solverNamespace(issuer)
	f := c.finding(codeSolverFailed, string(said.Problem), fmt.Sprintf("can't be presented: Secret %s with the credentials of the DNS provider does not exist", said.Secret))
	f.Ref = issuer
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create Secret %s where cert-manager reads it: in cert-manager's namespace for a ClusterIssuer, in the Issuer's namespace otherwise", said.Secret), Command: describe(issuer)}}
	if namespace != "" {
		f.Ref = coreRef(secretKind.Kind, namespace, said.Secret)
		f.Message = fmt.Sprintf("%s can't be presented: %s with the credentials of the DNS provider, which %s references, does not exist", c.exam.verdict.Ref, f.Ref, issuer)
		f.Fixes[0] = finding.Fix{Text: fmt.Sprintf("Create %s, with the key that the solver of %s references", f.Ref, issuer), Command: "kubectl get secrets -n " + escape.ShellWord(namespace)}
		if c.x.presence(part{ref: f.Ref}) == snapshot.Present {
			return
		}
		if other, ok := c.x.inOtherNamespace(f.Ref); ok {
			f.Message += fmt.Sprintf("; a Secret of this name exists in namespace %s", other.Namespace)
		}
	}
	c.exam.findings = append(c.exam.findings, f)
}

// noSolverAPI is a DNS provider's webhook that is no API that answers.
func (c challenge) noSolverAPI(said fluxmsg.ACME) {
	c.exam.blame = apiRefusal{x: c.x}.apiServices()
	f := c.finding(codeSolverFailed, string(said.Problem), "can't be presented: the API of the DNS solver's webhook does not respond: "+firstLine(said.Detail))
	f.Fixes = []finding.Fix{{Text: "Check whether the webhook of the DNS provider is installed and its API is available", Command: "kubectl get apiservices"}}
	c.exam.findings = append(c.exam.findings, f)
}
