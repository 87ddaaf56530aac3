package certs

import (
	"cmp"
	"crypto"
	"fmt"
	"slices"
	"strings"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// Algorithm is the kind of a key.
type Algorithm string

// The algorithms that cert-manager supports (v1.PrivateKeyAlgorithm), with its names in lower
// case.
const (
	RSA     Algorithm = "rsa"
	ECDSA   Algorithm = "ecdsa"
	Ed25519 Algorithm = "ed25519"
)

// ParseAlgorithm reads an algorithm's name, in any case.
func ParseAlgorithm(text string) (Algorithm, error) {
	switch algorithm := Algorithm(strings.ToLower(text)); algorithm {
	case RSA, ECDSA, Ed25519:
		return algorithm, nil
	}
	return "", unknownAlgorithm(text)
}

func unknownAlgorithm(text string) error {
	return fmt.Errorf("key algorithm %q: use rsa, ecdsa or ed25519", text)
}

// CheckKeySize reports whether NewKey creates keys of that size, in bits: for RSA 2048 to
// 8192 in steps of 8, for ECDSA 256, 384 or 521 (the curves P-256, P-384 and P-521). Zero is
// the usual size; Ed25519 has no other.
func CheckKeySize(algorithm Algorithm, size int) error {
	switch algorithm {
	case RSA:
		if size != 0 && (size < pki.MinRSAKeySize || size > pki.MaxRSAKeySize || size%8 != 0) {
			return fmt.Errorf("an RSA key of %d bits: use 2048 to 8192, a multiple of 8, such as 4096", size)
		}
	case ECDSA:
		if !slices.Contains([]int{0, pki.ECCurve256, pki.ECCurve384, pki.ECCurve521}, size) {
			return fmt.Errorf("an ECDSA key of %d bits: use 256, 384 or 521", size)
		}
	case Ed25519:
		if size != 0 {
			return fmt.Errorf("an Ed25519 key of %d bits: it has only one size; omit the size", size)
		}
	default:
		return unknownAlgorithm(string(algorithm))
	}
	return nil
}

// NewKey creates a key of a size that CheckKeySize allows. Zero is 4096 bits for RSA and
// 256 for ECDSA. RSA keys take seconds.
func NewKey(algorithm Algorithm, size int) (crypto.Signer, error) {
	if err := CheckKeySize(algorithm, size); err != nil {
		return nil, err
	}
	switch algorithm {
	case RSA:
		return pki.GenerateRSAPrivateKey(cmp.Or(size, 4096))
	case ECDSA:
		return pki.GenerateECPrivateKey(cmp.Or(size, pki.ECCurve256))
	default:
		return pki.GenerateEd25519PrivateKey()
	}
}

// EncodeKey writes a key, unencrypted, as PKCS#8 in PEM (RFC 5958, RFC 7468 section 10):
// OpenSSL, Java and DCMTK read it for every algorithm.
func EncodeKey(key crypto.Signer) ([]byte, error) {
	if err := checkPublicKey(key.Public()); err != nil {
		return nil, fmt.Errorf("encode the private key: %w", err)
	}
	return pki.EncodePKCS8PrivateKey(key)
}
