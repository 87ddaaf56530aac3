package certs

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// keyLimit is more than a key of 16384 bits takes, with the text that OpenSSL
// may put around it.
const keyLimit = 64 << 10

// DecodeKey reads the only private key in PEM: PKCS#8, PKCS#1 or SEC 1. Text around it, such
// as the parameters that `openssl ecparam` writes first, is ignored. Weak keys are refused;
// an encrypted one results in an error with a hint to decrypt it.
func DecodeKey(data []byte) (crypto.Signer, error) {
	if len(data) > keyLimit {
		return nil, fmt.Errorf("read the private key: %d bytes are too many for a key; specify a file that contains only the key", len(data))
	}
	var found *pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("read the private key: there is more than one; keep only the one to use")
		}
		found = block
	}
	if found == nil {
		return nil, fmt.Errorf("read the private key: this is %s; specify a private key in PEM", describe(data))
	}
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
		return nil, fmt.Errorf("the format %q is not supported; convert the key to PKCS#8 with `openssl pkcs8 -topk8 -nodes`, or create a new one", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("it is damaged, or of an algorithm other than RSA, ECDSA and Ed25519: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it is a key that can't sign; create an RSA, ECDSA or Ed25519 key")
	}
	return signer, nil
}
