package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
)

// oidSAN is id-ce-subjectAltName (RFC 5280 section 4.2.1.6).
var oidSAN = asn1.ObjectIdentifier{2, 5, 29, 17}

// nameKinds are the kinds of a GeneralName by their tag (RFC 5280 section
// 4.2.1.6).
var nameKinds = []string{"otherName", "rfc822Name", "dNSName", "x400Address", "directoryName",
	"ediPartyName", "uniformResourceIdentifier", "iPAddress", "registeredID"}

// extension finds an extension by its OID. crypto/x509 refuses duplicates.
func extension(all []pkix.Extension, oid asn1.ObjectIdentifier) *pkix.Extension {
	for i := range all {
		if all[i].Id.Equal(oid) {
			return &all[i]
		}
	}
	return nil
}

// requestedNames reads and checks the names of a request from their encoding,
// since crypto/x509 leaves out in silence those of a kind it doesn't know.
func requestedNames(request *x509.CertificateRequest) (Names, error) {
	san := extension(request.Extensions, oidSAN)
	if san == nil {
		return Names{}, nil
	}
	names, err := parseSAN(san.Value)
	if err != nil {
		return Names{}, err
	}
	if names.empty() {
		return Names{}, errors.New("its list of names is empty; omit the list, or add a name")
	}
	return names, nil
}

func parseSAN(der []byte) (Names, error) {
	var raw []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &raw); err != nil || len(rest) > 0 {
		return Names{}, errors.New("its list of names is damaged; create it again")
	}
	var dns, ips, emails, uris []string
	for _, name := range raw {
		text := string(name.Bytes)
		switch {
		case name.Class != asn1.ClassContextSpecific || name.Tag >= len(nameKinds):
			return Names{}, errors.New("its list of names is damaged; create it again")
		case nameKinds[name.Tag] == "rfc822Name":
			emails = append(emails, text)
		case nameKinds[name.Tag] == "dNSName":
			dns = append(dns, text)
		case nameKinds[name.Tag] == "uniformResourceIdentifier":
			uris = append(uris, text)
		case nameKinds[name.Tag] == "iPAddress":
			ips = append(ips, net.IP(name.Bytes).String())
		default:
			return Names{}, fmt.Errorf("it has a name of the kind %s, which can't be checked; omit it", nameKinds[name.Tag])
		}
	}
	return ParseNames(dns, ips, emails, uris)
}
