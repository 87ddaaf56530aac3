package issue

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// issuedBy is a certificate that a CA has signed, with its key.
func issuedBy(t *testing.T, ca *peers.Issuer) Certificate {
	t.Helper()
	client := peers.Issue(t, ca, "client", nil)
	return Certificate{Key: client.Key, Chain: []*x509.Certificate{client.Certificate}, CA: []*x509.Certificate{ca.Certificate}}
}

// TestWrite checks that the requested files are written, and that only their owner can read
// files with the key.
func TestWrite(t *testing.T) {
	complete := issuedBy(t, peers.Issue(t, nil, "ca", nil))
	withoutKey, withoutCA := complete, complete
	withoutKey.Key, withoutCA.CA = nil, nil
	for _, c := range []struct {
		about       string
		certificate Certificate
		p12         bool
		want        map[string]os.FileMode
	}{
		{"everything", complete, true, map[string]os.FileMode{"bhs.client.key": 0o600, "bhs.client.crt": 0o644, "bhs.ca.crt": 0o644, "bhs.client.p12": 0o600}},
		{"no key", withoutKey, false, map[string]os.FileMode{"bhs.client.crt": 0o644, "bhs.ca.crt": 0o644}},
		{"no CA", withoutCA, false, map[string]os.FileMode{"bhs.client.key": 0o600, "bhs.client.crt": 0o644}},
	} {
		dir := t.TempDir()
		to := Destination{Dir: dir, Name: "bhs", PKCS12: c.p12}
		files, err := to.Write(c.certificate, []byte("secret"))
		if err != nil {
			t.Fatalf("%s: %v", c.about, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != len(c.want) {
			t.Errorf("%s: %v, %v", c.about, entries, err)
		}
		for name, mode := range c.want {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != mode {
				t.Errorf("%s: %v, want %s with %v", c.about, info, name, mode)
			}
		}
		if (files.Key != "") != (c.certificate.Key != nil) || (files.CA != "") != (len(c.certificate.CA) > 0) || (files.PKCS12 != "") != c.p12 || files.Certificate != filepath.Join(dir, "bhs.client.crt") {
			t.Errorf("%s: %+v", c.about, files)
		}
	}
}

// TestWriteAllOrNone checks that an existing file is replaced only if that is allowed, and that
// otherwise no file is written.
func TestWriteAllOrNone(t *testing.T) {
	dir, made := t.TempDir(), issuedBy(t, peers.Issue(t, nil, "ca", nil))
	existing := filepath.Join(dir, "bhs.ca.crt")
	if err := os.WriteFile(existing, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	to := Destination{Dir: dir, Name: "bhs"}
	var exists *atomicfile.ExistsError
	if err := to.Vacant(true); !errors.As(err, &exists) || exists.Path != existing {
		t.Errorf("vacant: %v", err)
	}
	if _, err := to.Write(made, nil); !errors.As(err, &exists) {
		t.Errorf("write: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	to.Replace = true
	if err := to.Vacant(true); err != nil {
		t.Error(err)
	}
	if _, err := to.Write(made, nil); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(existing); err != nil || bytes.Equal(text, []byte("before")) {
		t.Errorf("%q, %v", text, err)
	}
}

// TestPEM checks that the file contains the key, the certificate and its CA, in this order.
func TestPEM(t *testing.T) {
	made := issuedBy(t, peers.Issue(t, nil, "ca", nil))
	text, err := made.PEM()
	if err != nil {
		t.Fatal(err)
	}
	key, err := certs.DecodeKey(text)
	if err != nil || !key.Public().(*ecdsa.PublicKey).Equal(made.Chain[0].PublicKey) {
		t.Errorf("the key: %v", err)
	}
	found, err := certs.ParseCertificates(text)
	if err != nil || len(found) != 2 || !found[0].Equal(made.Chain[0]) || !found[1].Equal(made.CA[0]) {
		t.Errorf("%d certificates, %v", len(found), err)
	}
}
