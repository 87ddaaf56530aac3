package versioned

import (
	"crypto/x509"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
)

// Issued is a new client certificate, and its files; the path of a file that was not
// written is empty.
type Issued struct {
	Tenant, Namespace, Via, Issuer   string
	Certificate                      *x509.Certificate
	Now                              time.Time
	Key, CertificateFile, CA, PKCS12 string
}

// IssuedCertificate is the versioned form of an issued certificate.
func IssuedCertificate(i Issued) v1alpha1.IssuedCertificate {
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

// IssuedObject is the versioned form for kubectl's printers.
func IssuedObject(i Issued) (runtime.Object, error) {
	issued := IssuedCertificate(i)
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&issued)
	if err != nil {
		return nil, fmt.Errorf("encoding the certificate: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
