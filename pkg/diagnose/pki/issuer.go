package pki

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainIssuer blames the Certificate that writes an Issuer's key, or reports the Secret
// that does not exist.
func ExplainIssuer(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	broken := brokenCAs(x, obj)
	if e.Verdict.Status == health.Ready && len(broken) == 0 || obj.GetDeletionTimestamp() != nil {
		return e
	}
	e.Blame = broken
	if len(broken) > 0 && !failing && allStatus(x, broken, health.Progressing) {
		// cert-manager writes Ready: False while the key is still being created.
		e.Verdict.Status = health.Progressing
		return e
	}
	if len(e.Blame) == 0 && object.ConditionOf(obj, "Ready").Status == "" {
		e.Blame = flux.CertManager(x, "controller")
	}
	if e.Verdict.Status == health.Failing || failing && e.Verdict.Status != health.Ready {
		e.Findings = append(e.Findings, issuerFinding(x, obj, e.Verdict))
	}
	return e
}

func allStatus(x *engine.Context, refs []object.Ref, status health.Status) bool {
	for _, ref := range refs {
		if x.Health.Of(ref).Status != status {
			return false
		}
	}
	return true
}

// brokenCAs are the Certificates that write the key with which a CA issuer signs and that
// are not ready: cert-manager still reports the Issuer as ready when the CA has expired
// (v1.21, pkg/issuer/ca/setup.go).
func brokenCAs(x *engine.Context, issuer *unstructured.Unstructured) []object.Ref {
	var found []object.Ref
	for _, certificate := range pods.CertificatesFor(x, pods.KeyNamespace(x, issuer), object.Text(issuer.Object, "spec", "ca", "secretName")) {
		if ref := object.RefOf(certificate); x.Health.Of(ref).Status != health.Ready {
			found = append(found, ref)
		}
	}
	return found
}

// issuerFinding reports what is wrong with the Issuer itself, according to its condition.
// It also looks up the Secret and what should write it.
func issuerFinding(x *engine.Context, obj *unstructured.Unstructured, v health.Verdict) finding.Finding {
	ready := object.ConditionOf(obj, "Ready")
	f := finding.Finding{
		Code: engine.CodeIssuerFailed, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message: fmt.Sprintf("%s can't sign: %s", v.Ref, v.Message),
		Fixes: []finding.Fix{{Text: "Check what cert-manager reports about it",
			Command: engine.Describe(v.Ref)}},
	}
	f.Evidence = append(f.Evidence, engine.ProofOrAge(obj, ready)...)
	if secret := object.Text(obj.Object, "spec", "ca", "secretName"); secret != "" && ready.Status == "False" {
		issuerKey(x, obj, secret, &f)
	}
	accountProblem(x, obj, &f)
	return f
}

// issuerKey adds what is known about the Secret with the key of a CA issuer.
func issuerKey(x *engine.Context, obj *unstructured.Unstructured, secret string, f *finding.Finding) {
	f.Code = engine.CodeIssuerSecret
	namespace := pods.KeyNamespace(x, obj)
	ref := engine.CoreRef(object.SecretKind.Kind, namespace, secret)
	f.Evidence = append(f.Evidence, engine.Evidence(obj, "spec.ca.secretName", secret, f.Since))
	f.Message = fmt.Sprintf("%s can't sign: Secret %s contains no CA certificate with its key", f.Ref, secret)
	answer := snapshot.Answer{}
	if namespace != "" {
		answer = x.Snap.Lookup(ref)
	}
	switch {
	case answer.Presence == snapshot.Present:
		f.Message += "; it has " + pods.KeysOf(answer.Object)
		if kind := object.Text(answer.Object.Object, "type"); kind != "" {
			f.Evidence = append(f.Evidence, engine.Evidence(answer.Object, "type", kind, answer.Object.GetCreationTimestamp().Time))
		}
	case answer.Presence == snapshot.Absent && strings.Contains(object.ConditionOf(obj, "Ready").Message, "not found"):
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		f.Message = fmt.Sprintf("%s can't sign: Secret %s, which should contain its key, does not exist", f.Ref, secret)
	default:
		f.Message = fmt.Sprintf("%s can't sign: %s", f.Ref, health.FirstLine(object.ConditionOf(obj, "Ready").Message))
	}
	issuerKeyFix(x, obj, namespace, secret, f)
}

// issuerKeyFix states what writes the Secret, or which other Secret is written.
func issuerKeyFix(x *engine.Context, obj *unstructured.Unstructured, namespace, secret string, f *finding.Finding) {
	if makers := pods.CertificatesFor(x, namespace, secret); len(makers) > 0 {
		creator := makers[0]
		f.Message += fmt.Sprintf("; Certificate %s writes it", creator.GetName())
		f.Evidence = append(f.Evidence, engine.Evidence(creator, "spec.secretName", secret, creator.GetCreationTimestamp().Time))
		f.Fixes = []finding.Fix{renew(creator)}
		return
	}
	fix := finding.Fix{Text: "Set spec.ca.secretName to the Secret of a CA, or create a Certificate with isCA: true that writes " + secret,
		Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, "spec.ca.secretName")}
	if other := nearestCA(x, namespace, secret); other != nil {
		made := object.Text(other.Object, "spec", "secretName")
		f.Message += fmt.Sprintf("; Certificate %s writes %s", other.GetName(), made)
		f.Evidence = append(f.Evidence, engine.Evidence(other, "spec.secretName", made, other.GetCreationTimestamp().Time))
		fix.Text = fmt.Sprintf("In spec.ca.secretName, write %s instead of %s", made, secret)
	}
	f.Fixes = []finding.Fix{fix}
}

// nearestCA is the CA Certificate in the namespace whose Secret has the name most similar
// to the missing one.
func nearestCA(x *engine.Context, namespace, secret string) *unstructured.Unstructured {
	var best *unstructured.Unstructured
	least := 0
	for _, certificate := range x.Snap.List(object.CertificateKind, namespace).Objects {
		made := object.Text(certificate.Object, "spec", "secretName")
		if namespace == "" || made == "" || !object.Bool(certificate.Object, "spec", "isCA") {
			continue
		}
		if d := similar.Distance(secret, made); best == nil || d < least {
			best, least = certificate, d
		}
	}
	return best
}

// accountProblem sets the finding on an ACME issuer to the problem of its account that
// its condition reports (cert-manager v1.21, pkg/issuer/acme/setup.go).
func accountProblem(x *engine.Context, obj *unstructured.Unstructured, f *finding.Finding) {
	server := object.Text(obj.Object, "spec", "acme", "server")
	why, ok := x.Message(object.ConditionOf(obj, "Ready").Message).ACME()
	if !ok || object.Map(obj.Object, "spec", "acme") == nil {
		return
	}
	f.Code = engine.CodeACMEAccount
	if server != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "spec.acme.server", server, time.Time{}))
	}
	f.Fixes = accountFix(x, obj, f.Ref, why)
}

// accountFix is the fix for a problem with the account of an issuer, which may be nil.
func accountFix(x *engine.Context, obj *unstructured.Unstructured, issuer object.Ref, why message.ACME) []finding.Fix {
	server := object.Text(engine.ObjectOf(obj), "spec", "acme", "server")
	look := finding.Fix{Text: "Check what cert-manager reports about the account", Command: engine.Describe(issuer)}
	switch why.Problem {
	case message.ACMEContact:
		return []finding.Fix{{Text: "Correct spec.acme.email to an address that the ACME server accepts", File: flux.File(x, obj, "spec.acme.email"), Command: flux.ApplyCommand(x, obj)}}
	case message.ACMEExternalAccount:
		return []finding.Fix{{Text: "Set spec.acme.externalAccountBinding to the key that the CA issued for the account", File: flux.File(x, obj, "spec.acme.externalAccountBinding"), Command: engine.Describe(issuer)}}
	case message.ACMENoHost, message.ACMENoConnection:
		return []finding.Fix{
			{Text: fmt.Sprintf("Make %s reachable for cert-manager: check the address in spec.acme.server, the cluster's DNS, and the firewall or proxy for outgoing connections", server), Command: "curl -sv " + escape.ShellWord(server)},
			look,
		}
	case message.ACMESolverSecret:
		where := "in the namespace of the Issuer"
		if issuer.Kind == object.ClusterIssuerKind.Kind {
			where = "in the namespace of cert-manager"
		}
		return []finding.Fix{{Text: fmt.Sprintf("Create Secret %s %s", why.Secret, where), Command: engine.Describe(issuer)}}
	case message.ACMERateLimited:
		text := "Wait: the ACME server limits how often accounts are created"
		if why.Retry != "" {
			text += "; the limit expires at " + why.Retry
		}
		return []finding.Fix{{Text: text, Command: look.Command}}
	}
	return []finding.Fix{look}
}
