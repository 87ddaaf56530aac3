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
)

// accountProblem makes the finding on an ACME issuer what its condition says of
// the account (cert-manager v1.21, pkg/issuer/acme/setup.go).
func (x *examiner) accountProblem(obj *unstructured.Unstructured, f *finding.Finding) {
	server := field.Text(obj.Object, "spec", "acme", "server")
	why, ok := x.message(field.ConditionOf(obj, "Ready").Message).ACME()
	if !ok || field.Map(obj.Object, "spec", "acme") == nil {
		return
	}
	f.Code = codeACMEAccount
	if server != "" {
		f.Evidence = append(f.Evidence, evidence(obj, "spec.acme.server", server, time.Time{}))
	}
	f.Fixes = accountFix(x, obj, f.Ref, why)
}

// accountFix is what helps against a problem with the account of an issuer, which
// may be nil.
func accountFix(x *examiner, obj *unstructured.Unstructured, issuer finding.Ref, why fluxmsg.ACME) []finding.Fix {
	server := field.Text(objectOf(obj), "spec", "acme", "server")
	look := finding.Fix{Text: "Check what cert-manager reports about the account", Command: describe(issuer)}
	switch why.Problem {
	case fluxmsg.ACMEContact:
		return []finding.Fix{{Text: "Correct spec.acme.email to an address that the ACME server accepts", File: x.file(obj, "spec.acme.email"), Command: x.applyNow(obj)}}
	case fluxmsg.ACMEExternalAccount:
		return []finding.Fix{{Text: "Set spec.acme.externalAccountBinding to the key that the CA issued for the account", File: x.file(obj, "spec.acme.externalAccountBinding"), Command: describe(issuer)}}
	case fluxmsg.ACMENoHost, fluxmsg.ACMENoConnection:
		return []finding.Fix{
			{Text: fmt.Sprintf("Make %s reachable for cert-manager: check the address in spec.acme.server, the cluster's DNS, and the firewall or proxy for outgoing connections", server), Command: "curl -sv " + escape.ShellWord(server)},
			look,
		}
	case fluxmsg.ACMESolverSecret:
		where := "in the namespace of the Issuer"
		if issuer.Kind == health.ClusterIssuerKind.Kind {
			where = "in the namespace of cert-manager"
		}
		return []finding.Fix{{Text: fmt.Sprintf("Create Secret %s %s", why.Secret, where), Command: describe(issuer)}}
	case fluxmsg.ACMERateLimited:
		text := "Wait: the ACME server limits how often accounts are created"
		if why.Retry != "" {
			text += "; the limit expires at " + why.Retry
		}
		return []finding.Fix{{Text: text, Command: look.Command}}
	}
	return []finding.Fix{look}
}
