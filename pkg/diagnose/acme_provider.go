package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ofProvider tells whether a problem is one of the DNS provider's API.
func ofProvider(problem fluxmsg.ACMEProblem) bool {
	return slices.Contains([]fluxmsg.ACMEProblem{fluxmsg.ACMEProviderCredentials, fluxmsg.ACMEProviderDenied, fluxmsg.ACMENoZone}, problem)
}

// presented reads why a challenge is not valid. Since cert-manager#8221, cert-manager
// leaves out of status.reason what a provider's API answered, and has it in the
// event PresentError alone.
func (c *challenge) presented() (fluxmsg.ACME, bool) {
	inStatus, ok := c.x.message(c.reason).ACME()
	if inStatus.Problem != fluxmsg.ACMEOther && ok {
		return inStatus, true
	}
	for _, w := range c.x.warnings(c.obj) {
		if parsed, _ := c.x.message(w.Message).ACME(); w.Reason == "PresentError" && ofProvider(parsed.Problem) {
			c.event = []finding.Evidence{eventEvidence(finding.RefOf(c.obj), w)}
			return parsed, true
		}
	}
	return inStatus, ok
}

// provider reports what the API of the DNS provider refused. What has to change is
// the Secret where the credentials in it are not accepted; else the solver of the
// issuer, or the right of the identity that it uses.
func (c *challenge) provider(parsed fluxmsg.ACME) {
	issuer, ok := issuerNamed(c.obj)
	if !ok {
		issuer = c.exam.verdict.Ref
	}
	f := c.finding(codeSolverFailed, string(parsed.Problem), "")
	f.Evidence = append(f.Evidence, c.event...)
	f.Ref = issuer
	provider, config := "", map[string]any{}
	for name, value := range field.Map(c.obj.Object, "spec", "solver", "dns01") {
		if of, isMap := value.(map[string]any); isMap {
			provider, config = name, of
		}
	}
	uses := c.identity(provider, config, &f)
	secret := c.providerSecret(config)
	named := fmt.Sprintf("%s (solver dns01.%s of %s)", uses, provider, issuer)
	switch parsed.Problem {
	case fluxmsg.ACMEProviderCredentials:
		f.Message = fmt.Sprintf("%s can't be presented: the DNS provider does not accept the credentials of %s: %s", c.exam.verdict.Ref, named, firstLine(parsed.Detail))
		f.Fixes = []finding.Fix{{Text: "Check the identity and the credentials that the solver references", Command: describe(issuer)}}
		if secret.Name != "" && secret.Namespace != "" {
			f.Ref = secret
			f.Fixes = []finding.Fix{
				{Text: fmt.Sprintf("Check which keys %s has and when it was last changed", secret), Command: inspect(secret)},
				{Text: fmt.Sprintf("Store valid credentials of the DNS provider in %s: the current ones may have expired, been revoked, or belong to another account", secret)},
			}
		}
	case fluxmsg.ACMEProviderDenied:
		what := "to read the zone of " + c.host() + " and to write TXT records in it"
		if parsed.Action != "" {
			what = "to perform " + parsed.Action + " on the zone of " + c.host()
		}
		f.Message = fmt.Sprintf("%s can't be presented: the DNS provider does not allow %s %s: %s", c.exam.verdict.Ref, named, what, firstLine(parsed.Detail))
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Allow %s %s, at the DNS provider", uses, what), Command: describe(issuer)},
			{Text: "If the zone belongs to another account, correct the identity or the zone in the solver", File: c.x.file(c.x.snap.Lookup(issuer).Object, "spec.acme.solvers.dns01")},
		}
	default:
		f.Message = fmt.Sprintf("%s can't be presented: the DNS provider has no zone for %s that %s can read: %s", c.exam.verdict.Ref, c.host(), named, firstLine(parsed.Detail))
		f.Fixes = []finding.Fix{
			{Text: "Check which name servers serve the domain, and whether they are this provider's", Command: "dig +trace NS " + escape.ShellWord(c.host())},
			{Text: "Set the zone, or the account that has it, in the solver, or allow the solver's identity to list zones", File: c.x.file(c.x.snap.Lookup(issuer).Object, "spec.acme.solvers.dns01"), Command: describe(issuer)},
		}
	}
	c.exam.findings = append(c.exam.findings, f)
}

// identity names as what the solver signs in, and adds what says so: as the issuer
// has it where that can be read, else as the Challenge has it.
func (c *challenge) identity(provider string, config map[string]any, f *finding.Finding) string {
	obj, prefix := c.obj, "spec.solver.dns01."+provider
	if issuer, ok := issuerNamed(c.obj); ok {
		if found := c.x.snap.Lookup(issuer).Object; found != nil {
			for i, solver := range field.List(found.Object, "spec", "acme", "solvers") {
				if field.Map(solver, "dns01", provider) != nil && matchingSolver(field.Map(solver, "dns01", provider), config) {
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
		value, ok := valueAt(obj.Object, prefix+"."+key)
		if !ok || value == "" {
			continue
		}
		f.Evidence = withProof(f.Evidence, evidence(obj, prefix+"."+key, value, time.Time{}))
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
	return listOf(slices.Compact(uses))
}

// matchingSolver tells whether a solver of the issuer is the one that the
// Challenge was given: all that the former says, the latter has.
func matchingSolver(solver, given map[string]any) bool {
	for key, value := range solver {
		if fmt.Sprint(given[key]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// providerSecret is the Secret with the credentials; its namespace is empty where
// that is not known.
func (c *challenge) providerSecret(config map[string]any) finding.Ref {
	for _, key := range []string{"apiTokenSecretRef", "apiKeySecretRef", "secretAccessKeySecretRef", "clientSecretSecretRef", "serviceAccountSecretRef", "tokenSecretRef", "tsigSecretSecretRef", "accountSecretRef"} {
		if name := field.Text(config, key, "name"); name != "" {
			issuer, _ := issuerNamed(c.obj)
			secret := coreRef(secretKind.Kind, c.solverNamespace(issuer), name)
			if c.x.snap.Lookup(secret).Presence == snapshot.Absent {
				secret.Namespace = ""
			}
			return secret
		}
	}
	return finding.Ref{}
}

// solverNamespace is where cert-manager reads the Secrets of an issuer: beside it,
// or beside cert-manager for a ClusterIssuer; empty where that is not known.
func (c *challenge) solverNamespace(issuer finding.Ref) string {
	if issuer.Kind != health.ClusterIssuerKind.Kind {
		return c.obj.GetNamespace()
	}
	for _, obj := range c.x.certManagers("controller") {
		return obj.GetNamespace()
	}
	return ""
}
