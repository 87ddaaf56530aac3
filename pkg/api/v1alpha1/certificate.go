package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Kinds that the cert commands print.
const (
	CertificateKind             = "Certificate"
	CertificateListKind         = "CertificateList"
	CertificateReportKind       = "CertificateReport"
	CertificateVerificationKind = "CertificateVerification"
)

// CertificateList are the tenants' certificates: by tenant, CAs before the certificates
// that they sign, then by name.
type CertificateList struct {
	metav1.TypeMeta `json:",inline"`
	Clusters        `json:",inline"`
	Items           []Certificate `json:"items"`
}

// Certificate is one certificate of a tenant.
type Certificate struct {
	metav1.TypeMeta `json:",inline"`
	// Metadata has the name of Ref, empty if Certificates could not be read.
	Metadata Metadata  `json:"metadata"`
	At       time.Time `json:"at"`
	// Cluster is the name of the cluster's context, if several clusters were read.
	Cluster string `json:"cluster,omitempty"`
	Tenant  string `json:"tenant"`
	// Ref is cert-manager's Certificate, or a Secret that no Certificate creates.
	Ref    object.Ref  `json:"ref"`
	Secret *object.Ref `json:"secret,omitempty"`
	Issuer *object.Ref `json:"issuer,omitempty"`
	// Depth is the number of listed CAs above it.
	Depth   int      `json:"depth"`
	IsCA    bool     `json:"isCA"`
	Subject string   `json:"subject,omitempty"`
	Names   []string `json:"names"`
	// The times are absent if they are not known.
	NotBefore   *time.Time       `json:"notBefore,omitempty"`
	NotAfter    *time.Time       `json:"notAfter,omitempty"`
	RenewalTime *time.Time       `json:"renewalTime,omitempty"`
	Uses        []CertificateUse `json:"uses"`
	// UsesKnown: all Gateways and issuers of the tenant could be read.
	UsesKnown bool `json:"usesKnown"`
	// Fingerprint is the stored certificate's SHA-256, hex by pairs; it was read from
	// StoredFrom. Both are absent if it could not be read.
	Fingerprint string              `json:"fingerprint,omitempty"`
	StoredFrom  *object.Ref         `json:"storedFrom,omitempty"`
	Served      []ServedCertificate `json:"served"`
	Status      string              `json:"status"`
	Reason      string              `json:"reason,omitempty"`
	Message     string              `json:"message,omitempty"`
	Unknown     []snapshot.Failure  `json:"unknown"`
}

// CertificateUse is a Gateway's server, or an issuer that signs with the key.
type CertificateUse struct {
	Ref   object.Ref `json:"ref"`
	Port  int64      `json:"port,omitempty"`
	Mode  string     `json:"mode,omitempty"`
	Hosts []string   `json:"hosts,omitempty"`
}

// ServedCertificate is the certificate in a TLS handshake.
type ServedCertificate struct {
	Address    string `json:"address"`
	Port       int64  `json:"port"`
	ServerName string `json:"serverName,omitempty"`
	// Match is Same, Older, Newer, Other, Foreign or Unclear.
	Match       string      `json:"match"`
	Fingerprint string      `json:"fingerprint,omitempty"`
	Of          *object.Ref `json:"of,omitempty"`
	OfTenant    string      `json:"ofTenant,omitempty"`
	AsksClient  bool        `json:"asksClient"`
	Detail      string      `json:"detail,omitempty"`
}
