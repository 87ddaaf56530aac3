package probe

import (
	"crypto/tls"
	"net"
	"strconv"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
)

// endpointAt is an endpoint at an address of this machine.
func endpointAt(t *testing.T, address, serverName string) trust.Endpoint {
	t.Helper()
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return trust.Endpoint{Address: host, Port: port, ServerName: serverName}
}

// TestObserve checks that the results have the order of the endpoints, and that an endpoint
// without a certificate has an error while the others are observed.
func TestObserve(t *testing.T) {
	certificate := selfSigned(t, "bhs")
	serve := func(config *tls.Config) string {
		config.Certificates = []tls.Certificate{certificate}
		return listen(t, func(conn net.Conn) { _ = tls.Server(conn, config).Handshake() })
	}
	open, mutual := serve(&tls.Config{}), serve(&tls.Config{ClientAuth: tls.RequireAnyClientCert})
	closed := listen(t, func(net.Conn) {})
	endpoints := []trust.Endpoint{endpointAt(t, open, "bhs"), endpointAt(t, closed, "bhs"), endpointAt(t, mutual, "bhs")}
	for range observeAtOnce {
		endpoints = append(endpoints, endpoints[0])
	}
	seen := Observe(t.Context(), endpoints)
	if len(seen) != len(endpoints) {
		t.Fatalf("%d observations of %d endpoints", len(seen), len(endpoints))
	}
	for i, o := range seen {
		presents, requirement := i != 1, i == 2
		if o.Endpoint != endpoints[i] || (o.Err == nil) != presents || o.AsksClient != requirement || presents != (len(o.Chain) == 1 && o.Chain[0].Equal(certificate.Leaf)) {
			t.Errorf("%d: %+v", i, o)
		}
	}
}
