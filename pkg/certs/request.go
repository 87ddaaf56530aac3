package certs

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// requestLimit is more than a request with a thousand names takes, in bytes.
const requestLimit = 128 << 10

// NewRequest creates a certificate request (PKCS#10, RFC 2986) for a client, in PEM. It
// requests the subject exactly as MarshalSubject encodes it, the names, the key usages of
// Usages and the purpose clientAuth. The error is ParseRequest's if the request would be
// one that it refuses.
func NewRequest(subject pkix.RDNSequence, names Names, key crypto.Signer) ([]byte, error) {
	rawSubject, err := MarshalSubject(subject)
	if err != nil {
		return nil, err
	}
	usage, err := pki.MarshalKeyUsage(keyUsage(key.Public()))
	if err != nil {
		return nil, fmt.Errorf("create the request: encode its key usage: %w", err)
	}
	purpose, err := pki.MarshalExtKeyUsage([]x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, nil)
	if err != nil {
		return nil, fmt.Errorf("create the request: encode its purpose: %w", err)
	}
	extensions := []pkix.Extension{usage, purpose}
	if !names.empty() {
		san, err := pki.MarshalSANs(names.general(), len(subject) > 0)
		if err != nil {
			return nil, fmt.Errorf("create the request: encode its names: %w", err)
		}
		extensions = append(extensions, san)
	}
	der, err := pki.EncodeCSR(&x509.CertificateRequest{RawSubject: rawSubject, ExtraExtensions: extensions}, key)
	if err != nil {
		return nil, fmt.Errorf("create the request: %w", err)
	}
	if _, err := ParseRequest(der); err != nil {
		return nil, fmt.Errorf("create the request: %w", err)
	}
	return EncodeRequest(&x509.CertificateRequest{Raw: der}), nil
}

// EncodeRequest writes a request that was read, or its Raw alone, as PEM (RFC 7468 section
// 7): signers accept no other encoding.
func EncodeRequest(request *x509.CertificateRequest) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request.Raw})
}

// keyUsage is what a client does with its key in TLS (RFC 5280 section 4.2.1.3):
// it signs; RSA alone can also encipher the session's key, as TLS 1.2 allows.
func keyUsage(public crypto.PublicKey) x509.KeyUsage {
	if _, ok := public.(*rsa.PublicKey); ok {
		return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}

// ParseRequest reads a certificate request in PEM or DER and refuses what should
// not be signed: a signature that is wrong or by SHA-1 or MD5, a weak key, a
// request to be a CA, an empty subject without names, names that ParseNames
// refuses or of a kind it doesn't know, and anything after the request.
func ParseRequest(data []byte) (*x509.CertificateRequest, error) {
	if len(data) > requestLimit {
		return nil, fmt.Errorf("read the request: %d bytes are too many for a certificate request", len(data))
	}
	der := data
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		block, rest := pem.Decode(data)
		if block == nil || (block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST") {
			return nil, fmt.Errorf("read the request: this is %s; specify a certificate request in PEM or DER", describe(data))
		}
		if len(bytes.TrimSpace(rest)) > 0 {
			return nil, errors.New("read the request: the file has other content after it; keep only the request in the file")
		}
		der = block.Bytes
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil && len(der) < len(data) {
		return nil, fmt.Errorf("read the request: it is damaged; copy it again: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the request: this is %s; specify one certificate request in PEM or DER: %w", describe(data), err)
	}
	if err := checkRequest(request); err != nil {
		return nil, fmt.Errorf("the request is refused: %w", err)
	}
	return request, nil
}
