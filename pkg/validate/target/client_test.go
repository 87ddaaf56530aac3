package target

import (
	"bytes"
	"crypto/x509"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestClientIsJudgedFirst: a certificate that no server could accept ends the command
// before a cluster is read, and one that the server is to judge is warned of.
func TestClientIsJudgedFirst(t *testing.T) {
	bhs, mhr, nobody := newCA(t, "bhs-ca"), newCA(t, "mhr-ca"), newCA(t, "other-ca")
	hourAgo := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		about    string
		of       *ca
		change   func(*x509.Certificate)
		otherKey bool
		ca, err  string
		warnings []string
	}{
		{about: "the tenant's", of: bhs},
		{about: "the key of another one", of: bhs, otherKey: true, err: "the certificate of --cert was issued for another key"},
		{about: "expired", of: bhs, change: func(c *x509.Certificate) { c.NotBefore, c.NotAfter = hourAgo.Add(-time.Hour), hourAgo }, err: "the certificate of --cert expired 60m ago"},
		{about: "a server's", of: bhs, change: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, err: "has no clientAuth"},
		{about: "not yet valid", of: bhs, change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(10 * time.Minute) }, warnings: []string{"is not yet valid"}},
		{about: "of another tenant", of: mhr, warnings: []string{"the client certificate was signed by the CA of tenant mhr"}},
		{about: "of nobody known", of: nobody, warnings: []string{"the client certificate was signed by CN=other-ca"}},
		{about: "of nobody known, with --ca", of: nobody, ca: "corporate.pem"},
	} {
		t.Run(c.about, func(t *testing.T) {
			var told bytes.Buffer
			o := &validateOptions{ca: c.ca, call: &command.Call{}, client: c.of.files(t, c.change)}
			o.call.Streams.ErrOut = &told
			if c.otherKey {
				o.client.key = bhs.files(t).key
			}
			err := o.readClients(t.Context())
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("%v, not %q", err, c.err)
			}
			if err != nil {
				return
			}
			s := check.Subject{Tenant: "bhs", CAs: []*x509.Certificate{bhs.certificate}, Others: []check.Subject{{Tenant: "mhr", CAs: []*x509.Certificate{mhr.certificate}}}}
			o.warnOfClient(&s, time.Now())
			if len(s.ClientFaults) != len(c.warnings) {
				t.Fatalf("%q, not %q", s.ClientFaults, c.warnings)
			}
			for i, want := range c.warnings {
				if !strings.Contains(s.ClientFaults[i], want) || !strings.Contains(told.String(), "Warning: "+s.ClientFaults[i]) {
					t.Errorf("%q, told %q", s.ClientFaults, told.String())
				}
			}
		})
	}
}

// TestClientInPKCS12: a PKCS#12 file is judged as well.
func TestClientInPKCS12(t *testing.T) {
	f := newCA(t, "bhs-ca").files(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) })
	chain, _, err := command.ReadCertificates(t.Context(), &command.Call{}, f.cert, &command.PKCS12{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := command.ReadKey(f.key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := certs.EncodePKCS12(key, chain, nil, "secret", false)
	if err != nil {
		t.Fatal(err)
	}
	name, password := f.cert+".p12", f.cert+".password"
	for file, content := range map[string][]byte{name: data, password: []byte("secret\n")} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := &validateOptions{call: &command.Call{}, client: clientFiles{p12File: name, p12: command.PKCS12{File: password}}}
	o.call.Streams.ErrOut = &bytes.Buffer{}
	if err := o.readClients(t.Context()); err == nil || !strings.Contains(err.Error(), "the certificate of --p12 expired") {
		t.Error(err)
	}
}
