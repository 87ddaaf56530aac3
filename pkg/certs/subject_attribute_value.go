package certs

import (
	"encoding/asn1"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// check returns what is wrong with a value.
func (a attribute) check(text string) error {
	switch length := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("the value is empty; omit the attribute, or specify a value")
	case !utf8.ValidString(text):
		return fmt.Errorf("the value is not valid UTF-8")
	case strings.ContainsFunc(text, isControl):
		return fmt.Errorf("the value has a control character or a line break; remove it")
	case a.label() == "C" && !isCountry(text):
		return fmt.Errorf("a country is exactly two letters (ISO 3166), such as CA")
	case length > a.longest:
		return fmt.Errorf("the value has %d characters; the maximum is %d", length, a.longest)
	}
	_, err := a.encode(text)
	return err
}

// encode returns the DER of a value: in the one string type the attribute may have, else as
// crypto/x509 does, a PrintableString if possible and a UTF8String if not.
func (a attribute) encode(text string) ([]byte, error) {
	var der []byte
	var err error
	switch a.kind {
	case asn1.TagIA5String:
		if der, err = asn1.MarshalWithParams(text, "ia5"); err != nil {
			return nil, fmt.Errorf("the value may have only ASCII characters")
		}
	case asn1.TagPrintableString:
		// encoding/asn1 allows "*" and "&" here; X.680 section 41.4 does not.
		if der, err = asn1.MarshalWithParams(text, "printable"); err != nil || strings.ContainsAny(text, "*&") {
			return nil, fmt.Errorf(`the value may have only letters, digits, spaces and '()+,-./:=?`)
		}
	default:
		if der, err = asn1.Marshal(text); err != nil {
			return nil, fmt.Errorf("the value is not valid UTF-8")
		}
	}
	return der, nil
}

// isControl reports characters that move the cursor or break a line.
func isControl(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp)
}

func isCountry(text string) bool {
	return len(text) == 2 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
