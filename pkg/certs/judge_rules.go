package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/duration"
)

// ofDates judges the dates of a certificate and of the CAs above it.
func (p Presented) ofDates(up path) []Fault {
	var faults []Fault
	for i, c := range up.certificates {
		late, early := IntermediateExpired, IntermediateNotYetValid
		switch {
		case i == 0:
			late, early = Expired, NotYetValid
		case up.anchored && i == len(up.certificates)-1:
			late, early = CAExpired, CANotYetValid
		}
		f := Fault{Of: c, leaf: i == 0}
		switch {
		case !p.Now.Before(c.NotAfter):
			f.Kind, f.text = late, fmt.Sprintf("expired %s ago, at %s", duration.HumanDuration(p.Now.Sub(c.NotAfter)), moment(c.NotAfter))
		case p.Now.Before(c.NotBefore):
			f.Kind, f.text = early, fmt.Sprintf("is not yet valid: it becomes valid in %s, at %s", duration.HumanDuration(c.NotBefore.Sub(p.Now)), moment(c.NotBefore))
		default:
			continue
		}
		faults = append(faults, f)
	}
	return faults
}

// ofHost judges the names of a server's certificate.
func (p Presented) ofHost() []Fault {
	c := p.Chain[0]
	if p.Host == "" || c.VerifyHostname(p.Host) == nil {
		return nil
	}
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	switch {
	case len(names) > 0:
		return []Fault{p.fault(WrongHost, fmt.Sprintf("is not for %s: it is for %s", p.Host, strings.Join(names, ", ")))}
	case c.Subject.CommonName != "":
		return []Fault{p.fault(NoNames, fmt.Sprintf("has the server's name in the common name only (%s) and no subject alternative names: current browsers and other clients ignore the common name", c.Subject.CommonName))}
	}
	return []Fault{p.fault(NoNames, "has no server name: it has neither subject alternative names nor a common name")}
}

// purpose is the extended key usage of a role.
func (r Role) purpose() x509.ExtKeyUsage {
	if r == Server {
		return x509.ExtKeyUsageServerAuth
	}
	return x509.ExtKeyUsageClientAuth
}

// String is the purpose's name in RFC 5280, section 4.2.1.12.
func (r Role) String() string {
	if r == Server {
		return "serverAuth"
	}
	return "clientAuth"
}

// ofUsage checks a certificate against the requirements of BoringSSL and OpenSSL in a TLS
// handshake (crypto/x509/v3_purp.cc, check_purpose_ssl_client and _server): the purpose among
// the extended key usages if there are any, and a key usage that allows a handshake if key
// usages are limited. A CA's extended key usages limit what is below it.
func (p Presented) ofUsage(up path) []Fault {
	var faults []Fault
	for i, c := range up.certificates {
		if !AllowsUsage(c, p.Role.purpose()) {
			faults = append(faults, Fault{Kind: WrongUsage, Of: c, leaf: i == 0, text: fmt.Sprintf("may not be used for a TLS %s: its extended key usage has no %s", p.Role.owner(), p.Role)})
		}
	}
	may := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement
	if p.Role == Server {
		may |= x509.KeyUsageKeyEncipherment
	}
	if usage := p.Chain[0].KeyUsage; usage != 0 && usage&may == 0 {
		faults = append(faults, p.fault(WrongUsage, "may not be used in a TLS handshake: its key usage has no digitalSignature"))
	}
	return faults
}

func (r Role) owner() string {
	if r == Server {
		return "server"
	}
	return "client"
}

// AllowsUsage reports whether a certificate may be used for a purpose. One that names no
// purposes may be used for all (RFC 5280, section 4.2.1.12).
func AllowsUsage(c *x509.Certificate, purpose x509.ExtKeyUsage) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, purpose) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// ofCAs judges whether the CAs of a path may sign what is below them (RFC 5280,
// section 6.1.4).
func ofCAs(up path) []Fault {
	var faults []Fault
	below := 0 // CAs between this one and the certificate that issued themselves no certificate
	for _, c := range up.certificates[1:] {
		switch {
		case !c.IsCA || !c.BasicConstraintsValid:
			faults = append(faults, Fault{Kind: NotCA, Of: c, text: "signed a certificate, but is not a CA certificate (no CA:TRUE in its basic constraints)"})
		case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
			faults = append(faults, Fault{Kind: NotCA, Of: c, text: "signed a certificate, but its key usage has no keyCertSign"})
		}
		if limited := c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero; c.BasicConstraintsValid && limited && below > c.MaxPathLen {
			faults = append(faults, Fault{Kind: PathTooLong, Of: c, text: fmt.Sprintf("allows %d CAs below it (path length), but there are %d", c.MaxPathLen, below)})
		}
		if name, outside := constrained(up.certificates[0], c); outside {
			faults = append(faults, Fault{Kind: NameConstrained, Of: c, text: "does not allow the name " + name + " (name constraints)"})
		}
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			below++
		}
	}
	return faults
}

// constrained finds the first DNS name or address of a certificate that a CA does
// not allow (RFC 5280, section 4.2.1.10).
func constrained(leaf, ca *x509.Certificate) (name string, outside bool) {
	for _, name := range leaf.DNSNames {
		within := func(domain string) bool { return inDomain(name, domain) }
		if len(ca.PermittedDNSDomains) > 0 && !slices.ContainsFunc(ca.PermittedDNSDomains, within) || slices.ContainsFunc(ca.ExcludedDNSDomains, within) {
			return name, true
		}
	}
	for _, ip := range leaf.IPAddresses {
		within := func(network *net.IPNet) bool { return network.Contains(ip) }
		if len(ca.PermittedIPRanges) > 0 && !slices.ContainsFunc(ca.PermittedIPRanges, within) || slices.ContainsFunc(ca.ExcludedIPRanges, within) {
			return ip.String(), true
		}
	}
	return "", false
}

// inDomain reports whether a name is in a domain of name constraints; one with a leading dot
// contains only the names below it.
func inDomain(name, domain string) bool {
	name, domain = strings.ToLower(name), strings.ToLower(domain)
	if below, ok := strings.CutPrefix(domain, "."); ok {
		return strings.HasSuffix(name, "."+below)
	}
	return domain == "" || name == domain || strings.HasSuffix(name, "."+domain)
}

// ofStrength judges keys and signatures (RFC 9325, sections 4.5 and 4.6, which DICOM's
// secure transport profiles refer to). A trusted CA's own signature is not checked.
func ofStrength(up path) []Fault {
	var faults []Fault
	for i, c := range up.certificates {
		if anchor := up.anchored && i == len(up.certificates)-1; WeakDigest(c) && (!anchor || i == 0) && !isRoot(c) {
			faults = append(faults, Fault{Kind: WeakSignature, Of: c, leaf: i == 0, text: fmt.Sprintf("is signed with a broken digest: %s", c.SignatureAlgorithm)})
		}
		if key := weakKey(c); key != "" {
			faults = append(faults, Fault{Kind: WeakKey, Of: c, leaf: i == 0, text: "has a key that is too weak: " + key + "; RSA with at least 2048 bits or P-256 is required"})
		}
	}
	return faults
}

// WeakDigest reports whether a certificate is signed with a digest for which collisions can
// be computed.
func WeakDigest(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// weakKey describes a certificate's key if it is too short.
func weakKey(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < 2048 {
			return fmt.Sprintf("%d-bit RSA", bits)
		}
	case *ecdsa.PublicKey:
		if bits := key.Params().BitSize; bits < 224 {
			return fmt.Sprintf("%d-bit ECDSA", bits)
		}
	}
	return ""
}
