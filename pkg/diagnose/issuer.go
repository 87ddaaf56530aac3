package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainIssuer follows an Issuer to the Certificate that makes its key, or to
// the Secret that is not there.
func explainIssuer(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	broken := x.brokenCAs(obj)
	if e.verdict.Status == health.Ready && len(broken) == 0 || obj.GetDeletionTimestamp() != nil {
		return e
	}
	e.blame = broken
	if len(broken) > 0 && !failing && x.allStatus(broken, health.Progressing) {
		// cert-manager writes Ready: False while the key is still being made.
		e.verdict.Status = health.Progressing
		return e
	}
	if len(e.blame) == 0 && field.ConditionOf(obj, "Ready").Status == "" {
		e.blame = x.certManager("controller")
	}
	if e.verdict.Status == health.Failing || failing && e.verdict.Status != health.Ready {
		e.findings = append(e.findings, x.issuerFinding(obj, e.verdict))
	}
	return e
}

func (x *examiner) allStatus(refs []finding.Ref, status health.Status) bool {
	for _, ref := range refs {
		if x.health.Of(ref).Status != status {
			return false
		}
	}
	return true
}

// brokenCAs are the Certificates that make the key with which a CA
// issuer signs, and are not ready: cert-manager goes on calling the Issuer ready
// when that has ended (v1.21, pkg/issuer/ca/setup.go).
func (x *examiner) brokenCAs(issuer *unstructured.Unstructured) []finding.Ref {
	var found []finding.Ref
	for _, certificate := range x.makers(x.keyNamespace(issuer), field.Text(issuer.Object, "spec", "ca", "secretName")) {
		if ref := finding.RefOf(certificate); x.health.Of(ref).Status != health.Ready {
			found = append(found, ref)
		}
	}
	return found
}

// issuerFinding is what is wrong with the Issuer itself. Its condition says so;
// the Secret and who should make it are looked up beside it.
func (x *examiner) issuerFinding(obj *unstructured.Unstructured, v health.Verdict) finding.Finding {
	ready := field.ConditionOf(obj, "Ready")
	f := finding.Finding{
		Code: codeIssuerFailed, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message: fmt.Sprintf("%s can't sign: %s", v.Ref, v.Message),
		Fixes: []finding.Fix{{Text: "Check what cert-manager reports about it",
			Command: describe(v.Ref)}},
	}
	f.Evidence = append(f.Evidence, proofOrAge(obj, ready)...)
	if secret := field.Text(obj.Object, "spec", "ca", "secretName"); secret != "" && ready.Status == "False" {
		x.issuerKey(obj, secret, &f)
	}
	x.accountProblem(obj, &f)
	return f
}

// issuerKey adds what is known of the Secret with the key of a CA issuer.
func (x *examiner) issuerKey(obj *unstructured.Unstructured, secret string, f *finding.Finding) {
	f.Code = codeIssuerSecret
	namespace := x.keyNamespace(obj)
	ref := coreRef(secretKind.Kind, namespace, secret)
	f.Evidence = append(f.Evidence, evidence(obj, "spec.ca.secretName", secret, f.Since))
	f.Message = fmt.Sprintf("%s can't sign: Secret %s contains no CA certificate with its key", f.Ref, secret)
	answer := snapshot.Answer{}
	if namespace != "" {
		answer = x.snap.Lookup(ref)
	}
	switch {
	case answer.Presence == snapshot.Present:
		f.Message += "; it has " + keysOf(answer.Object)
		if kind := field.Text(answer.Object.Object, "type"); kind != "" {
			f.Evidence = append(f.Evidence, evidence(answer.Object, "type", kind, answer.Object.GetCreationTimestamp().Time))
		}
	case answer.Presence == snapshot.Absent && strings.Contains(field.ConditionOf(obj, "Ready").Message, "not found"):
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		f.Message = fmt.Sprintf("%s can't sign: Secret %s, which should contain its key, does not exist", f.Ref, secret)
	default:
		f.Message = fmt.Sprintf("%s can't sign: %s", f.Ref, firstLine(field.ConditionOf(obj, "Ready").Message))
	}
	x.issuerKeyFix(obj, namespace, secret, f)
}

// issuerKeyFix says what writes the Secret, or which other one is written.
func (x *examiner) issuerKeyFix(obj *unstructured.Unstructured, namespace, secret string, f *finding.Finding) {
	if makers := x.makers(namespace, secret); len(makers) > 0 {
		maker := makers[0]
		f.Message += fmt.Sprintf("; Certificate %s writes it", maker.GetName())
		f.Evidence = append(f.Evidence, evidence(maker, "spec.secretName", secret, maker.GetCreationTimestamp().Time))
		f.Fixes = []finding.Fix{renew(maker)}
		return
	}
	fix := finding.Fix{Text: "Set spec.ca.secretName to the Secret of a CA, or create a Certificate with isCA: true that writes " + secret,
		Command: x.applyNow(obj), File: x.file(obj, "spec.ca.secretName")}
	if other := x.caNear(namespace, secret); other != nil {
		made := field.Text(other.Object, "spec", "secretName")
		f.Message += fmt.Sprintf("; Certificate %s writes %s", other.GetName(), made)
		f.Evidence = append(f.Evidence, evidence(other, "spec.secretName", made, other.GetCreationTimestamp().Time))
		fix.Text = fmt.Sprintf("In spec.ca.secretName, write %s instead of %s", made, secret)
	}
	f.Fixes = []finding.Fix{fix}
}

// caNear is the CA's Certificate in the namespace whose Secret has
// the name most like the one that is missing.
func (x *examiner) caNear(namespace, secret string) *unstructured.Unstructured {
	var best *unstructured.Unstructured
	least := 0
	for _, certificate := range x.snap.List(health.CertificateKind, namespace).Objects {
		made := field.Text(certificate.Object, "spec", "secretName")
		if namespace == "" || made == "" || !field.Bool(certificate.Object, "spec", "isCA") {
			continue
		}
		if d := distance(secret, made); best == nil || d < least {
			best, least = certificate, d
		}
	}
	return best
}
