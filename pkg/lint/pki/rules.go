// Package pki has the rules about certificates: who issues them, which hosts they are valid for,
// and when they are renewed.
package pki

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	diagnose "github.com/digihunch/kubectl-orthweb/pkg/diagnose/pki"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// Rules are all rules of the package.
var Rules = []*rule.Rule{missingIssuer, sharedSecret, uncoveredHost, invalidRenewal, lateRenewal}

var missingIssuer = &rule.Rule{
	Code: engine.CodeIssuerMissing, Name: "missing-issuer", Severity: finding.Critical,
	Title: "A certificate references an issuer that does not exist",
	Object: func(c *rule.Context, o *cluster.Object) {
		issuer, ok := diagnose.IssuerNamed(o.Unstructured)
		if o.Ref().GroupKind() != object.CertificateKind || !ok {
			return
		}
		if other, ok := otherKind(c, issuer); ok && !exists(c, issuer) {
			c.Report(o, "spec.issuerRef.name", rule.Local(o, fmt.Sprintf("references %s, which does not exist; did you mean %s?", issuer, other)),
				edit(o, fmt.Sprintf("In spec.issuerRef, write kind: %s", other.Kind)))
			return
		}
		near, missing := c.Missing(issuer)
		if !missing {
			return
		}
		fix := "Set spec.issuerRef to an issuer that exists, or add the missing one"
		if near != "" {
			fix = fmt.Sprintf("In spec.issuerRef.name, write %s instead of %s", near, issuer.Name)
		}
		c.Report(o, "spec.issuerRef.name", rule.Local(o, fmt.Sprintf("references %s, which does not exist%s", issuer, rule.DidYouMean(near))), edit(o, fix))
	},
}

// otherKind is the issuer of the same name, but of the other kind, that a Certificate probably
// means: kind is Issuer by default, which is easily overlooked.
func otherKind(c *rule.Context, issuer object.Ref) (object.Ref, bool) {
	other := object.Ref{APIVersion: issuer.APIVersion, Kind: object.ClusterIssuerKind.Kind, Name: issuer.Name}
	return other, issuer.Kind == object.IssuerKind.Kind && exists(c, other)
}

func exists(c *rule.Context, ref object.Ref) bool {
	return len(c.Find(ref.GroupKind(), ref.Namespace, ref.Name)) > 0
}

var sharedSecret = &rule.Rule{
	Code: engine.CodeSecretShared, Name: "secret-written-twice", Severity: finding.Critical,
	Title: "Two Certificates write the same Secret",
	Object: func(c *rule.Context, o *cluster.Object) {
		secret := object.Text(o.Unstructured.Object, "spec", "secretName")
		if o.Ref().GroupKind() != object.CertificateKind || rule.Unknown(secret) {
			return
		}
		makers := slices.DeleteFunc(pods.CertificatesFor(c.Facts(), o.GetNamespace(), secret), func(creator *unstructured.Unstructured) bool {
			return !slices.ContainsFunc(c.Find(object.CertificateKind, creator.GetNamespace(), creator.GetName()), func(found *cluster.Object) bool { return found.By != nil })
		})
		if i := slices.IndexFunc(makers, func(creator *unstructured.Unstructured) bool { return creator.GetName() == o.GetName() }); i > 0 {
			c.Report(o, "spec.secretName", fmt.Sprintf("writes Secret %s, as Certificate %s does: each overwrites the certificate of the other", secret, makers[0].GetName()),
				edit(o, "Give each Certificate its own Secret in spec.secretName, or remove the one that is not needed"))
		}
	},
}

// edit is a fix in the file of an object.
func edit(o *cluster.Object, text string) finding.Fix { return finding.Fix{Text: text, File: o.File()} }
