package certs

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
	"software.sslmate.com/src/go-pkcs12"
)

// ErrPassword is the error of a PKCS#12 file that has another password.
var ErrPassword = errors.New("the password is wrong")

// iterations is the number of iterations for a modern file: a guess at its password then
// takes some milliseconds. With the 2048 iterations that OpenSSL and go-pkcs12 use by
// default, it takes almost no time.
const iterations = 100_000

// EncodePKCS12 writes a key with its certificates as a PKCS#12 file (RFC 7292). The chain
// begins with the key's own certificate; ca are the CAs above it. No certificate is written
// twice.
//
// A modern file (AES-256, SHA-256) is read by OpenSSL from 1.1.1, Java from 12 and Windows
// Server from 2019 (go-pkcs12 0.7.2, Modern2023). A legacy one (3DES, SHA-1) is read by
// nearly all programs and protects almost nothing: anyone who has the file can find the
// password unless it is long and random.
func EncodePKCS12(key crypto.Signer, chain, ca []*x509.Certificate, password string, legacy bool) ([]byte, error) {
	all := slices.Concat(chain, ca)
	switch {
	case len(chain) == 0 || slices.Contains(all, nil):
		return nil, errors.New("write the PKCS#12 file: a certificate is missing")
	case password == "":
		return nil, errors.New("write the PKCS#12 file: the password is empty, which many programs do not accept; specify one")
	case !isBMP(password):
		return nil, errors.New("write the PKCS#12 file: the password has a character that PKCS#12 does not allow; use letters, digits and punctuation")
	}
	if same, err := pki.PublicKeyMatchesCertificate(key.Public(), chain[0]); err != nil || !same {
		return nil, fmt.Errorf("write the PKCS#12 file: the key does not belong to the certificate of %s; specify the certificate's own key", called(chain[0].RawSubject))
	}
	var others []*x509.Certificate
	for i, cert := range all {
		if !slices.ContainsFunc(all[:i], cert.Equal) && i > 0 {
			others = append(others, cert)
		}
	}
	encoder := pkcs12.Modern2023.WithIterations(iterations)
	if legacy {
		encoder = pkcs12.LegacyDES
	}
	data, err := encoder.Encode(key, chain[0], others, password)
	if err != nil {
		return nil, fmt.Errorf("write the PKCS#12 file: %w", err)
	}
	return data, nil
}

// isBMP reports whether a password is of valid characters of Unicode's first plane: a
// BMPString (RFC 7292 appendix B.1) has no others.
func isBMP(password string) bool {
	for _, r := range password {
		if r > 0xffff || r == 0 {
			return false
		}
	}
	return utf8.ValidString(password)
}

// pkcs12Limit is more than a key and a hundred certificates take, in bytes.
const pkcs12Limit = 1 << 20

// DecodePKCS12 reads a key and its certificates from a PKCS#12 file in DER: the key's own
// certificate first, then the others in their order. A wrong password is ErrPassword; any
// other error means that the file is damaged, or of an unsupported kind. Read only files from
// a trusted source: they can require any amount of computing.
func DecodePKCS12(data []byte, password string) (crypto.Signer, []*x509.Certificate, error) {
	if len(data) > pkcs12Limit {
		return nil, nil, fmt.Errorf("read the PKCS#12 file: %d bytes are too many", len(data))
	}
	decoded, first, others, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return nil, nil, fmt.Errorf("read the PKCS#12 file: %w; try another one", ErrPassword)
	case err != nil:
		return nil, nil, fmt.Errorf("read the PKCS#12 file: this is %s, damaged or in an unsupported format; get it again, or convert it with `openssl pkcs12`: %w", describe(data), err)
	}
	key, ok := decoded.(crypto.Signer)
	if !ok {
		return nil, nil, errors.New("read the PKCS#12 file: its key can't sign; create an RSA, ECDSA or Ed25519 key")
	}
	certs := append([]*x509.Certificate{first}, others...)
	own := slices.IndexFunc(certs, func(cert *x509.Certificate) bool {
		same, err := pki.PublicKeyMatchesCertificate(key.Public(), cert)
		return err == nil && same
	})
	if own < 0 {
		return nil, nil, errors.New("read the PKCS#12 file: none of its certificates belongs to its key; get the file again from its creator")
	}
	leaf := certs[own]
	return key, append([]*x509.Certificate{leaf}, slices.Delete(certs, own, own+1)...), nil
}
