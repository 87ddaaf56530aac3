package validate

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

// TestReadFiles reads the certificates of all flags, and checks that an error names the flag of
// a certificate that no server could accept.
func TestReadFiles(t *testing.T) {
	ca, dir := peers.Issue(t, nil, "bhs-ca", nil), t.TempDir()
	caFile, _ := ca.Write(t, dir, "ca")
	valid := peers.Issue(t, ca, "valid", nil)
	expired := peers.Issue(t, ca, "expired", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) })
	validFile, validKey := valid.Write(t, dir, "valid")
	expiredFile, expiredKey := expired.Write(t, dir, "expired")
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keystore := func(name string, of *peers.Issuer) string {
		data, err := certs.EncodePKCS12(of.Key, []*x509.Certificate{of.Certificate}, nil, "secret", false)
		if err != nil {
			t.Fatal(err)
		}
		return write(name, data)
	}
	password := command.PKCS12{File: write("password", []byte("secret\n"))}
	pem := clientFiles{cert: validFile, key: validKey}
	for _, c := range []struct {
		about         string
		client, other clientFiles
		ca            string
		err           string
	}{
		{about: "nothing"},
		{about: "PEM, another tenant's and a CA", client: pem, other: pem, ca: caFile},
		{about: "PKCS#12", client: clientFiles{p12File: keystore("valid.p12", valid), p12: password}},
		{about: "expired", client: clientFiles{cert: expiredFile, key: expiredKey}, err: "the certificate of --cert expired"},
		{about: "expired, of another tenant", client: pem, other: clientFiles{cert: expiredFile, key: expiredKey}, err: "the certificate of --other-cert expired"},
		{about: "expired, in PKCS#12", client: clientFiles{p12File: keystore("expired.p12", expired), p12: password}, err: "the certificate of --p12 expired"},
		{about: "the key of another certificate", client: clientFiles{cert: validFile, key: expiredKey}, err: "the certificate of --cert was issued for another key"},
		{about: "a CA that is no certificate", ca: validKey, err: "valid.key"},
	} {
		o := &options{call: &command.Call{}, client: c.client, others: otherTenants{client: c.other}, ca: c.ca}
		o.call.Streams.ErrOut = &bytes.Buffer{}
		var wanted target.Options
		err := o.readFiles(t.Context(), &wanted)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.about, err, c.err)
		}
		if err == nil && ((wanted.Client != nil) != c.client.given() || (wanted.OtherClient != nil) != c.other.given() || (len(wanted.CAs) > 0) != (c.ca != "")) {
			t.Errorf("%s: %+v", c.about, wanted)
		}
	}
}
