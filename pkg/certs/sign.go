package certs

import (
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// skew is how far clocks may differ. It is what Kubernetes' own signer allows
// (kube-controller-manager 1.36, pkg/controller/certificates/signer).
const skew = 5 * time.Minute

// Usages are the usages of a client's certificate by their names in cert-manager, for the
// spec.usages of a CertificateRequest: those that NewRequest requests and Sign grants.
func Usages(public crypto.PublicKey) []string {
	usages := []string{string(cmapi.UsageDigitalSignature)}
	if keyUsage(public)&x509.KeyUsageKeyEncipherment != 0 {
		usages = append(usages, string(cmapi.UsageKeyEncipherment))
	}
	return append(usages, string(cmapi.UsageClientAuth))
}

// Sign signs a client's certificate for a request: its public key, its subject and its names
// byte by byte, and nothing else of it. It returns the certificate, then the CAs above it
// without the root.
//
// The certificate is valid for the duration from now on, and some minutes back, since the
// clocks of imaging devices are often slow; never from before its CA is. It is refused when
// the CA, or one above it, is not valid now, or expires earlier (*OutlivesError), and when
// the CAs' own limits do not allow the certificate. The request is checked again as by
// ParseRequest.
func (a *CA) Sign(request *x509.CertificateRequest, now time.Time, duration time.Duration) ([]*x509.Certificate, error) {
	if err := checkRequest(request); err != nil {
		return nil, fmt.Errorf("the request is refused: %w", err)
	}
	if duration < time.Second {
		return nil, errors.New("sign the certificate: it would be valid for less than a second; request a longer duration")
	}
	template, err := a.template(request, now, duration)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	cas := append([]*x509.Certificate{a.Certificate}, a.Chain...)
	if err := checkAbove(template.NotAfter, cas, now); err != nil {
		return nil, err
	}
	_, leaf, err := pki.SignCertificate(template, a.Certificate, request.PublicKey, *a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate: %w", err)
	}
	if err := verify(leaf, cas, now); err != nil {
		return nil, fmt.Errorf("the CA %s, or one above it, may not sign this certificate: %w; request other names, or use another CA",
			called(a.Certificate.RawSubject), err)
	}
	return append([]*x509.Certificate{leaf}, withoutRoot(cas)...), nil
}

// template is the certificate to sign. crypto/x509 adds a random serial number of 20 octets
// at most (RFC 5280 section 4.1.2.2) and the CA's key identifier.
func (a *CA) template(request *x509.CertificateRequest, now time.Time, duration time.Duration) (*x509.Certificate, error) {
	identifier, err := keyIdentifier(request.PublicKey)
	if err != nil {
		return nil, err
	}
	from := now.Add(-skew)
	if from.Before(a.Certificate.NotBefore) {
		from = a.Certificate.NotBefore
	}
	template := &x509.Certificate{
		RawSubject: request.RawSubject,
		NotBefore:  from.UTC().Truncate(time.Second), NotAfter: now.Add(duration).UTC().Truncate(time.Second),
		BasicConstraintsValid: true, IsCA: false,
		KeyUsage: keyUsage(request.PublicKey), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		SubjectKeyId: identifier,
	}
	if san := extension(request.Extensions, oidSAN); san != nil {
		critical := pki.IsASN1SubjectEmpty(request.RawSubject)
		template.ExtraExtensions = []pkix.Extension{{Id: oidSAN, Critical: critical, Value: san.Value}}
	}
	return template, nil
}

// keyIdentifier is method 1 of RFC 5280 section 4.2.1.2: the SHA-1 of the key's bits. It is a
// name, not a proof, so SHA-1 is safe here.
func keyIdentifier(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:], nil
}
