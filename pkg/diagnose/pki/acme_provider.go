package pki

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ofProvider reports whether a problem is one of the DNS provider's API.
func ofProvider(problem message.ACMEProblem) bool {
	return slices.Contains([]message.ACMEProblem{message.ACMEProviderCredentials, message.ACMEProviderDenied, message.ACMENoZone}, problem)
}

// presented parses why a challenge is not valid. Since cert-manager#8221, cert-manager
// omits the answer of the provider's API from status.reason; only the event PresentError
// has it.
func (c *challenge) presented() (message.ACME, bool) {
	inStatus, ok := c.x.Message(c.reason).ACME()
	if inStatus.Problem != message.ACMEOther && ok {
		return inStatus, true
	}
	for _, w := range c.x.Warnings(c.obj) {
		if parsed, _ := c.x.Message(w.Message).ACME(); w.Reason == "PresentError" && ofProvider(parsed.Problem) {
			c.event = []finding.Evidence{engine.EventEvidence(object.RefOf(c.obj), w)}
			return parsed, true
		}
	}
	return inStatus, ok
}

// provider reports what the API of the DNS provider rejected. The object to change is the
// Secret if its credentials are not accepted; otherwise the solver of the issuer, or the
// permissions of the identity that it uses.
func (c *challenge) provider(parsed message.ACME) {
	issuer, ok := IssuerNamed(c.obj)
	if !ok {
		issuer = c.exam.Verdict.Ref
	}
	f := c.finding(engine.CodeSolverFailed, string(parsed.Problem), "")
	f.Evidence = append(f.Evidence, c.event...)
	f.Ref = issuer
	provider, config := "", map[string]any{}
	for name, value := range object.Map(c.obj.Object, "spec", "solver", "dns01") {
		if of, isMap := value.(map[string]any); isMap {
			provider, config = name, of
		}
	}
	uses := c.identity(provider, config, &f)
	secret := c.providerSecret(config)
	named := fmt.Sprintf("%s (solver dns01.%s of %s)", uses, provider, issuer)
	switch parsed.Problem {
	case message.ACMEProviderCredentials:
		f.Message = fmt.Sprintf("%s can't be presented: the DNS provider does not accept the credentials of %s: %s", c.exam.Verdict.Ref, named, health.FirstLine(parsed.Detail))
		f.Fixes = []finding.Fix{{Text: "Check the identity and the credentials that the solver references", Command: engine.Describe(issuer)}}
		if secret.Name != "" && secret.Namespace != "" {
			f.Ref = secret
			f.Fixes = []finding.Fix{
				{Text: fmt.Sprintf("Check which keys %s has and when it was last changed", secret), Command: flux.DescribeCommand(secret)},
				{Text: fmt.Sprintf("Store valid credentials of the DNS provider in %s: the current ones may have expired, been revoked, or belong to another account", secret)},
			}
		}
	case message.ACMEProviderDenied:
		what := "to read the zone of " + c.host() + " and to write TXT records in it"
		if parsed.Action != "" {
			what = "to perform " + parsed.Action + " on the zone of " + c.host()
		}
		f.Message = fmt.Sprintf("%s can't be presented: the DNS provider does not allow %s %s: %s", c.exam.Verdict.Ref, named, what, health.FirstLine(parsed.Detail))
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Allow %s %s, at the DNS provider", uses, what), Command: engine.Describe(issuer)},
			{Text: "If the zone belongs to another account, correct the identity or the zone in the solver", File: flux.File(c.x, c.x.Snap.Lookup(issuer).Object, "spec.acme.solvers.dns01")},
		}
	default:
		f.Message = fmt.Sprintf("%s can't be presented: the DNS provider has no zone for %s that %s can read: %s", c.exam.Verdict.Ref, c.host(), named, health.FirstLine(parsed.Detail))
		f.Fixes = []finding.Fix{
			{Text: "Check which name servers serve the domain, and whether they are this provider's", Command: "dig +trace NS " + escape.ShellWord(c.host())},
			{Text: "Set the zone, or the account that has it, in the solver, or allow the solver's identity to list zones", File: flux.File(c.x, c.x.Snap.Lookup(issuer).Object, "spec.acme.solvers.dns01"), Command: engine.Describe(issuer)},
		}
	}
	c.exam.Findings = append(c.exam.Findings, f)
}

// identity names the identity that the solver uses, and adds the evidence: from the
// issuer if it can be read, otherwise from the Challenge.
func (c *challenge) identity(provider string, config map[string]any, f *finding.Finding) string {
	obj, prefix := c.obj, "spec.solver.dns01."+provider
	if issuer, ok := IssuerNamed(c.obj); ok {
		if found := c.x.Snap.Lookup(issuer).Object; found != nil {
			for i, solver := range object.List(found.Object, "spec", "acme", "solvers") {
				if object.Map(solver, "dns01", provider) != nil && matchingSolver(object.Map(solver, "dns01", provider), config) {
					obj, prefix = found, fmt.Sprintf("spec.acme.solvers[%d].dns01.%s", i, provider)
					break
				}
			}
		}
	}
	var uses []string
	for _, key := range []string{"role", "accessKeyID", "email", "clientID", "managedIdentity.clientID", "project", "hostedZoneID", "hostedZoneName", "hostedZone",
		"auth.kubernetes.serviceAccountRef.name", "accessKeyIDSecretRef.name", "secretAccessKeySecretRef.name", "apiTokenSecretRef.name", "apiKeySecretRef.name",
		"clientSecretSecretRef.name", "serviceAccountSecretRef.name", "tokenSecretRef.name", "tsigSecretSecretRef.name", "accountSecretRef.name"} {
		value, ok := engine.ValueAt(obj.Object, prefix+"."+key)
		if !ok || value == "" {
			continue
		}
		f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(obj, prefix+"."+key, value, time.Time{}))
		switch last := strings.TrimSuffix(key, ".name"); {
		case strings.HasSuffix(last, "SecretRef"):
			uses = append(uses, "Secret "+value)
		case key == "role":
			uses = append(uses, "role "+value)
		case strings.HasSuffix(last, "serviceAccountRef"):
			uses = append(uses, "service account "+value)
		case strings.HasSuffix(key, "lientID"):
			uses = append(uses, "client "+value)
		}
	}
	if len(uses) == 0 {
		return "the identity of cert-manager's own pod"
	}
	return engine.ListOf(slices.Compact(uses))
}

// matchingSolver reports whether a solver of the issuer is the one that the Challenge was
// given: the Challenge has all settings of the solver.
func matchingSolver(solver, given map[string]any) bool {
	for key, value := range solver {
		if fmt.Sprint(given[key]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// providerSecret is the Secret with the credentials; its namespace is empty if it is not
// known.
func (c *challenge) providerSecret(config map[string]any) object.Ref {
	for _, key := range []string{"apiTokenSecretRef", "apiKeySecretRef", "secretAccessKeySecretRef", "clientSecretSecretRef", "serviceAccountSecretRef", "tokenSecretRef", "tsigSecretSecretRef", "accountSecretRef"} {
		if name := object.Text(config, key, "name"); name != "" {
			issuer, _ := IssuerNamed(c.obj)
			secret := engine.CoreRef(object.SecretKind.Kind, c.solverNamespace(issuer), name)
			if c.x.Snap.Lookup(secret).Presence == snapshot.Absent {
				secret.Namespace = ""
			}
			return secret
		}
	}
	return object.Ref{}
}

// solverNamespace is the namespace in which cert-manager reads the Secrets of an issuer:
// the Issuer's, or cert-manager's for a ClusterIssuer; empty if it is not known.
func (c *challenge) solverNamespace(issuer object.Ref) string {
	if issuer.Kind != object.ClusterIssuerKind.Kind {
		return c.obj.GetNamespace()
	}
	for _, obj := range flux.CertManagers(c.x, "controller") {
		return obj.GetNamespace()
	}
	return ""
}
