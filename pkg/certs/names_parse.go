package certs

import (
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
)

// parseDNS checks a host name according to RFC 1123 section 2.1 and RFC 5280, or a wildcard
// according to RFC 6125 section 6.4.3.
func parseDNS(text string) (string, error) {
	if _, err := netip.ParseAddr(text); err == nil {
		return "", fmt.Errorf("it is an IP address; specify it as one")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) {
		return "", fmt.Errorf(`write it in its ASCII form, which begins with "xn--"`)
	}
	if len(text) > 253 {
		return "", fmt.Errorf("it has %d characters; the maximum is 253", len(text))
	}
	labels := strings.Split(text, ".")
	if labels[0] == "*" {
		if labels = labels[1:]; len(labels) == 0 {
			return "", fmt.Errorf("a wildcard must stand for one label of a domain, as in *.example.org")
		}
	}
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	return text, nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return fmt.Errorf("a label between two dots, or before or after a dot, is empty; remove that dot")
	case len(label) > 63:
		return fmt.Errorf("%q has %d characters; the maximum between two dots is 63", label, len(label))
	case strings.Contains(label, "*"):
		return fmt.Errorf(`"*" may only stand alone before the first dot`)
	case strings.HasPrefix(label, "-"), strings.HasSuffix(label, "-"):
		return fmt.Errorf("%q may not begin or end with a hyphen", label)
	case strings.ContainsFunc(label, func(r rune) bool { return !isLetterOrDigit(r) && r != '-' }):
		return fmt.Errorf("%q may have only letters, digits and hyphens", label)
	}
	return nil
}

func isLetterOrDigit(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func parseIP(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	switch {
	case err != nil && strings.Contains(text, "/"):
		return ip, fmt.Errorf("it is a network; specify single addresses")
	case err != nil:
		return ip, fmt.Errorf("it is not an IP address, such as 192.0.2.7 or 2001:db8::7")
	case ip.Zone() != "":
		return ip, fmt.Errorf("an address in a certificate has no zone; omit %q", "%"+ip.Zone())
	}
	return ip.Unmap(), nil
}

// parseEmail checks an address according to RFC 5280: the Mailbox of RFC 2821, without
// quotes.
func parseEmail(text string) (string, error) {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text {
		return "", fmt.Errorf("write it as name@example.org, without a display name, brackets or quotes")
	}
	local, domain := text[:strings.LastIndexByte(text, '@')], text[strings.LastIndexByte(text, '@')+1:]
	if len(local) > 64 || strings.ContainsFunc(local, func(r rune) bool { return r > '~' }) {
		return "", fmt.Errorf(`the part before "@" must be at most 64 characters, all ASCII`)
	}
	if strings.Contains(domain, "*") {
		return "", fmt.Errorf(`it must not contain "*"`)
	}
	_, err = parseDNS(domain)
	return text, err
}

// parseURI checks that a URI is absolute, and that crypto/x509 can read it again.
func parseURI(text string) (*url.URL, error) {
	uri, err := url.Parse(text)
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, fmt.Errorf("it may have only ASCII characters and no spaces; escape others with %%")
	case err != nil, uri.String() != text:
		return nil, fmt.Errorf("it is not a URI, such as https://example.org/a or urn:oid:1.2.3")
	case uri.Scheme == "" || uri.Opaque+uri.Host+uri.Path == "":
		return nil, fmt.Errorf("it is not absolute; begin it with a scheme, as in https://example.org/a")
	case uri.Host == "":
		return uri, nil
	}
	if _, err := netip.ParseAddr(uri.Hostname()); err == nil {
		return uri, nil
	}
	if _, err := parseDNS(uri.Hostname()); err != nil {
		return nil, fmt.Errorf("its host %q: %w", uri.Hostname(), err)
	}
	return uri, nil
}
