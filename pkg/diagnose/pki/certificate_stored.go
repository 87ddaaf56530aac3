package pki

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// nameAnnotation is the annotation of a Secret with the name of its Certificate
// (cert-manager v1.21, pkg/apis/certmanager/v1/types.go).
const nameAnnotation = "cert-manager.io/certificate-name"

// certificatesOf are the certificates in a key of a Secret, the first one first. A
// snapshot keeps the public ones in tls.crt and ca.crt; the result is empty if it does
// not have them.
func certificatesOf(secret *unstructured.Unstructured, key string) []*x509.Certificate {
	content, err := base64.StdEncoding.DecodeString(object.Text(engine.ObjectOf(secret), "data", key))
	if err != nil {
		return nil
	}
	var found []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			found = append(found, certificate)
		}
	}
	return found
}

// secret is the Secret of the Certificate.
func (c certificate) secret() object.Ref {
	return engine.CoreRef(object.SecretKind.Kind, c.obj.GetNamespace(), object.Text(c.obj.Object, "spec", "secretName"))
}

// shared reports a Secret that several Certificates write, and whether there is one: each
// overwrites the certificate of the others (v1.21, pkg/controller/certificates/trigger:
// all but one are ignored).
func (c certificate) shared() bool {
	makers := pods.CertificatesFor(c.x, c.obj.GetNamespace(), c.secret().Name)
	if len(makers) < 2 {
		return false
	}
	ref := object.RefOf(c.obj)
	var names []string
	f := finding.Finding{Code: engine.CodeSecretShared, Ref: ref, Reason: "DuplicateSecretName", Severity: finding.Critical, Since: c.exam.Verdict.Since}
	for _, creator := range makers {
		names = append(names, creator.GetName())
		f.Evidence = append(f.Evidence, engine.Evidence(creator, "spec.secretName", c.secret().Name, creator.GetCreationTimestamp().Time))
	}
	last := makers[len(makers)-1]
	for _, creator := range makers { // the younger one was added
		if creator.GetCreationTimestamp().After(last.GetCreationTimestamp().Time) {
			last = creator
		}
	}
	f.Ref = object.RefOf(last)
	if secret := c.x.Snap.Lookup(c.secret()).Object; secret != nil && secret.GetAnnotations()[nameAnnotation] != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(secret, "metadata.annotations["+nameAnnotation+"]", secret.GetAnnotations()[nameAnnotation], secret.GetCreationTimestamp().Time))
	}
	f.Message = fmt.Sprintf("Certificates %s of namespace %s write the same Secret %s", strings.Join(names, " and "), c.obj.GetNamespace(), c.secret().Name)
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Give each Certificate its own Secret in spec.secretName, or remove the one that is not needed from Git; Gateways and pods that reference %s must then reference the right Secret", c.secret().Name),
		File: flux.File(c.x, last, "spec.secretName"), Command: escape.Command("kubectl get certificates -n %s -o wide", c.obj.GetNamespace())}}
	c.exam.Findings = append(c.exam.Findings, f)
	return true
}

// secretMissing reports a Secret that does not exist although its Certificate reports
// that it is ready: cert-manager creates it again within seconds, unless it is down.
func (c certificate) secretMissing() {
	ready := object.ConditionOf(c.obj, "Ready")
	c.exam.Blame = append(c.exam.Blame, flux.CertManager(c.x, "controller")...)
	c.exam.Findings = append(c.exam.Findings, finding.Finding{
		Code: engine.CodeSecretGone, Ref: object.RefOf(c.obj), Reason: "SecretMissing", Severity: finding.Critical, Since: c.exam.Verdict.Since,
		Message: fmt.Sprintf("%s reports that it is ready, but its %s does not exist", object.RefOf(c.obj), c.secret()),
		Evidence: []finding.Evidence{
			engine.QuoteWithStatus(c.obj, ready), engine.Evidence(c.obj, "spec.secretName", c.secret().Name, time.Time{}),
			{Ref: c.secret(), Field: "object", Value: "does not exist"},
		},
		Fixes: []finding.Fix{
			{Text: "Check in its log why cert-manager does not create the Secret again", Command: certManagerLogs(c.x)},
			c.reissue(),
		},
	})
}

// certManagerLogs is the command that reads cert-manager's log.
func certManagerLogs(x *engine.Context) string {
	for _, deployment := range flux.CertManagers(x, "controller") {
		return escape.Command("kubectl logs -n %s deployment/%s --tail=50", deployment.GetNamespace(), deployment.GetName())
	}
	return "kubectl logs -n cert-manager deployment/cert-manager --tail=50"
}

// checkSecret checks the Secret of a Certificate that reports that it is ready: its
// dates, its names, and the CA that signed it.
func (c certificate) checkSecret() {
	secret := c.x.Snap.Lookup(c.secret()).Object
	chain := certificatesOf(secret, "tls.crt")
	if len(chain) > 0 {
		c.checkDates(secret, chain)
		if len(c.exam.Findings) == 0 {
			c.checkNames(secret, chain[0])
		}
		if len(c.exam.Findings) == 0 {
			c.checkCA(secret, chain[0])
		}
	}
	if len(c.exam.Findings) == 0 {
		c.hosts(chain)
	}
}

// storedFinding is a finding on the certificate in the Secret.
func (c certificate) storedFinding(code finding.Code, reason, message string, severity finding.Severity) finding.Finding {
	f := finding.Finding{
		Code: code, Ref: object.RefOf(c.obj), Reason: reason, Severity: severity, Message: message,
		Evidence: []finding.Evidence{engine.Evidence(c.obj, "spec.secretName", c.secret().Name, time.Time{})},
	}
	if at := object.Text(c.obj.Object, "status", "notAfter"); at != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(c.obj, "status.notAfter", at, time.Time{}))
	}
	return f
}

// checkDates reports a certificate that has expired although the status states otherwise,
// one that is not the Certificate's, and a CA in its chain that expires before it.
func (c certificate) checkDates(secret *unstructured.Unstructured, chain []*x509.Certificate) {
	ref, leaf := object.RefOf(c.obj), chain[0]
	reissue := c.reissue()
	noted := health.Expiry(c.obj)
	difference := leaf.NotAfter.Sub(noted).Abs()
	switch {
	case !c.x.Now.Before(leaf.NotAfter):
		f := c.storedFinding(engine.CodeSecretStale, "Expired", fmt.Sprintf("the certificate in %s expired on %s, although %s reports that it is ready", object.RefOf(secret), leaf.NotAfter.UTC().Format(time.DateOnly), ref), finding.Critical)
		f.Since = leaf.NotAfter
		f.Fixes = []finding.Fix{reissue, {Text: "If it does not change, find out what else writes the Secret: a restored backup, or a layer that has it in Git", Command: escape.Command("kubectl describe secret %s -n %s", secret.GetName(), secret.GetNamespace())}}
		c.exam.Findings = append(c.exam.Findings, f)
	case !noted.IsZero() && difference > time.Minute:
		f := c.storedFinding(engine.CodeSecretStale, "SecretMismatch", fmt.Sprintf("%s contains a certificate that is valid until %s, but the one that %s issued is valid until %s", object.RefOf(secret), leaf.NotAfter.UTC().Format(time.DateTime), ref, noted.UTC().Format(time.DateTime)), finding.Warning)
		f.Fixes = []finding.Fix{c.findWriter(secret), reissue}
		c.exam.Findings = append(c.exam.Findings, f)
	}
	for _, ca := range chain[1:] {
		if c.x.Now.Before(ca.NotAfter) && ca.NotAfter.Sub(c.x.Now) < caWarningPeriod && ca.NotAfter.Before(leaf.NotAfter) {
			c.expiringCA(ref, ca, "in the chain of "+ref.String())
		}
	}
}

// checkNames reports a certificate in the Secret that has none of the Certificate's
// names: something else wrote it.
func (c certificate) checkNames(secret *unstructured.Unstructured, leaf *x509.Certificate) {
	wanted := object.Texts(c.obj.Object, "spec", "dnsNames")
	if len(wanted) == 0 || slices.ContainsFunc(wanted, func(name string) bool { return slices.Contains(leaf.DNSNames, name) }) {
		return
	}
	has := "no DNS name"
	if len(leaf.DNSNames) > 0 {
		has = strings.Join(leaf.DNSNames, ", ")
	}
	f := c.storedFinding(engine.CodeSecretStale, "SecretMismatch", fmt.Sprintf("%s contains a certificate other than the one that %s issued: it is valid for %s", object.RefOf(secret), object.RefOf(c.obj), has), finding.Critical)
	engine.Prove(&f, c.obj, "spec.dnsNames")
	f.Fixes = []finding.Fix{c.findWriter(secret), c.reissue()}
	c.exam.Findings = append(c.exam.Findings, f)
}

// findWriter is the command that shows what else writes a Secret, without its key.
func (c certificate) findWriter(secret *unstructured.Unstructured) finding.Fix {
	return finding.Fix{Text: "Find out what else writes the Secret", Command: escape.Command("kubectl get secret %s -n %s --show-managed-fields -o jsonpath='{.metadata.managedFields}'", secret.GetName(), secret.GetNamespace())}
}

func (c certificate) reissue() finding.Fix {
	return finding.Fix{Text: "Reissue the certificate", Command: escape.Command("cmctl renew %s -n %s", c.obj.GetName(), c.obj.GetNamespace())}
}

// caWarningPeriod is how long before it expires a CA that nothing renews causes a
// warning.
const caWarningPeriod = 30 * 24 * time.Hour

// expiringCA warns of a CA that expires soon. The finding is on the object that contains
// it.
func (c certificate) expiringCA(ref object.Ref, ca *x509.Certificate, what string) {
	f := c.storedFinding(engine.CodeCAEnding, "CAEnding", fmt.Sprintf("%s %s expires on %s: the certificates that it signed are invalid from then on", strings.TrimSpace("CA "+ca.Subject.CommonName), what, ca.NotAfter.UTC().Format(time.DateOnly)), finding.Warning)
	f.Ref = ref
	f.Fixes = []finding.Fix{{Text: "Renew the CA, distribute the new one to the clients that trust it, then reissue its certificates", Command: escape.Command("kubectl get certificates,issuers -n %s -o wide", c.obj.GetNamespace())}}
	c.exam.Findings = append(c.exam.Findings, f)
}

// checkCA compares the certificate with the CA with which its issuer signs now: after the
// CA's key was replaced, the certificate in the Secret is from an earlier CA.
func (c certificate) checkCA(secret *unstructured.Unstructured, leaf *x509.Certificate) {
	issuerRef, ok := IssuerNamed(c.obj)
	issuer := c.x.Snap.Lookup(issuerRef).Object
	caName := object.Text(engine.ObjectOf(issuer), "spec", "ca", "secretName")
	if !ok || caName == "" {
		return
	}
	namespace := pods.KeyNamespace(c.x, issuer)
	answer := c.x.Snap.Lookup(engine.CoreRef(object.SecretKind.Kind, namespace, caName))
	chain := certificatesOf(answer.Object, "tls.crt")
	if namespace == "" || answer.Presence != snapshot.Present || len(chain) == 0 {
		return
	}
	ca := chain[0]
	caRef := object.RefOf(answer.Object)
	switch {
	case leaf.CheckSignatureFrom(ca) != nil:
		severity, what := finding.Warning, fmt.Sprintf("%s is signed by an earlier CA than the one that %s has now: clients that trust only the new CA reject it", object.RefOf(c.obj), issuerRef)
		if old := certificatesOf(secret, "ca.crt"); len(old) > 0 && leaf.CheckSignatureFrom(old[0]) != nil {
			severity, what = finding.Critical, fmt.Sprintf("%s is not signed by the CA in ca.crt of its Secret, nor by the one that %s has now", object.RefOf(c.obj), issuerRef)
		}
		f := c.storedFinding(engine.CodeChainBroken, "CAReplaced", what, severity)
		f.Evidence = append(f.Evidence, engine.Evidence(issuer, "spec.ca.secretName", caRef.Name, answer.Object.GetCreationTimestamp().Time))
		f.Fixes = []finding.Fix{
			{Text: "Reissue the certificate, so that the issuer's current CA signs it", Command: escape.Command("cmctl renew %s -n %s", c.obj.GetName(), c.obj.GetNamespace())},
			{Text: "Then give all clients the new CA certificate, and give new client certificates to the clients that use one"},
		}
		c.exam.Findings = append(c.exam.Findings, f)
	case !c.x.Now.Before(ca.NotAfter):
		f := c.storedFinding(engine.CodeChainBroken, "CAExpired", fmt.Sprintf("the CA in %s, which signed %s, expired on %s", caRef, object.RefOf(c.obj), ca.NotAfter.UTC().Format(time.DateOnly)), finding.Critical)
		f.Since, f.Ref = ca.NotAfter, caRef
		f.Fixes = []finding.Fix{{Text: "Renew the CA, distribute the new one to the clients, then reissue its certificates", Command: escape.Command("kubectl get certificates,issuers -n %s -o wide", namespace)}}
		c.exam.Findings = append(c.exam.Findings, f)
	case len(pods.CertificatesFor(c.x, namespace, caName)) == 0 && ca.NotAfter.Sub(c.x.Now) < caWarningPeriod:
		c.expiringCA(caRef, ca, "in "+caRef.String()+", which no Certificate renews,")
	}
}
