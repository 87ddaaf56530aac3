package certs

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// FaultKind is the kind of a Fault.
type FaultKind string

// The kinds, in the order in which Judge returns them.
const (
	// KeyMismatch: the key is not the certificate's.
	KeyMismatch FaultKind = "KeyMismatch"
	// OtherCA: a known CA of another owner signed it, Fault.By.
	OtherCA FaultKind = "OtherCA"
	// NamesakeCA: its issuer has the name of a trusted CA, and another key.
	NamesakeCA FaultKind = "NamesakeCA"
	// BadSignature: it names a trusted CA and its key, which did not sign these bytes.
	BadSignature FaultKind = "BadSignature"
	// SelfSigned: it is signed with its own key, and is not trusted itself.
	SelfSigned FaultKind = "SelfSigned"
	// UnknownCA: the chain ends at a root that is not trusted.
	UnknownCA FaultKind = "UnknownCA"
	// IssuerMissing: its issuer is neither trusted nor in the chain.
	IssuerMissing FaultKind = "IssuerMissing"
	// CAExpired and CANotYetValid are of a CA that is trusted.
	CAExpired     FaultKind = "CAExpired"
	CANotYetValid FaultKind = "CANotYetValid"
	Expired       FaultKind = "Expired"
	NotYetValid   FaultKind = "NotYetValid"
	// NoNames: it has a common name only, which clients no longer read.
	NoNames FaultKind = "NoNames"
	// WrongHost: it is for other names.
	WrongHost FaultKind = "WrongHost"
	// WrongUsage: it, or a CA above it, is not for this role in TLS.
	WrongUsage FaultKind = "WrongUsage"
	// IntermediateExpired and IntermediateNotYetValid are of a CA in the chain.
	IntermediateExpired     FaultKind = "IntermediateExpired"
	IntermediateNotYetValid FaultKind = "IntermediateNotYetValid"
	// NotCA: a certificate of the chain has signed another one, and is no CA's.
	NotCA FaultKind = "NotCA"
	// PathTooLong: a CA allows fewer CAs below it than there are.
	PathTooLong FaultKind = "PathTooLong"
	// NameConstrained: a CA limits the names of what is below it.
	NameConstrained FaultKind = "NameConstrained"
	// WeakSignature: it is signed with MD5 or SHA-1.
	WeakSignature FaultKind = "WeakSignature"
	// WeakKey: an RSA key of fewer than 2048 bits, or an ECDSA key of fewer than 224.
	WeakKey FaultKind = "WeakKey"
	// OtherRule is any other rule of RFC 5280 that crypto/x509 checks.
	OtherRule FaultKind = "OtherRule"
)

// Fault is one fault of a certificate or of its chain.
type Fault struct {
	Kind FaultKind
	// Of is the certificate at fault.
	Of *x509.Certificate
	// By is the CA that signed it, of an OtherCA.
	By *KnownCA
	// leaf reports whether Of is the one that was judged, and not a CA above it.
	leaf bool
	// text is the rest of a sentence that begins with the certificate's name.
	text string
}

// OfLeaf reports whether the fault is of the certificate itself, and not of a CA above it.
func (f Fault) OfLeaf() bool { return f.leaf }

// Describe is the fault as a sentence without a full stop. whose is the name of the judged
// certificate in it: "it", "the server's certificate".
func (f Fault) Describe(whose string) string {
	switch {
	case f.leaf:
		return whose + " " + f.text
	case f.Kind == CAExpired || f.Kind == CANotYetValid:
		return "the CA " + called(f.Of.RawSubject) + " " + f.text
	}
	return "the CA " + called(f.Of.RawSubject) + " in the chain " + f.text
}

// moment formats times in faults: to the minute, in UTC.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// orList writes "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return fmt.Sprintf("%s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
