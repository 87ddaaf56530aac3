package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"strings"
)

// describe names the kind of a file, with its article, for an error message. It never
// includes the content.
func describe(data []byte) string {
	if block, _ := pem.Decode(data); block != nil {
		return describePEM(block.Type)
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "an empty file"
	case bytes.Contains(data, []byte("-----BEGIN ")):
		return "a PEM file that is truncated or damaged"
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		return "a certificate in DER"
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return "a certificate request in DER"
	}
	if isKeyDER(data) {
		return "a private key in DER (`openssl pkey -inform DER` converts it to PEM)"
	}
	// A PKCS#12 file is a SEQUENCE that begins with its version, 3, and another
	// SEQUENCE (RFC 7292 section 4).
	var pfx struct {
		Version int
		Safe    asn1.RawValue
		Mac     asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(data, &pfx); err == nil && pfx.Version == 3 && pfx.Safe.Tag == asn1.TagSequence {
		return "a PKCS#12 file (`openssl pkcs12 -in FILE` converts it to PEM)"
	}
	return "a file of an unknown kind"
}

func describePEM(label string) string {
	switch {
	case strings.HasSuffix(label, "CERTIFICATE REQUEST"):
		return "a certificate request"
	case strings.HasSuffix(label, "PRIVATE KEY"):
		return "a private key"
	case label == "TRUSTED CERTIFICATE":
		return "a certificate with OpenSSL's trust settings (`openssl x509` removes them)"
	case strings.HasSuffix(label, "CERTIFICATE"):
		return "a certificate"
	case label == "PKCS7", label == "CMS":
		return "a PKCS#7 file (`openssl pkcs7 -print_certs` converts it to PEM)"
	}
	return fmt.Sprintf("a PEM file with %q", label)
}

func isKeyDER(data []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(data); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(data); err == nil {
		return true
	}
	_, err := x509.ParseECPrivateKey(data)
	return err == nil
}
