package target

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// clientBy is a client's certificate from a CA, with a key.
func clientBy(t *testing.T, ca *peers.Issuer, change func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	client := peers.Issue(t, ca, "client", change)
	pair, err := certs.KeyPair([]*x509.Certificate{client.Certificate}, client.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// bhsWithMHR is a tenant with its CA, and another tenant with its own.
func bhsWithMHR(bhs, mhr *peers.Issuer) check.Subject {
	return check.Subject{
		Tenant: "bhs", CAs: []*x509.Certificate{bhs.Certificate},
		Others: []check.Subject{{Tenant: "mhr", CAs: []*x509.Certificate{mhr.Certificate}}},
	}
}

// TestClientIsJudgedFirst checks that a certificate that no server could accept is an error,
// and that one that only the server can judge is a warning.
func TestClientIsJudgedFirst(t *testing.T) {
	bhs, mhr, unknown := peers.Issue(t, nil, "bhs-ca", nil), peers.Issue(t, nil, "mhr-ca", nil), peers.Issue(t, nil, "other-ca", nil)
	hourAgo := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		about    string
		of       *peers.Issuer
		change   func(*x509.Certificate)
		otherKey bool
		cas      []*x509.Certificate
		err      string
		warning  string
	}{
		{about: "the tenant's", of: bhs},
		{about: "the key of another one", of: bhs, otherKey: true, err: "the certificate of --cert was issued for another key"},
		{about: "expired", of: bhs, change: func(c *x509.Certificate) { c.NotBefore, c.NotAfter = hourAgo.Add(-time.Hour), hourAgo }, err: "the certificate of --cert expired 60m ago"},
		{about: "a server's", of: bhs, change: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, err: "has no clientAuth"},
		{about: "not yet valid", of: bhs, change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(10 * time.Minute) }, warning: "is not yet valid"},
		{about: "of another tenant", of: mhr, warning: "the client certificate was signed by the CA of tenant mhr"},
		{about: "of a CA that is not known", of: unknown, warning: "the client certificate was signed by CN=other-ca"},
		{about: "of a CA that is not known, with CAs of the user", of: unknown, cas: []*x509.Certificate{mhr.Certificate}},
	} {
		t.Run(c.about, func(t *testing.T) {
			client, now := clientBy(t, c.of, c.change), time.Now()
			if c.otherKey {
				client.PrivateKey = mhr.Key
			}
			err := CheckClient(client, "the certificate of --cert", now)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("%v, not %q", err, c.err)
			}
			if err != nil {
				return
			}
			d := &describer{Options: Options{Client: client, CAs: c.cas}, snap: snapshot.NewBuilder().Build(snapshot.Meta{At: now})}
			faults := strings.Join(d.clientFaults(bhsWithMHR(bhs, mhr)), "\n")
			if !strings.Contains(faults, c.warning) || (faults == "") != (c.warning == "") {
				t.Errorf("%q, not %q", faults, c.warning)
			}
		})
	}
}
