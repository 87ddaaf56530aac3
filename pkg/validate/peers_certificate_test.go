//go:build peers

package validate

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

const certificateHost = "web.bhs.example.com"

// servedCertificate is a certificate that openssl s_server serves.
type servedCertificate struct {
	about string
	// make creates the server's certificate and the certificates that are sent with it.
	make func(t *testing.T, ca *peers.Issuer) *peers.Issuer
	// trust replaces the tenant's CA, unless nil.
	trust   func(t *testing.T, ca *peers.Issuer) *peers.Issuer
	code    finding.Code
	message string
	// client is the result of openssl. If laxer is true, it accepts the certificate, and
	// crypto/tls, which is as strict as BoringSSL here, does not.
	client string
	laxer  bool
	// level makes s_client accept weak signatures and keys, to show that it rejects them
	// because of their weakness.
	level bool
}

func ca(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.ExtKeyUsage, c.DNSNames, c.IPAddresses = true, x509.KeyUsageCertSign, nil, nil, nil
}

// changed issues a server's certificate with a change.
func changed(change func(*x509.Certificate)) func(*testing.T, *peers.Issuer) *peers.Issuer {
	return func(t *testing.T, by *peers.Issuer) *peers.Issuer {
		return peers.Issue(t, by, certificateHost, change)
	}
}

// through issues a certificate below an intermediate CA with a change.
func through(change func(*x509.Certificate)) func(*testing.T, *peers.Issuer) *peers.Issuer {
	return func(t *testing.T, by *peers.Issuer) *peers.Issuer {
		return peers.Issue(t, peers.Issue(t, by, "below", func(c *x509.Certificate) {
			ca(c)
			change(c)
		}), certificateHost, nil)
	}
}

func unchanged(*x509.Certificate) {}

var servedCertificates = []servedCertificate{
	{about: "good", make: changed(unchanged)},
	{about: "good, through an intermediate CA", make: through(unchanged)},
	{about: "expired", make: changed(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-30 * time.Minute) }),
		code: check.CodeServerExpired, message: "expired 30m ago", client: "certificate has expired"},
	{about: "not yet valid", make: changed(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }),
		code: check.CodeServerExpired, message: "not yet valid", client: "certificate is not yet valid"},
	{about: "another host", make: changed(func(c *x509.Certificate) { c.DNSNames = []string{"web.mhr.example.com"} }),
		code: check.CodeServerName, message: "is not for " + certificateHost, client: "hostname mismatch"},
	// OpenSSL reads the common name if there are no subject alternative names.
	{about: "common name only", make: changed(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }),
		code: check.CodeServerNoNames, message: "common name only", laxer: true},
	{about: "for clients", make: changed(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
		code: check.CodeServerUsage, message: "no serverAuth", client: "unsuitable certificate purpose"},
	{about: "intermediate missing", make: func(t *testing.T, by *peers.Issuer) *peers.Issuer {
		made := through(unchanged)(t, by)
		made.Above = nil
		return made
	}, code: check.CodeServerIssuerMissing, message: "signed by CN=below, which is neither in the chain", client: "unable to get local issuer certificate"},
	{about: "intermediate expired", make: through(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-30 * time.Minute) }),
		code: check.CodeIntermediateDates, message: "CN=below in the chain expired", client: "certificate has expired"},
	{about: "intermediate not yet valid", make: through(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }),
		code: check.CodeIntermediateDates, message: "CN=below in the chain is not yet valid", client: "certificate is not yet valid"},
	{about: "path too long", trust: func(t *testing.T, _ *peers.Issuer) *peers.Issuer {
		return peers.Issue(t, nil, "bhs-ca", func(c *x509.Certificate) { c.MaxPathLenZero = true })
	}, make: through(unchanged), code: check.CodePathTooLong, message: "allows 0 CAs below it", client: "path length constraint exceeded"},
	{about: "an intermediate that is no CA", make: through(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature }),
		code: check.CodeNotCA, message: "CN=below in the chain signed a certificate, but is not a CA certificate", client: "invalid CA certificate"},
	{about: "name constraints", make: through(func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"other.example.com"}
	}), code: check.CodeServerRule, message: "does not allow the name " + certificateHost, client: "permitted subtree violation"},
	{about: "SHA-1", make: withRSA(2048, x509.SHA1WithRSA), code: check.CodeServerWeak, message: "broken digest: SHA1-RSA", client: "CA signature digest algorithm too weak", level: true},
	{about: "RSA of 1024 bits", make: withRSA(1024, x509.SHA256WithRSA), code: check.CodeServerWeak, message: "1024-bit RSA", client: "key too weak", level: true},
	{about: "authority expired", trust: func(t *testing.T, _ *peers.Issuer) *peers.Issuer {
		return peers.Issue(t, nil, "bhs-ca", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	}, make: changed(unchanged), code: check.CodeCAExpired, message: "the CA CN=bhs-ca expired", client: "certificate has expired"},
	{about: "same name, another key", make: func(t *testing.T, _ *peers.Issuer) *peers.Issuer {
		return peers.Issue(t, peers.Issue(t, nil, "bhs-ca", nil), certificateHost, nil)
	}, code: check.CodeServerOtherKey, message: "with another key", client: "unable to get local issuer certificate"},
	{about: "unknown CA", make: func(t *testing.T, _ *peers.Issuer) *peers.Issuer {
		return through(unchanged)(t, peers.Issue(t, nil, "Public Root", nil))
	}, code: check.CodeServerUntrusted, message: "its chain ends at CN=Public Root", client: "unable to get"},
	{about: "self-signed", make: func(t *testing.T, _ *peers.Issuer) *peers.Issuer {
		return peers.Issue(t, nil, certificateHost, func(c *x509.Certificate) { c.DNSNames = []string{certificateHost} })
	}, code: check.CodeServerUntrusted, message: "is self-signed", client: "self-signed certificate"},
}

// withRSA issues a certificate with an RSA key, by an RSA CA if the digest requires one.
func withRSA(bits int, digest x509.SignatureAlgorithm) func(*testing.T, *peers.Issuer) *peers.Issuer {
	return func(t *testing.T, by *peers.Issuer) *peers.Issuer {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return peers.IssueFor(t, key, by, certificateHost, func(c *x509.Certificate) { c.SignatureAlgorithm = digest })
	}
}

// TestPeersCertificate serves each certificate with openssl s_server, and requires that openssl
// s_client and the check agree on whether it is accepted.
func TestPeersCertificate(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	root := peers.IssueFor(t, rsaKey, nil, "bhs-ca", nil)
	for _, c := range servedCertificates {
		t.Run(c.about, func(t *testing.T) {
			authority := root
			if c.trust != nil {
				authority = c.trust(t, root)
			}
			c.check(t, authority, c.make(t, authority))
		})
	}
}

func (c servedCertificate) check(t *testing.T, authority, server *peers.Issuer) {
	dir, port := t.TempDir(), peers.Port(t)
	anchor, _ := authority.Write(t, dir, "ca")
	chain, key := server.Write(t, dir, "server")
	args := []string{"s_server", "-quiet", "-accept", peers.Address(port), "-cert", chain, "-key", key, "-cipher", "DEFAULT@SECLEVEL=0"}
	if len(server.Above) > 0 { // of the file of -cert it sends only the first one
		above := peers.Issuer{Certificate: server.Above[0], Key: server.Key, Above: server.Above[1:]}
		sent, _ := above.Write(t, dir, "above")
		args = append(args, "-cert_chain", sent)
	}
	peers.Start(t, []int{port}, dir, "openssl", args...)

	reported := askOpenSSL(t, anchor, port)
	if reported.OK() != (c.code == "" || c.laxer) || !strings.Contains(reported.Text, c.client) {
		t.Errorf("openssl s_client: exit status %d, %q is not in\n%s", reported.Status, c.client, reported.Text)
	}
	if c.level && !askOpenSSL(t, anchor, port, "-cipher", "DEFAULT@SECLEVEL=0").OK() {
		t.Error("openssl refuses it for more than its weakness")
	}

	got := checkServed(t, check.Subject{Tenant: "bhs", Addresses: addresses("127.0.0.1"), CAs: []*x509.Certificate{authority.Certificate}}, port)
	want := check.Pass
	if c.code != "" {
		want = check.Fail
	}
	checktest.Expect(t, c.about, got, want, c.code, c.message)
}

// askOpenSSL connects as a client that verifies the server.
func askOpenSSL(t *testing.T, anchor string, port int, args ...string) peers.Answer {
	t.Helper()
	args = append([]string{"s_client", "-connect", peers.Address(port), "-servername", certificateHost, "-verify_hostname", certificateHost,
		"-verify_return_error", "-CAfile", anchor, "-no-CApath", "-no-CAstore"}, args...)
	return peers.Ask(t, "openssl", args...)
}

// checkServed returns the results of the checks of TLS and of the certificate.
func checkServed(t *testing.T, s check.Subject, port int) check.Check {
	t.Helper()
	p := check.Endpoint{Host: certificateHost, Port: int64(port)}
	v := &validation{options: check.Options{Now: time.Now}, subject: s}
	var seen probe.Handshake
	if tls := v.checkTLS(p, false, &seen)(t.Context()); tls.Outcome != check.Pass {
		t.Fatalf("%+v", tls)
	}
	return v.checkCertificate(p, &seen)(t.Context())
}

// TestPeersOtherTenant checks that the CA of another tenant is named if HAProxy serves that
// tenant's certificate and curl rejects it.
func TestPeersOtherTenant(t *testing.T) {
	bhs, mhr := peers.Issue(t, nil, "int-ca", nil), peers.Issue(t, nil, "int-ca", nil)
	dir, port := t.TempDir(), peers.Port(t)
	peers.Issue(t, mhr, certificateHost, nil).Write(t, dir, "server")
	peers.StartHAProxy(t, dir, "listen web\n  mode http\n  bind "+peers.Address(port)+" ssl crt server.both.pem\n  http-request return status 200\n", port)
	for _, c := range []struct {
		about   string
		trust   *peers.Issuer
		code    finding.Code
		message string
	}{
		{"the tenant's own CA", mhr, "", "signed by the tenant's CA"},
		{"another tenant's", bhs, check.CodeServerUntrusted, "was signed by the CA of tenant mhr"},
	} {
		anchor, _ := c.trust.Write(t, dir, "ca")
		reported := peers.Ask(t, "curl", "--silent", "--show-error", "--fail", "--cacert", anchor, "--resolve",
			net.JoinHostPort(certificateHost, strconv.Itoa(port))+":127.0.0.1", "https://"+net.JoinHostPort(certificateHost, strconv.Itoa(port)))
		s := check.Subject{Tenant: "bhs", Addresses: addresses("127.0.0.1"), CAs: []*x509.Certificate{c.trust.Certificate},
			Others: []check.Subject{{Tenant: "mhr", CAs: []*x509.Certificate{mhr.Certificate}}}}
		got := checkServed(t, s, port)
		if reported.OK() != (got.Outcome == check.Pass) || got.Code != c.code || !strings.Contains(got.Found, c.message) {
			t.Errorf("%s: curl %+v, the check %+v", c.about, reported, got)
		}
	}
}

// TestPeersClientCertificate checks that HAProxy, which verifies clients with OpenSSL, accepts
// with curl exactly the certificates that have no fault.
func TestPeersClientCertificate(t *testing.T) {
	trusted, other := peers.Issue(t, nil, "bhs-ca", nil), peers.Issue(t, nil, "mhr-ca", nil)
	dir, port := t.TempDir(), peers.Port(t)
	anchor, _ := trusted.Write(t, dir, "ca")
	peers.Issue(t, trusted, certificateHost, nil).Write(t, dir, "server")
	peers.StartHAProxy(t, dir, "listen web\n  mode http\n  bind "+peers.Address(port)+
		" ssl crt server.both.pem ca-file ca.pem verify required\n  http-request return status 200\n", port)
	for _, c := range []struct {
		about  string
		by     *peers.Issuer
		change func(*x509.Certificate)
		want   certs.FaultKind
	}{
		{"good", trusted, nil, ""},
		{"expired", trusted, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, certs.Expired},
		{"not yet valid", trusted, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, certs.NotYetValid},
		{"a server's", trusted, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, certs.WrongUsage},
		{"a key that may not sign", trusted, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, certs.WrongUsage},
		{"of another tenant", other, nil, certs.OtherCA},
	} {
		client := peers.Issue(t, c.by, "ct1", c.change)
		chain, key := client.Write(t, dir, "client")
		host := net.JoinHostPort(certificateHost, strconv.Itoa(port))
		reported := peers.Ask(t, "curl", "--silent", "--show-error", "--fail", "--cacert", anchor, "--cert", chain, "--key", key,
			"--resolve", host+":127.0.0.1", "https://"+host)
		faults := certs.Judge(certs.Presented{Role: certs.Client, Chain: []*x509.Certificate{client.Certificate}, Key: client.Key.Public(),
			Trusted: []*x509.Certificate{trusted.Certificate}, Others: []certs.KnownCA{{Owner: "tenant mhr", Certificate: other.Certificate}}, Now: time.Now()})
		if reported.OK() != (len(faults) == 0) || c.want != "" && (len(faults) == 0 || faults[0].Kind != c.want) || c.want == "" && len(faults) > 0 {
			t.Errorf("%s: curl %+v, faults %+v", c.about, reported, faults)
		}
	}
}
