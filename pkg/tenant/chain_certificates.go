package tenant

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// certificates adds the certificates of the tenant, each after its issuer, and
// determines when the served ones expire. CAs come first, since the certificates that
// they sign fail with them.
func (c *chain) certificates(s *Status, ingress *tenantIngress) {
	certificates, _ := c.list(Certificates, object.CertificateKind)
	certificates = append(certificates, c.centralCertificates(ingress)...)
	slices.SortStableFunc(certificates, func(a, b *unstructured.Unstructured) int {
		return cmp.Compare(caRank(b), caRank(a))
	})
	var issuers []object.Ref
	for _, certificate := range certificates {
		issuer := issuerOf(certificate)
		if issuer.Kind != "" && !slices.ContainsFunc(issuers, issuer.Same) {
			issuers = append(issuers, issuer)
			c.add(Certificates, issuer, "")
		}
		detail := "by " + issuer.Name
		if names := object.Texts(certificate.Object, "spec", "dnsNames"); len(names) > 0 {
			detail += "; " + strings.Join(names, ", ")
		}
		c.add(Certificates, object.RefOf(certificate), detail)
	}
	s.CertificateEnd = ingress.servedExpiry(certificates)
	s.CertificatesUnread = slices.ContainsFunc(c.links, func(l Link) bool {
		return l.Section == Certificates && l.Ref.Kind == object.CertificateKind.Kind && l.Ref.Name == ""
	})
}

// caRank is 1 for a CA, 0 for others.
func caRank(certificate *unstructured.Unstructured) int {
	if object.Bool(certificate.Object, "spec", "isCA") {
		return 1
	}
	return 0
}

// centralCertificates are those that the Gateways of the tenant serve and that are in
// the namespace of a central ingress: Istio reads the Secret of a Gateway from the
// namespace of the pods that serve it (istio.io, Gateway,
// ServerTLSSettings.credentialName).
func (c *chain) centralCertificates(ingress *tenantIngress) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, namespace := range ingress.namespaces() {
		if slices.Contains(c.tenant.Namespaces, namespace) || len(ingress.credentials) == 0 {
			continue
		}
		c.readable(Certificates, object.CertificateKind, namespace, c.snap.List(object.CertificateKind, namespace).Unknown)
		for _, credential := range ingress.credentials {
			found = append(found, c.secrets()[namespace+"/"+credential]...)
		}
	}
	return found
}

// issuerOf is the object in issuerRef of a Certificate, the zero Ref for an external
// issuer, whose kind is not known here.
func issuerOf(certificate *unstructured.Unstructured) object.Ref {
	ref := object.Map(certificate.Object, "spec", "issuerRef")
	group, kind := object.Text(ref, "group"), object.Text(ref, "kind")
	if group != "" && group != object.IssuerKind.Group {
		return object.Ref{Name: object.Text(ref, "name")}
	}
	issuer := object.Ref{APIVersion: certificate.GetAPIVersion(), Kind: kind, Name: object.Text(ref, "name")}
	if issuer.Kind != object.ClusterIssuerKind.Kind {
		issuer.Kind, issuer.Namespace = object.IssuerKind.Kind, certificate.GetNamespace()
	}
	return issuer
}

func secretOf(certificate *unstructured.Unstructured) string {
	return certificate.GetNamespace() + "/" + object.Text(certificate.Object, "spec", "secretName")
}

// servedExpiry is the first expiry of the certificates that the Gateways serve; if no
// Gateway references one, of all that are not CAs. A served certificate that can't be
// read or is not issued yet has no known expiry, and no other certificate replaces it.
func (d *tenantIngress) servedExpiry(certificates []*unstructured.Unstructured) time.Time {
	var first time.Time
	for _, certificate := range certificates {
		if d.serves(certificate) || len(d.credentials) == 0 && caRank(certificate) == 0 {
			first = earlier(first, health.Expiry(certificate))
		}
	}
	return first
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
