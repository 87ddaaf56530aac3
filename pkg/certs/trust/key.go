package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
)

// Key is the kind of a public key: its algorithm ("RSA", "ECDSA", "Ed25519"),
// its size, and a curve's name ("P-256").
type Key struct {
	Algorithm string
	Bits      int
	Curve     string
}

// String is "2048-bit RSA" or "ECDSA on P-256".
func (k Key) String() string {
	switch {
	case k.Curve != "":
		return k.Algorithm + " on " + k.Curve
	case k.Bits == 0:
		return k.Algorithm
	}
	return fmt.Sprintf("%d-bit %s", k.Bits, k.Algorithm)
}

func keyOf(public crypto.PublicKey) Key {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return Key{Algorithm: "RSA", Bits: key.N.BitLen()}
	case *ecdsa.PublicKey:
		return Key{Algorithm: "ECDSA", Bits: key.Params().BitSize, Curve: key.Params().Name}
	case ed25519.PublicKey:
		return Key{Algorithm: "Ed25519"}
	}
	return Key{Algorithm: "unknown algorithm"}
}

// weak reports whether the key is shorter than what RFC 9325, section 4.5, and so DICOM's
// BCP 195 profiles require: 2048 bits of RSA, 224 of ECDSA.
func (k Key) weak() bool {
	return k.Algorithm == "RSA" && k.Bits < 2048 || k.Algorithm == "ECDSA" && k.Bits < 224
}

// refused reports whether BoringSSL, which Istio's gateways use, accepts no signature of such
// a key in a handshake unless it is configured to (ssl/extensions.cc,
// kVerifySignatureAlgorithms).
func (k Key) refused() bool {
	return k.Algorithm == "Ed25519" || k.Algorithm == "unknown algorithm" || k.Curve == "P-224"
}
