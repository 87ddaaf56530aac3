package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// The limits for reading certificates: more than any chain, or a hospital's own bundle of
// CAs, but less than the bundle of an operating system.
const (
	certificatesMost  = 100
	certificatesLimit = 2 << 20 // bytes
)

// EncodeCertificates writes certificates as PEM, in their order.
func EncodeCertificates(certs []*x509.Certificate) ([]byte, error) {
	var text []byte
	for i, cert := range certs {
		if cert == nil || len(cert.Raw) == 0 {
			return nil, fmt.Errorf("encode the certificates: number %d of %d has no content", i+1, len(certs))
		}
		block, err := pki.EncodeX509(cert)
		if err != nil {
			return nil, fmt.Errorf("encode the certificates: %w", err)
		}
		text = append(text, block...)
	}
	return text, nil
}

// ParseCertificates reads one to 100 certificates, in PEM or DER, in their order. Other PEM
// blocks and the text between are skipped: a private key among them does not matter. Errors
// name which certificate is damaged, or what the data is instead.
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	if len(data) > certificatesLimit {
		return nil, fmt.Errorf("read the certificates: %d bytes are too many; specify a file with the certificates of one CA or client", len(data))
	}
	certs, err := x509.ParseCertificates(data)
	if err != nil { // DER, and a line break that an editor or a download added
		certs, err = x509.ParseCertificates(bytes.TrimRight(data, "\r\n"))
	}
	if err != nil || len(certs) == 0 {
		certs, err = parsePEM(data)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the certificates: %w", err)
	case len(certs) == 0:
		return nil, fmt.Errorf("read the certificates: this is %s; specify certificates in PEM or DER", describe(data))
	case len(certs) > certificatesMost:
		return nil, fmt.Errorf("read the certificates: there are more than %d; specify a file with the certificates of one CA or client", certificatesMost)
	}
	return certs, nil
}

// certificateTypes are the labels of a certificate in PEM (RFC 7468 section 5.3).
var certificateTypes = []string{"CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE"}

// parsePEM reads certificates, up to one more than the limit.
func parsePEM(data []byte) ([]*x509.Certificate, error) {
	begun := bytes.Count(data, []byte("-----BEGIN CERTIFICATE-----"))
	var certs []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil && len(certs) <= certificatesMost; block, rest = pem.Decode(rest) {
		if !slices.Contains(certificateTypes, block.Type) {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("number %d is damaged; copy the file again: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	// encoding/pem silently skips what it can't read.
	if len(certs) < begun && len(certs) <= certificatesMost {
		return nil, fmt.Errorf("only %d of %d are complete; copy the file again", len(certs), begun)
	}
	return certs, nil
}
