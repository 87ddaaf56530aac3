package certs

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// Names are a certificate's subject alternative names (RFC 5280 section 4.2.1.6): the names
// by which machines identify its holder.
type Names struct {
	// DNS are host names in ASCII. The left-most label may be "*".
	DNS []string
	// IPs are addresses without a zone. None is an IPv4 address in IPv6 form.
	IPs []netip.Addr
	// Emails are bare addresses: no display name.
	Emails []string
	// URIs are absolute.
	URIs []*url.URL
}

// ParseNames checks names. It keeps their order and drops duplicates. Errors
// name the one that is wrong.
func ParseNames(dns, ips, emails, uris []string) (Names, error) {
	var names Names
	var err error
	if names.DNS, err = parseAll("DNS name", dns, parseDNS, strings.ToLower); err != nil {
		return Names{}, err
	}
	if names.IPs, err = parseAll("IP address", ips, parseIP, netip.Addr.String); err != nil {
		return Names{}, err
	}
	if names.Emails, err = parseAll("e-mail address", emails, parseEmail, strings.Clone); err != nil {
		return Names{}, err
	}
	if names.URIs, err = parseAll("URI", uris, parseURI, (*url.URL).String); err != nil {
		return Names{}, err
	}
	return names, nil
}

// parseAll reads names of one kind. Those with the same key are the same.
func parseAll[T any](kind string, texts []string, parse func(string) (T, error), key func(T) string) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for _, text := range texts {
		name, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", kind, text, err)
		}
		if k := key(name); !seen[k] {
			seen[k] = true
			all = append(all, name)
		}
	}
	return all, nil
}

func (n Names) empty() bool {
	return len(n.DNS)+len(n.IPs)+len(n.Emails)+len(n.URIs) == 0
}

// general returns the names as cert-manager encodes them.
func (n Names) general() pki.GeneralNames {
	general := pki.GeneralNames{
		DNSNames: n.DNS, RFC822Names: n.Emails,
		UniformResourceIdentifiers: pki.URLsToString(n.URIs),
	}
	for _, ip := range n.IPs {
		general.IPAddresses = append(general.IPAddresses, net.IP(ip.AsSlice()))
	}
	return general
}
