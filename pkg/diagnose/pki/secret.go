package pki

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgeSecret checks the certificate of a TLS Secret, which is the only part of a
// Secret that is public and that a snapshot keeps. Other Secrets have no state.
func JudgeSecret(x *engine.Context, secret *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, secret); ok {
		return e
	}
	if object.Text(secret.Object, "type") != "kubernetes.io/tls" {
		return selfreport.ReadyResult(secret, time.Time{})
	}
	broken := func(reason, message string, since time.Time) engine.Result {
		e := selfreport.OwnFinding(secret, health.Failing, engine.CodeTLSSecret, finding.Critical, reason, message, since, selfreport.QuoteFields(secret, "type")...)
		ref := object.RefOf(secret)
		e.Findings[0].Fixes = []finding.Fix{{Text: "Check which certificate it contains, and what renews it: a cert-manager Certificate, or a person",
			Command: "kubectl get secret " + escape.ShellWord(ref.Name) + " -n " + escape.ShellWord(ref.Namespace) + ` -o jsonpath='{.data.tls\.crt}' | base64 -d | openssl x509 -noout -text`}}
		return e
	}
	for _, key := range []string{"tls.crt", "tls.key"} {
		_, encoded := object.Map(secret.Object, "data")[key]
		if _, plain := object.Map(secret.Object, "stringData")[key]; !encoded && !plain {
			return broken("KeyMissing", "it has no "+key, time.Time{})
		}
	}
	leaf, moment := storedLeaf(secret), x.Now
	if read := x.Snap.Meta().Read; read.After(moment) { // the newest time in a file may be years ago
		moment = read
	}
	const layout = "2006-01-02 15:04 MST"
	switch {
	case leaf == nil:
		return broken("Malformed", "its tls.crt contains no certificate", time.Time{})
	case moment.IsZero():
		return selfreport.ReadyResult(secret, time.Time{})
	case moment.Before(leaf.NotBefore):
		return broken("NotYetValid", "its certificate ("+leaf.Subject.String()+") is not valid before "+leaf.NotBefore.UTC().Format(layout), time.Time{})
	case !moment.Before(leaf.NotAfter):
		return broken("Expired", "its certificate ("+leaf.Subject.String()+") expired at "+leaf.NotAfter.UTC().Format(layout), leaf.NotAfter)
	}
	return selfreport.ReadyResult(secret, leaf.NotBefore)
}

// storedLeaf is the first certificate in tls.crt of a Secret.
func storedLeaf(secret *unstructured.Unstructured) *x509.Certificate {
	content := []byte(object.Text(secret.Object, "stringData", "tls.crt"))
	if len(content) == 0 {
		var err error
		if content, err = base64.StdEncoding.DecodeString(object.Text(secret.Object, "data", "tls.crt")); err != nil {
			return nil
		}
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return leaf
}
