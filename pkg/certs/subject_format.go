package certs

import (
	"bytes"
	"cmp"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// FormatSubject formats a subject according to RFC 4514, the most specific first.
// ParseSubject reads it into the same DER if it accepts the values at all; otherwise the text
// is only for display. It is safe to print: control characters are escaped. A value without
// its attribute's usual string type is written in hexadecimal; so is one whose attribute has
// no name.
func FormatSubject(rdns pkix.RDNSequence) string {
	var text strings.Builder
	for i := len(rdns) - 1; i >= 0; i-- {
		for j, pair := range rdns[i] {
			switch {
			case j > 0:
				text.WriteByte('+')
			case i < len(rdns)-1:
				text.WriteByte(',')
			}
			text.WriteString(attributeOf(pair.Type).label() + "=" + formatValue(pair))
		}
	}
	return text.String()
}

// label is the name of an attribute in FormatSubject.
func (a attribute) label() string {
	if len(a.names) > 0 {
		return a.names[0]
	}
	return a.oid.String()
}

func formatValue(pair pkix.AttributeTypeAndValue) string {
	kind := attributeOf(pair.Type)
	text, isText := pair.Value.(string)
	der, err := encodeValue(pair)
	if err != nil {
		// It came from an invalid certificate, and is shown nevertheless.
		return escapeValue(fmt.Sprint(pair.Value))
	}
	if !isText {
		text, err = decodeText(der)
		isText = err == nil
	}
	if usual, err := kind.encode(text); isText && err == nil && len(kind.names) > 0 && bytes.Equal(der, usual) {
		return escapeValue(text)
	}
	return "#" + hex.EncodeToString(der)
}

// escapeValue escapes what RFC 4514 section 2.4 requires, and every other character that
// could move a cursor.
func escapeValue(value string) string {
	var text strings.Builder
	for i, r := range value {
		_, size := utf8.DecodeRuneInString(value[i:])
		switch {
		case isControl(r), r == utf8.RuneError && size == 1:
			for _, c := range []byte(value[i : i+size]) {
				fmt.Fprintf(&text, `\%02X`, c)
			}
			continue
		case strings.ContainsRune(`"+,;<>\`, r), r == '#' && i == 0, r == ' ' && (i == 0 || i == len(value)-1):
			text.WriteByte('\\')
		}
		text.WriteRune(r)
	}
	return text.String()
}

// FormatRawSubject writes the DER of a subject, such as RawSubject of package crypto/x509, as
// FormatSubject does. Bytes that are not a subject are written in hexadecimal.
func FormatRawSubject(der []byte) string {
	rdns, err := pki.UnmarshalRawDerBytesToRDNSequence(der)
	if err != nil {
		return "#" + hex.EncodeToString(der)
	}
	return FormatSubject(rdns)
}

// called names the holder of a subject in an error.
func called(der []byte) string {
	return cmp.Or(FormatRawSubject(der), "the empty subject")
}
