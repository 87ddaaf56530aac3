package render

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// servedWord describes whether the served certificate is the stored one: in one word, or in
// several if addresses differ.
func servedWord(e trust.Entry) string {
	var words []string
	for _, s := range e.Served {
		word := strings.ToLower(string(s.Match))
		if s.Match == trust.Unclear {
			word = unseen
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return orNone(words)
}

// servedLines list where the served certificate is not the stored one, and why.
func servedLines(entries []trust.Entry) []string {
	var lines []string
	for _, e := range entries {
		for _, s := range e.Served {
			if s.Match == trust.Same {
				continue
			}
			lines = append(lines, fmt.Sprintf("%s, %s at %s: %s", e.Tenant, certificateName(e), hostPort(s.Address, s.Port), s.Detail))
		}
	}
	return lines
}

// hostPort writes an address and its port, IPv6 in brackets (RFC 3986, section
// 3.2.2).
func hostPort(address string, port int64) string {
	if ip, err := netip.ParseAddr(address); err == nil && ip.Is6() {
		address = "[" + address + "]"
	}
	return fmt.Sprintf("%s:%d", address, port)
}

// unreadOf lists what could not be read, each once.
func unreadOf(entries []trust.Entry) []string {
	var all []snapshot.Failure
	var lines []string
	for _, e := range entries {
		for _, why := range e.Unknown {
			if !slices.Contains(all, why) {
				all = append(all, why)
				lines = append(lines, why.String())
			}
		}
	}
	return lines
}
