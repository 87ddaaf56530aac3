package render

import (
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// Issued is a new client certificate, and its files; the path of a file that was not
// written is empty.
type Issued struct {
	Tenant, Namespace, Via, Issuer   string
	Certificate                      *x509.Certificate
	Now                              time.Time
	Key, CertificateFile, CA, PKCS12 string
}

// IssuedCertificate prints a new client certificate and its files.
func IssuedCertificate(w io.Writer, i Issued) error {
	c := V1alpha1Issued(i)
	var b strings.Builder
	escape.Fprintf(&b, "Client certificate for %s, signed by %s in %s\n\n", i.Tenant, i.Issuer, i.Namespace)
	for _, line := range []struct{ name, value string }{
		{"Subject", c.Subject},
		{"Names", strings.Join(c.Names, ", ")},
		{"Valid until", fmt.Sprintf("%s (%s)", c.NotAfter.Format(time.RFC3339), left(c.NotAfter, i.Now))},
		{"Serial", c.Serial},
		{"SHA-256", c.Fingerprint},
		{"Key", note(i.Key, "readable by you only")},
		{"Certificate", i.CertificateFile},
		{"CA", i.CA},
		{"PKCS#12", note(i.PKCS12, "key and certificates, under the password")},
	} {
		if line.value != "" {
			escape.Fprintf(&b, "  %-13s%s\n", line.name, line.value)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func note(value, about string) string {
	if value == "" {
		return ""
	}
	return value + "  (" + about + ")"
}

func V1alpha1Issued(i Issued) v1alpha1.IssuedCertificate {
	c := i.Certificate
	described := trust.Describe([]*x509.Certificate{c}, i.Now).Certificates[0]
	names := []string{}
	for _, name := range described.Names {
		names = append(names, name.Value)
	}
	return v1alpha1.IssuedCertificate{
		TypeMeta:  metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.IssuedCertificateKind},
		Metadata:  v1alpha1.Metadata{Name: i.Tenant},
		Namespace: i.Namespace, Via: i.Via, Issuer: i.Issuer,
		Subject: certs.FormatRawSubject(c.RawSubject), Names: names,
		Serial: described.Serial, Fingerprint: described.Fingerprint,
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		Files: v1alpha1.IssuedFiles{Key: i.Key, Certificate: i.CertificateFile, CA: i.CA, PKCS12: i.PKCS12},
	}
}
