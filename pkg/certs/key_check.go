package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// checkPublicKey refuses keys that should not be trusted: RSA under 2048 bits or larger than
// those that cert-manager creates, an exponent outside FIPS 186-5 section A.1.1 (odd and
// above 65536), curves other than NIST's three that TLS uses, and all else, such as DSA.
func checkPublicKey(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < pki.MinRSAKeySize || bits > pki.MaxRSAKeySize {
			return fmt.Errorf("its RSA key has %d bits; create one with 2048 to 8192", bits)
		}
		if key.E < 1<<16 || key.E%2 == 0 {
			return fmt.Errorf("its RSA key has the exponent %d, which is weak; create one with 65537, the usual exponent", key.E)
		}
		return nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return fmt.Errorf("its ECDSA key is on the curve %s; create one on P-256, P-384 or P-521", key.Curve.Params().Name)
	case ed25519.PublicKey:
		return nil
	}
	return errors.New("its key is not an RSA, ECDSA or Ed25519 key; create one of those")
}
