package certs

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// Algorithm is the kind of a key.
type Algorithm string

// The algorithms that cert-manager knows (v1.PrivateKeyAlgorithm), in its words
// but in lower case.
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
	return "", fmt.Errorf("key algorithm %q: use rsa, ecdsa or ed25519", text)
}

// NewKey makes a key. The size is in bits: for RSA 2048 to 8192 in steps of 8,
// for ECDSA 256, 384 or 521 (the curves P-256, P-384 and P-521). Zero is 4096
// and 256; Ed25519 takes no other.
func NewKey(algorithm Algorithm, size int) (crypto.Signer, error) {
	switch algorithm {
	case RSA:
		if size == 0 {
			size = 4096
		}
		if size < pki.MinRSAKeySize || size > pki.MaxRSAKeySize || size%8 != 0 {
			return nil, fmt.Errorf("an RSA key of %d bits: use 2048 to 8192, a multiple of 8, such as 4096", size)
		}
		return pki.GenerateRSAPrivateKey(size)
	case ECDSA:
		if size == 0 {
			size = pki.ECCurve256
		}
		if size != pki.ECCurve256 && size != pki.ECCurve384 && size != pki.ECCurve521 {
			return nil, fmt.Errorf("an ECDSA key of %d bits: use 256, 384 or 521", size)
		}
		return pki.GenerateECPrivateKey(size)
	case Ed25519:
		if size != 0 {
			return nil, fmt.Errorf("an Ed25519 key of %d bits: it has only one size; give none", size)
		}
		return pki.GenerateEd25519PrivateKey()
	}
	_, err := ParseAlgorithm(string(algorithm))
	return nil, err
}

// EncodeKey writes a key, unencrypted, as PKCS#8 in PEM (RFC 5958, RFC 7468
// section 10): OpenSSL, Java and DCMTK read it whatever the algorithm. Wipe it
// after use.
func EncodeKey(key crypto.Signer) ([]byte, error) {
	if err := checkPublicKey(key.Public()); err != nil {
		return nil, fmt.Errorf("encode the private key: %w", err)
	}
	return pki.EncodePKCS8PrivateKey(key)
}

// keyLimit is more than a key of 16384 bits takes, with the text that OpenSSL
// may put around it.
const keyLimit = 64 << 10

// DecodeKey reads the only private key in PEM: PKCS#8, PKCS#1 or SEC 1. What
// stands around it, such as the parameters that `openssl ecparam` writes first,
// does not matter. Weak keys are refused; an encrypted one gets an error that
// says how to decrypt it.
func DecodeKey(data []byte) (crypto.Signer, error) {
	if len(data) > keyLimit {
		return nil, fmt.Errorf("read the private key: %d bytes are too many for a key; give the file that holds only the key", len(data))
	}
	var found *pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("read the private key: there is more than one; leave only the one to use")
		}
		found = block
	}
	if found == nil {
		return nil, fmt.Errorf("read the private key: this is %s; give a private key in PEM", describe(data))
	}
	defer Wipe(found.Bytes)
	key, err := parseKey(found)
	if err != nil {
		return nil, fmt.Errorf("read the private key: %w", err)
	}
	if err := checkPublicKey(key.Public()); err != nil {
		return nil, fmt.Errorf("read the private key: %w", err)
	}
	return key, nil
}

func parseKey(block *pem.Block) (crypto.Signer, error) {
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, errors.New("it is encrypted; decrypt it first, with `openssl pkey -in KEY -out DECRYPTED`")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("%q is a form that is not read; write the key as PKCS#8, with `openssl pkcs8 -topk8 -nodes`, or make a new one", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("it is damaged, or of an algorithm other than RSA, ECDSA and Ed25519: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it is a key that can't sign; make one of RSA, ECDSA or Ed25519")
	}
	return signer, nil
}
