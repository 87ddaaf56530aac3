package trust

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// certificate is the entry of a Certificate.
func (r *reader) certificate(tenant string, obj *unstructured.Unstructured) Entry {
	spec := object.Map(obj.Object, "spec")
	e := Entry{
		Tenant: tenant, Ref: object.RefOf(obj), Issuer: issuerOf(obj),
		Secret:      secretRef(obj.GetNamespace(), object.Text(spec, "secretName")),
		IsCA:        object.Bool(spec, "isCA"),
		NotBefore:   object.Time(obj.Object, "status", "notBefore"),
		NotAfter:    health.Expiry(obj),
		RenewalTime: object.Time(obj.Object, "status", "renewalTime"),
		Verdict:     r.assessor.Of(object.RefOf(obj)),
	}
	if name := object.Text(spec, "commonName"); name != "" {
		e.Subject = "CN=" + name
	}
	for _, kind := range []string{"dnsNames", "ipAddresses", "emailAddresses", "uris"} {
		e.Names = append(e.Names, object.Texts(spec, kind)...)
	}
	stored, from, unknown := r.storedIn(e.Secret, obj)
	e.Unknown = unknown
	if len(stored) > 0 {
		e.known(stored, from)
	}
	return e
}

// issuerOf is the object in a Certificate's issuerRef, without a kind if it is external.
// cert-manager uses an Issuer if no kind is set.
func issuerOf(certificate *unstructured.Unstructured) object.Ref {
	ref := object.Map(certificate.Object, "spec", "issuerRef")
	issuer := object.Ref{APIVersion: certificate.GetAPIVersion(), Kind: object.Text(ref, "kind"), Name: object.Text(ref, "name")}
	switch group := object.Text(ref, "group"); {
	case group != "" && group != object.IssuerKind.Group:
		return object.Ref{Name: issuer.Name}
	case issuer.Kind != object.ClusterIssuerKind.Kind:
		issuer.Kind, issuer.Namespace = object.IssuerKind.Kind, certificate.GetNamespace()
	}
	return issuer
}

// storedIn is the content of the Secret, or the certificate that was issued last if the
// Secret can't be read; and why neither could be read.
func (r *reader) storedIn(secret object.Ref, creator *unstructured.Unstructured) ([]*x509.Certificate, object.Ref, []snapshot.Failure) {
	answer := r.snap.Lookup(secret)
	if answer.Presence != snapshot.Unknown {
		return r.inSecret(secret, "tls.crt"), secret, nil
	}
	unknown := []snapshot.Failure{*answer.Failure}
	if creator == nil {
		return nil, object.Ref{}, unknown
	}
	revision := object.Int(creator.Object, "status", "revision")
	for _, request := range r.requests(creator) {
		if revision == 0 || revisionOf(request) != revision {
			continue
		}
		if issued := issuedTo(request); len(issued) > 0 {
			return issued, object.RefOf(request), nil
		}
	}
	return nil, object.Ref{}, append(unknown, r.snap.List(requestKind, creator.GetNamespace()).Unknown...)
}

// inSecret are the certificates under a key of a Secret, nil if it has none or does not
// exist.
func (r *reader) inSecret(secret object.Ref, key string) []*x509.Certificate {
	obj := r.snap.Lookup(secret).Object
	if obj == nil {
		return nil
	}
	return decode(object.Text(obj.Object, "data", key))
}

// requests are those that cert-manager created for the Certificate (v1.21,
// apis/certmanager/v1, CertificateNameKey).
func (r *reader) requests(creator *unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, request := range r.snap.List(requestKind, creator.GetNamespace()).Objects {
		if request.GetAnnotations()["cert-manager.io/certificate-name"] == creator.GetName() {
			found = append(found, request)
		}
	}
	return found
}

func issuedTo(request *unstructured.Unstructured) []*x509.Certificate {
	return decode(object.Text(request.Object, "status", "certificate"))
}

// revisionOf is the revision of its Certificate that a request was for, 0 if it is not set
// (CertificateRequestRevisionAnnotationKey).
func revisionOf(request *unstructured.Unstructured) int64 {
	n, err := strconv.ParseInt(request.GetAnnotations()["cert-manager.io/certificate-revision"], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// decode decodes certificates as Kubernetes stores bytes: PEM in base64.
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
