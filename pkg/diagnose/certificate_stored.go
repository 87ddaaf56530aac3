package diagnose

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// nameAnnotation is by which cert-manager marks a Secret with the Certificate that
// it is of (v1.21, pkg/apis/certmanager/v1/types.go).
const nameAnnotation = "cert-manager.io/certificate-name"

// certificatesOf are the certificates in a key of a Secret, the first one first.
// A snapshot keeps them in tls.crt and ca.crt, since they are public; none come
// back where it does not have them.
func certificatesOf(secret *unstructured.Unstructured, key string) []*x509.Certificate {
	content, err := base64.StdEncoding.DecodeString(field.Text(objectOf(secret), "data", key))
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

// secret names the Secret of the Certificate.
func (c certificate) secret() finding.Ref {
	return coreRef(secretKind.Kind, c.obj.GetNamespace(), field.Text(c.obj.Object, "spec", "secretName"))
}

// shared reports a Secret that several Certificates write, and tells whether it
// is so: each overwrites what the other has issued (v1.21,
// pkg/controller/certificates/trigger: all but one are left alone).
func (c certificate) shared() bool {
	makers := c.x.makers(c.obj.GetNamespace(), c.secret().Name)
	if len(makers) < 2 {
		return false
	}
	ref := finding.RefOf(c.obj)
	var names []string
	f := finding.Finding{Code: codeSecretShared, Ref: ref, Reason: "DuplicateSecretName", Severity: finding.Critical, Since: c.exam.verdict.Since}
	for _, maker := range makers {
		names = append(names, maker.GetName())
		f.Evidence = append(f.Evidence, evidence(maker, "spec.secretName", c.secret().Name, maker.GetCreationTimestamp().Time))
	}
	last := makers[len(makers)-1]
	for _, maker := range makers { // the younger one is the one that was added
		if maker.GetCreationTimestamp().After(last.GetCreationTimestamp().Time) {
			last = maker
		}
	}
	f.Ref = finding.RefOf(last)
	if secret := c.x.snap.Lookup(c.secret()).Object; secret != nil && secret.GetAnnotations()[nameAnnotation] != "" {
		f.Evidence = append(f.Evidence, evidence(secret, "metadata.annotations["+nameAnnotation+"]", secret.GetAnnotations()[nameAnnotation], secret.GetCreationTimestamp().Time))
	}
	f.Message = fmt.Sprintf("Certificates %s of namespace %s write the same Secret %s", strings.Join(names, " and "), c.obj.GetNamespace(), c.secret().Name)
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Give each Certificate its own Secret in spec.secretName, or remove the one that is not needed from Git; Gateways and pods that reference %s must then reference the right Secret", c.secret().Name),
		File: c.x.file(last, "spec.secretName"), Command: escape.Command("kubectl get certificates -n %s -o wide", c.obj.GetNamespace())}}
	c.exam.findings = append(c.exam.findings, f)
	return true
}

// gone reports a Secret that does not exist, though its Certificate says that it
// is ready: cert-manager creates it again within seconds, unless it is down.
func (c certificate) gone() {
	ready := field.ConditionOf(c.obj, "Ready")
	c.exam.blame = append(c.exam.blame, c.x.certManager("controller")...)
	c.exam.findings = append(c.exam.findings, finding.Finding{
		Code: codeSecretGone, Ref: finding.RefOf(c.obj), Reason: "SecretMissing", Severity: finding.Critical, Since: c.exam.verdict.Since,
		Message: fmt.Sprintf("%s reports that it is ready, but its %s does not exist", finding.RefOf(c.obj), c.secret()),
		Evidence: []finding.Evidence{
			quoteWithStatus(c.obj, ready), evidence(c.obj, "spec.secretName", c.secret().Name, time.Time{}),
			{Ref: c.secret(), Field: "object", Value: "does not exist"},
		},
		Fixes: []finding.Fix{
			{Text: "Check in its log why cert-manager does not create the Secret again", Command: c.x.certManagerLogs()},
			c.reissue(),
		},
	})
}

// certManagerLogs is the command that reads what cert-manager logs.
func (x *examiner) certManagerLogs() string {
	for _, deployment := range x.certManagers("controller") {
		return escape.Command("kubectl logs -n %s deployment/%s --tail=50", deployment.GetNamespace(), deployment.GetName())
	}
	return "kubectl logs -n cert-manager deployment/cert-manager --tail=50"
}

// stored judges what is in the Secret of a Certificate that says that it is
// ready: its dates, its names, and the CA that signed it.
func (c certificate) stored() {
	secret := c.x.snap.Lookup(c.secret()).Object
	chain := certificatesOf(secret, "tls.crt")
	if len(chain) > 0 {
		c.dates(secret, chain)
		if len(c.exam.findings) == 0 {
			c.replaced(secret, chain[0])
		}
		if len(c.exam.findings) == 0 {
			c.signed(secret, chain[0])
		}
	}
	if len(c.exam.findings) == 0 {
		c.hosts(chain)
	}
}

// storedFinding is about what is in the Secret.
func (c certificate) storedFinding(code finding.Code, reason, message string, severity finding.Severity) finding.Finding {
	f := finding.Finding{
		Code: code, Ref: finding.RefOf(c.obj), Reason: reason, Severity: severity, Message: message,
		Evidence: []finding.Evidence{evidence(c.obj, "spec.secretName", c.secret().Name, time.Time{})},
	}
	if at := field.Text(c.obj.Object, "status", "notAfter"); at != "" {
		f.Evidence = append(f.Evidence, evidence(c.obj, "status.notAfter", at, time.Time{}))
	}
	return f
}

// dates reports a certificate that has expired though the status says otherwise,
// one that is not the Certificate's, and a CA in its chain that ends before it.
func (c certificate) dates(secret *unstructured.Unstructured, chain []*x509.Certificate) {
	ref, leaf := finding.RefOf(c.obj), chain[0]
	reissue := c.reissue()
	noted := health.Expiry(c.obj)
	difference := leaf.NotAfter.Sub(noted).Abs()
	switch {
	case !c.x.now.Before(leaf.NotAfter):
		f := c.storedFinding(codeSecretStale, "Expired", fmt.Sprintf("the certificate in %s expired on %s, although %s reports that it is ready", finding.RefOf(secret), leaf.NotAfter.UTC().Format(time.DateOnly), ref), finding.Critical)
		f.Since = leaf.NotAfter
		f.Fixes = []finding.Fix{reissue, {Text: "If it does not change, find out what else writes the Secret: a restored backup, or a layer that has it in Git", Command: escape.Command("kubectl describe secret %s -n %s", secret.GetName(), secret.GetNamespace())}}
		c.exam.findings = append(c.exam.findings, f)
	case !noted.IsZero() && difference > time.Minute:
		f := c.storedFinding(codeSecretStale, "SecretMismatch", fmt.Sprintf("%s contains a certificate that is valid until %s, but the one that %s issued is valid until %s", finding.RefOf(secret), leaf.NotAfter.UTC().Format(time.DateTime), ref, noted.UTC().Format(time.DateTime)), finding.Warning)
		f.Fixes = []finding.Fix{c.otherWriter(secret), reissue}
		c.exam.findings = append(c.exam.findings, f)
	}
	for _, ca := range chain[1:] {
		if c.x.now.Before(ca.NotAfter) && ca.NotAfter.Sub(c.x.now) < soon && ca.NotAfter.Before(leaf.NotAfter) {
			c.ending(ref, ca, "in the chain of "+ref.String())
		}
	}
}

// replaced reports a certificate in the Secret that has none of the Certificate's
// names: another one was put there.
func (c certificate) replaced(secret *unstructured.Unstructured, leaf *x509.Certificate) {
	wanted := field.Texts(c.obj.Object, "spec", "dnsNames")
	if len(wanted) == 0 || slices.ContainsFunc(wanted, func(name string) bool { return slices.Contains(leaf.DNSNames, name) }) {
		return
	}
	has := "no DNS name"
	if len(leaf.DNSNames) > 0 {
		has = strings.Join(leaf.DNSNames, ", ")
	}
	f := c.storedFinding(codeSecretStale, "SecretMismatch", fmt.Sprintf("%s contains a certificate other than the one that %s issued: it is valid for %s", finding.RefOf(secret), finding.RefOf(c.obj), has), finding.Critical)
	prove(&f, c.obj, "spec.dnsNames")
	f.Fixes = []finding.Fix{c.otherWriter(secret), c.reissue()}
	c.exam.findings = append(c.exam.findings, f)
}

// otherWriter is how to see what else than cert-manager writes a Secret, without
// its key.
func (c certificate) otherWriter(secret *unstructured.Unstructured) finding.Fix {
	return finding.Fix{Text: "Find out what else writes the Secret", Command: escape.Command("kubectl get secret %s -n %s --show-managed-fields -o jsonpath='{.metadata.managedFields}'", secret.GetName(), secret.GetNamespace())}
}

func (c certificate) reissue() finding.Fix {
	return finding.Fix{Text: "Reissue the certificate", Command: escape.Command("cmctl renew %s -n %s", c.obj.GetName(), c.obj.GetNamespace())}
}

// soon is how long before its end a CA that nothing renews is worth a warning.
const soon = 30 * 24 * time.Hour

// ending warns of a CA that is about to end. The object is the one that holds it.
func (c certificate) ending(ref finding.Ref, ca *x509.Certificate, what string) {
	f := c.storedFinding(codeCAEnding, "CAEnding", fmt.Sprintf("%s %s expires on %s: the certificates that it signed are invalid from then on", strings.TrimSpace("CA "+ca.Subject.CommonName), what, ca.NotAfter.UTC().Format(time.DateOnly)), finding.Warning)
	f.Ref = ref
	f.Fixes = []finding.Fix{{Text: "Renew the CA, distribute the new one to the clients that trust it, then reissue its certificates", Command: escape.Command("kubectl get certificates,issuers -n %s -o wide", c.obj.GetNamespace())}}
	c.exam.findings = append(c.exam.findings, f)
}

// signed compares the certificate with the CA that its issuer signs with now:
// after the CA's key was replaced, the one in the Secret is of an earlier CA.
func (c certificate) signed(secret *unstructured.Unstructured, leaf *x509.Certificate) {
	issuerRef, ok := issuerNamed(c.obj)
	issuer := c.x.snap.Lookup(issuerRef).Object
	caName := field.Text(objectOf(issuer), "spec", "ca", "secretName")
	if !ok || caName == "" {
		return
	}
	namespace := c.x.keyNamespace(issuer)
	answer := c.x.snap.Lookup(coreRef(secretKind.Kind, namespace, caName))
	chain := certificatesOf(answer.Object, "tls.crt")
	if namespace == "" || answer.Presence != snapshot.Present || len(chain) == 0 {
		return
	}
	ca := chain[0]
	caRef := finding.RefOf(answer.Object)
	switch {
	case leaf.CheckSignatureFrom(ca) != nil:
		severity, what := finding.Warning, fmt.Sprintf("%s is signed by an earlier CA than the one that %s has now: clients that trust only the new CA reject it", finding.RefOf(c.obj), issuerRef)
		if old := certificatesOf(secret, "ca.crt"); len(old) > 0 && leaf.CheckSignatureFrom(old[0]) != nil {
			severity, what = finding.Critical, fmt.Sprintf("%s is not signed by the CA in ca.crt of its Secret, nor by the one that %s has now", finding.RefOf(c.obj), issuerRef)
		}
		f := c.storedFinding(codeChainBroken, "CAReplaced", what, severity)
		f.Evidence = append(f.Evidence, evidence(issuer, "spec.ca.secretName", caRef.Name, answer.Object.GetCreationTimestamp().Time))
		f.Fixes = []finding.Fix{
			{Text: "Reissue the certificate, which the CA that the issuer has now then signs", Command: escape.Command("cmctl renew %s -n %s", c.obj.GetName(), c.obj.GetNamespace())},
			{Text: "Then distribute the new CA to the clients, and certificates of the new CA to the clients that authenticate with one"},
		}
		c.exam.findings = append(c.exam.findings, f)
	case !c.x.now.Before(ca.NotAfter):
		f := c.storedFinding(codeChainBroken, "CAExpired", fmt.Sprintf("the CA in %s, which signed %s, expired on %s", caRef, finding.RefOf(c.obj), ca.NotAfter.UTC().Format(time.DateOnly)), finding.Critical)
		f.Since, f.Ref = ca.NotAfter, caRef
		f.Fixes = []finding.Fix{{Text: "Renew the CA, distribute the new one to the clients, then reissue its certificates", Command: escape.Command("kubectl get certificates,issuers -n %s -o wide", namespace)}}
		c.exam.findings = append(c.exam.findings, f)
	case len(c.x.makers(namespace, caName)) == 0 && ca.NotAfter.Sub(c.x.now) < soon:
		c.ending(caRef, ca, "in "+caRef.String()+", which no Certificate renews,")
	}
}
