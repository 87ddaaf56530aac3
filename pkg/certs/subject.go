package certs

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ParseSubject reads a subject as people write it. One that begins with "/" is read as
// `openssl req -subj` does: "/C=CA/O=A+OU=B/CN=x", the most general first; "+" joins
// attributes into one name, and "\" makes the next character ordinary. Any other is read
// according to RFC 4514: "CN=x,O=A+OU=B,C=CA", the most specific first; spaces around names
// and values do not count.
//
// Attributes have the names of RFC 4514 section 3 and of OpenSSL, in any case, or are a
// dotted OID. The empty text is the empty subject. Values are checked: they must be text, within the
// bounds of RFC 5280 appendix A, of the characters that their type allows. Errors name the
// position, counted in characters from 1, and the piece.
//
// It is not cert-manager's parser (pki.UnmarshalSubjectStringToRDNSequence, v1.21), which
// supports ten attributes without emailAddress and one string type, and neither lower case,
// OpenSSL's form nor bounds; TestCertManagersSubjects has the inputs that differ.
func ParseSubject(text string) (pkix.RDNSequence, error) {
	split := splitRFC4514
	if strings.HasPrefix(text, "/") {
		split = splitSlashes
	}
	pieces, err := split(text)
	if err != nil {
		return nil, err
	}
	rdns := pkix.RDNSequence{}
	for _, piece := range pieces {
		read, err := piece.read()
		if err != nil {
			return nil, wrongSubject(text, piece.at, piece.name+"="+piece.value, err)
		}
		if piece.joined {
			rdns[len(rdns)-1] = append(rdns[len(rdns)-1], read)
		} else {
			rdns = append(rdns, pkix.RelativeDistinguishedNameSET{read})
		}
	}
	if !strings.HasPrefix(text, "/") {
		slices.Reverse(rdns)
	}
	return rdns, nil
}

// piece is one attribute as it was written.
type piece struct {
	at          int // in bytes
	name, value string
	// der is the value when it was given in hexadecimal.
	der []byte
	// joined pieces belong to the same name as the one before.
	joined bool
}

func (p piece) read() (pkix.AttributeTypeAndValue, error) {
	kind, err := attributeNamed(p.name)
	if err != nil {
		return pkix.AttributeTypeAndValue{}, err
	}
	read := pkix.AttributeTypeAndValue{Type: kind.oid}
	text := p.value
	if p.der != nil {
		if text, err = decodeText(p.der); err != nil {
			return read, err
		}
	}
	if err := kind.check(text); err != nil {
		return read, err
	}
	usual, err := kind.encode(text)
	if err != nil {
		return read, err
	}
	der := p.der
	if der == nil {
		der = usual
	}
	// encoding/asn1 creates only strings that check allows, except for an IA5String.
	if read.Value = text; kind.kind == asn1.TagIA5String || !bytes.Equal(der, usual) {
		read.Value = asn1.RawValue{FullBytes: der}
	}
	return read, nil
}

// decodeText reads the DER of a string. It supports the types that crypto/x509 supports: no
// program written in Go can read a certificate with another.
func decodeText(der []byte) (string, error) {
	var value any
	rest, err := asn1.Unmarshal(der, &value)
	text, ok := value.(string)
	if err != nil || len(rest) > 0 || !ok {
		return "", fmt.Errorf(`what comes after "#" must be the DER of one string, in hexadecimal`)
	}
	return text, nil
}

// MarshalSubject returns the DER of a subject (RFC 5280 section 4.1.2.4). A value that is a
// string gets the string type that its attribute must have. The error names the value that
// can't be encoded.
func MarshalSubject(rdns pkix.RDNSequence) ([]byte, error) {
	encoded := make(pkix.RDNSequence, len(rdns))
	for i, rdn := range rdns {
		if len(rdn) == 0 {
			return nil, fmt.Errorf("encode the subject: name %d of %d has no attribute", i+1, len(rdns))
		}
		for _, pair := range rdn {
			der, err := encodeValue(pair)
			if err != nil {
				return nil, fmt.Errorf("encode the subject's %s: %w", attributeOf(pair.Type).label(), err)
			}
			encoded[i] = append(encoded[i], pkix.AttributeTypeAndValue{Type: pair.Type, Value: asn1.RawValue{FullBytes: der}})
		}
	}
	der, err := asn1.Marshal(encoded)
	if err != nil {
		return nil, fmt.Errorf("encode the subject: %w", err)
	}
	return der, nil
}

func encodeValue(pair pkix.AttributeTypeAndValue) ([]byte, error) {
	if text, ok := pair.Value.(string); ok {
		return attributeOf(pair.Type).encode(text)
	}
	return asn1.Marshal(pair.Value)
}

// wrongSubject is the error about the text at a byte of a subject.
func wrongSubject(text string, at int, piece string, why error) error {
	return fmt.Errorf("read the subject: at character %d, %q: %w", utf8.RuneCountInString(text[:at])+1, piece, why)
}
