package trust

import (
	"crypto/x509"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Endpoint is an address at which a handshake shows which certificate is served.
type Endpoint struct {
	// Address is an IP or a host name of the ingress.
	Address string
	Port    int64
	// ServerName is sent as SNI (RFC 6066, section 3); "" if the server accepts any name.
	ServerName string
	// Entry is the index of the entry that should be served there.
	Entry int
}

// Observation is the result of a handshake at an Endpoint.
type Observation struct {
	Endpoint
	// Chain is what was served, the server's own certificate first.
	Chain []*x509.Certificate
	// AsksClient: the server sent a CertificateRequest.
	AsksClient bool
	// Err is why there is no Chain.
	Err error
}

// Endpoints are the addresses to check: every ingress address of the tenant, with every
// port at which a Gateway presents the certificate, and one host name.
func Endpoints(entries []Entry, statuses []tenant.Status) []Endpoint {
	addresses := map[string][]string{}
	for _, status := range statuses {
		addresses[status.Name] = status.Addresses
	}
	var found []Endpoint
	for i, e := range entries {
		for _, use := range e.Uses {
			if !use.Mode.Terminates() {
				continue
			}
			for _, address := range addresses[e.Tenant] {
				endpoint := Endpoint{Address: address, Port: use.Port, ServerName: use.serverName(e), Entry: i}
				if !slices.Contains(found, endpoint) {
					found = append(found, endpoint)
				}
			}
		}
	}
	return found
}

// serverName is one name that the server accepts: one of its hosts, or if it accepts any, a
// matching name of the certificate.
func (u Use) serverName(e Entry) string {
	for _, host := range u.Hosts {
		if !strings.HasPrefix(host, "*") {
			return host
		}
		for _, name := range e.Names {
			if strings.HasSuffix(name, strings.TrimPrefix(host, "*")) && !strings.ContainsAny(name, "*@:/") {
				return name
			}
		}
	}
	return ""
}
