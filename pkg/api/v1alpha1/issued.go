package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// IssuedCertificateKind is the kind that `cert issue` prints.
const IssuedCertificateKind = "IssuedCertificate"

// IssuedCertificate is a new client certificate. The private key is in a file, never
// here.
type IssuedCertificate struct {
	metav1.TypeMeta `json:",inline"`
	// Metadata has the tenant's name.
	Metadata  Metadata `json:"metadata"`
	Namespace string   `json:"namespace"`
	// Via is issuer or secret; Issuer is the signer, as Kind/name.
	Via    string `json:"via"`
	Issuer string `json:"issuer"`
	// Subject is written as in RFC 4514.
	Subject string   `json:"subject"`
	Names   []string `json:"names"`
	// Serial is in hex digits, Fingerprint the SHA-256 digest in hex by pairs.
	Serial      string      `json:"serial"`
	Fingerprint string      `json:"fingerprint"`
	NotBefore   time.Time   `json:"notBefore"`
	NotAfter    time.Time   `json:"notAfter"`
	Files       IssuedFiles `json:"files"`
}

// IssuedFiles are the files that were written.
type IssuedFiles struct {
	Key         string `json:"key,omitempty"`
	Certificate string `json:"certificate"`
	CA          string `json:"ca,omitempty"`
	PKCS12      string `json:"pkcs12,omitempty"`
}
