package certs

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strings"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// attribute is a type of attribute of a subject.
type attribute struct {
	// names are how people write it. The first is written by FormatSubject.
	names []string
	oid   asn1.ObjectIdentifier
	// kind is the only ASN.1 string type that it may have, by its tag; zero for
	// a DirectoryString.
	kind int
	// longest is its upper bound in characters.
	longest int
}

// ubName is ub-name of RFC 5280 appendix A, the largest bound of all. It applies if there is
// no other.
const ubName = 32768

// attributes are those of RFC 4514 section 3 and, of the others, those that OpenSSL 3 has
// names for and that certificates contain. Windows' certreq writes E, S, T and G. The string
// types and bounds are from RFC 5280 appendix A; the bounds of STREET, postalCode,
// businessCategory and description from X.520 (2001), that of UID from RFC 1274 section
// 9.3.1, that of DC from RFC 1034 section 3.1.
var attributes = []attribute{
	{[]string{"CN", "commonName"}, asn1.ObjectIdentifier{2, 5, 4, 3}, 0, 64},
	{[]string{"C", "countryName"}, asn1.ObjectIdentifier{2, 5, 4, 6}, asn1.TagPrintableString, 2},
	{[]string{"ST", "stateOrProvinceName", "S"}, asn1.ObjectIdentifier{2, 5, 4, 8}, 0, 128},
	{[]string{"L", "localityName"}, asn1.ObjectIdentifier{2, 5, 4, 7}, 0, 128},
	{[]string{"O", "organizationName"}, asn1.ObjectIdentifier{2, 5, 4, 10}, 0, 64},
	{[]string{"OU", "organizationalUnitName"}, asn1.ObjectIdentifier{2, 5, 4, 11}, 0, 64},
	{[]string{"STREET", "streetAddress"}, asn1.ObjectIdentifier{2, 5, 4, 9}, 0, 128},
	{[]string{"DC", "domainComponent"}, asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, asn1.TagIA5String, 63},
	{[]string{"UID", "userId"}, asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, 0, 256},
	{[]string{"emailAddress", "E", "email"}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, asn1.TagIA5String, 255},
	{[]string{"serialNumber"}, asn1.ObjectIdentifier{2, 5, 4, 5}, asn1.TagPrintableString, 64},
	{[]string{"SN", "surname"}, asn1.ObjectIdentifier{2, 5, 4, 4}, 0, ubName},
	{[]string{"GN", "givenName", "G"}, asn1.ObjectIdentifier{2, 5, 4, 42}, 0, ubName},
	{[]string{"initials"}, asn1.ObjectIdentifier{2, 5, 4, 43}, 0, ubName},
	{[]string{"generationQualifier"}, asn1.ObjectIdentifier{2, 5, 4, 44}, 0, ubName},
	{[]string{"name"}, asn1.ObjectIdentifier{2, 5, 4, 41}, 0, ubName},
	{[]string{"title", "T"}, asn1.ObjectIdentifier{2, 5, 4, 12}, 0, 64},
	{[]string{"pseudonym"}, asn1.ObjectIdentifier{2, 5, 4, 65}, 0, 128},
	{[]string{"dnQualifier"}, asn1.ObjectIdentifier{2, 5, 4, 46}, asn1.TagPrintableString, ubName},
	{[]string{"postalCode"}, asn1.ObjectIdentifier{2, 5, 4, 17}, 0, 40},
	{[]string{"organizationIdentifier"}, asn1.ObjectIdentifier{2, 5, 4, 97}, 0, ubName},
	{[]string{"businessCategory"}, asn1.ObjectIdentifier{2, 5, 4, 15}, 0, 128},
	{[]string{"description"}, asn1.ObjectIdentifier{2, 5, 4, 13}, 0, 1024},
}

// attributeNamed finds an attribute by one of its names or by its dotted OID.
func attributeNamed(name string) (attribute, error) {
	for _, known := range attributes {
		for _, spelling := range known.names {
			if strings.EqualFold(spelling, name) {
				return known, nil
			}
		}
	}
	if oid, ok := parseOID(name); ok {
		return attributeOf(oid), nil
	}
	var all []string
	for _, known := range attributes {
		all = append(all, known.names[0])
	}
	return attribute{}, fmt.Errorf("no such attribute; use one of %s, or a dotted number such as 2.5.4.3", strings.Join(all, ", "))
}

// parseOID reads a dotted OID. A number that encoding/asn1 could not read again makes it
// invalid.
func parseOID(text string) (asn1.ObjectIdentifier, bool) {
	if _, err := x509.ParseOID(text); err != nil {
		return nil, false
	}
	oid, err := pki.ParseObjectIdentifier(text)
	if err != nil {
		return nil, false
	}
	der, err := asn1.Marshal(oid)
	if err != nil {
		return nil, false
	}
	_, err = asn1.Unmarshal(der, &oid)
	return oid, err == nil
}

// attributeOf finds an attribute by its OID. One without a name gets no name.
func attributeOf(oid asn1.ObjectIdentifier) attribute {
	for _, known := range attributes {
		if known.oid.Equal(oid) {
			return known
		}
	}
	return attribute{oid: oid, longest: ubName}
}
