package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CertificateReport describes certificates of one source.
type CertificateReport struct {
	metav1.TypeMeta `json:",inline"`
	// At is the time that dates are compared with.
	At           time.Time                `json:"at"`
	Certificates []CertificateDescription `json:"certificates"`
	Chain        CertificateChain         `json:"chain"`
}

// CertificateDescription is one certificate.
type CertificateDescription struct {
	Subject            string             `json:"subject"`
	Issuer             string             `json:"issuer"`
	Serial             string             `json:"serial"`
	Names              []CertificateName  `json:"names"`
	Usages             []CertificateUsage `json:"usages"`
	Key                CertificateKey     `json:"key"`
	SignatureAlgorithm string             `json:"signatureAlgorithm"`
	// Fingerprint is the SHA-256 digest; it and the key ids are hex by pairs.
	Fingerprint    string    `json:"fingerprint"`
	SubjectKeyID   string    `json:"subjectKeyId,omitempty"`
	AuthorityKeyID string    `json:"authorityKeyId,omitempty"`
	NotBefore      time.Time `json:"notBefore"`
	NotAfter       time.Time `json:"notAfter"`
	IsCA           bool      `json:"isCA"`
	// SignedBy is the index of its signer: its own when self-signed, -1 when the signer is
	// not in the list.
	SignedBy int               `json:"signedBy"`
	Notes    []CertificateNote `json:"notes"`
}

// CertificateName is a subject alternative name.
type CertificateName struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// CertificateUsage is RFC 5280's name of a usage, and its meaning.
type CertificateUsage struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// CertificateKey is the kind of a public key.
type CertificateKey struct {
	Algorithm string `json:"algorithm"`
	Bits      int    `json:"bits,omitempty"`
	Curve     string `json:"curve,omitempty"`
}

// CertificateNote is something to know; Severity is Critical, Warning or Info.
type CertificateNote struct {
	Severity string `json:"severity"`
	Text     string `json:"text"`
}

// CertificateChain is where the first certificate's chain ends.
type CertificateChain struct {
	// Whole: it ends with a self-signed certificate.
	Whole bool `json:"whole"`
	// Missing is the signer of the last one, if its certificate is missing.
	Missing  string   `json:"missing,omitempty"`
	Problems []string `json:"problems"`
}

// CertificateVerification is whether a tenant accepts a client's certificate.
type CertificateVerification struct {
	metav1.TypeMeta `json:",inline"`
	At              time.Time `json:"at"`
	Tenant          string    `json:"tenant"`
	// Outcome is Pass, Warn, Unknown or Fail: the worst of the checks'.
	Outcome string             `json:"outcome"`
	Checks  []CertificateCheck `json:"checks"`
}

// CertificateCheck is one check.
type CertificateCheck struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Detail  string `json:"detail"`
	Fix     *Fix   `json:"fix,omitempty"`
}
