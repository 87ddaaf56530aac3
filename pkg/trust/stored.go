package trust

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// certificate is the entry of a Certificate.
func (r *reader) certificate(tenant string, obj *unstructured.Unstructured) Entry {
	spec := field.Map(obj.Object, "spec")
	e := Entry{
		Tenant: tenant, Ref: finding.RefOf(obj), Issuer: issuerOf(obj),
		Secret:      secretRef(obj.GetNamespace(), field.Text(spec, "secretName")),
		Authority:   field.Bool(spec, "isCA"),
		NotBefore:   field.Time(obj.Object, "status", "notBefore"),
		NotAfter:    health.Expiry(obj),
		RenewalTime: field.Time(obj.Object, "status", "renewalTime"),
		Verdict:     r.assessor.Of(finding.RefOf(obj)),
	}
	if name := field.Text(spec, "commonName"); name != "" {
		e.Subject = "CN=" + name
	}
	for _, kind := range []string{"dnsNames", "ipAddresses", "emailAddresses", "uris"} {
		e.Names = append(e.Names, field.Texts(spec, kind)...)
	}
	stored, from, unknown := r.storedIn(e.Secret, obj)
	e.Unknown = unknown
	if len(stored) > 0 {
		e.known(stored, from)
	}
	return e
}

// issuerOf is the object in a Certificate's issuerRef, without a kind when it is
// an external issuer's. cert-manager takes an Issuer where no kind is given.
func issuerOf(certificate *unstructured.Unstructured) finding.Ref {
	ref := field.Map(certificate.Object, "spec", "issuerRef")
	issuer := finding.Ref{APIVersion: certificate.GetAPIVersion(), Kind: field.Text(ref, "kind"), Name: field.Text(ref, "name")}
	switch group := field.Text(ref, "group"); {
	case group != "" && group != health.IssuerKind.Group:
		return finding.Ref{Name: issuer.Name}
	case issuer.Kind != health.ClusterIssuerKind.Kind:
		issuer.Kind, issuer.Namespace = health.IssuerKind.Kind, certificate.GetNamespace()
	}
	return issuer
}

// storedIn is the content of the Secret, or what its Certificate was issued last if the
// Secret can't be read; and why neither could be read.
func (r *reader) storedIn(secret finding.Ref, maker *unstructured.Unstructured) ([]*x509.Certificate, finding.Ref, []snapshot.Failure) {
	answer := r.snap.Lookup(secret)
	if answer.Presence != snapshot.Unknown {
		return r.inSecret(secret, "tls.crt"), secret, nil
	}
	unknown := []snapshot.Failure{*answer.Why}
	if maker == nil {
		return nil, finding.Ref{}, unknown
	}
	revision := field.Int(maker.Object, "status", "revision")
	for _, request := range r.requests(maker) {
		if revision == 0 || revisionOf(request) != revision {
			continue
		}
		if issued := issuedTo(request); len(issued) > 0 {
			return issued, finding.RefOf(request), nil
		}
	}
	return nil, finding.Ref{}, append(unknown, r.snap.List(requestKind, maker.GetNamespace()).Unknown...)
}

// inSecret are the certificates under a key of a Secret, nil if it has none or does not
// exist.
func (r *reader) inSecret(secret finding.Ref, key string) []*x509.Certificate {
	obj := r.snap.Lookup(secret).Object
	if obj == nil {
		return nil
	}
	return decode(field.Text(obj.Object, "data", key))
}

// requests are those that cert-manager created for the Certificate (v1.21,
// apis/certmanager/v1, CertificateNameKey).
func (r *reader) requests(maker *unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, request := range r.snap.List(requestKind, maker.GetNamespace()).Objects {
		if request.GetAnnotations()["cert-manager.io/certificate-name"] == maker.GetName() {
			found = append(found, request)
		}
	}
	return found
}

func issuedTo(request *unstructured.Unstructured) []*x509.Certificate {
	return decode(field.Text(request.Object, "status", "certificate"))
}

// revisionOf counts which issuing of its Certificate a request was for, 0 when
// it does not say (CertificateRequestRevisionAnnotationKey).
func revisionOf(request *unstructured.Unstructured) int64 {
	n, err := strconv.ParseInt(request.GetAnnotations()["cert-manager.io/certificate-revision"], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// decode reads certificates as Kubernetes keeps bytes: PEM in base64.
func decode(text string) []*x509.Certificate {
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return parse(content)
}

// parse reads the certificates of a PEM text, and skips other blocks.
func parse(content []byte) []*x509.Certificate {
	var found []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			found = append(found, certificate)
		}
	}
	return found
}
