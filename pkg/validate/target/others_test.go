package target

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/examples"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestOthersAreLeftAlone: nothing is created in the namespaces of other tenants, and
// no Secret of theirs is read, unless the user names one.
func TestOthersAreLeftAlone(t *testing.T) {
	data, err := examples.Open("healthy")
	if err != nil {
		t.Fatal(err)
	}
	snap, err := file.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	chosen, _ := tenant.Find(tenant.Discover(snap), "bhs")
	for _, named := range []string{"", "orthanc-web"} {
		o := &validateOptions{via: viaAddress, others: otherTenants{secret: named}}
		others := o.describeOthers(t.Context(), snap, chosen)
		if len(others) == 0 {
			t.Fatal("there is no other tenant")
		}
		for _, other := range others {
			if other.Client != nil {
				t.Errorf("a certificate of %s would be issued", other.Tenant)
			}
			if other.Login.Given() || (other.FetchLogin != nil) != (named != "") {
				t.Errorf("with %q %s is asked with a password: %v", named, other.Tenant, other.FetchLogin != nil)
			}
		}
	}
}

// ca signs client certificates.
type ca struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newCA(t *testing.T, name string) *ca {
	t.Helper()
	der, key := sign(t, name, nil)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &ca{certificate, key}
}

// sign signs a certificate, without a CA one of a CA's own.
func sign(t *testing.T, name string, by *ca, change ...func(*x509.Certificate)) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true,
	}
	for _, alter := range change {
		if alter != nil {
			alter(template)
		}
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

// files writes a client certificate and its key.
func (c *ca) files(t *testing.T, change ...func(*x509.Certificate)) clientFiles {
	t.Helper()
	der, key := sign(t, "client", c, change...)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f := clientFiles{cert: filepath.Join(t.TempDir(), "crt"), key: filepath.Join(t.TempDir(), "key")}
	for name, block := range map[string]*pem.Block{f.cert: {Type: "CERTIFICATE", Bytes: der}, f.key: {Type: "PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// TestStranger: the client that --other-cert gives is of the tenant whose CA has
// signed it, and is that tenant's client where its web asks for one.
func TestStranger(t *testing.T) {
	bhs, mhr, nobody := newCA(t, "bhs-ca"), newCA(t, "mhr-ca"), newCA(t, "other-ca")
	for _, c := range []struct {
		about  string
		of     *ca
		ca     string
		shared bool
		want   string
		client bool
		err    string
	}{
		{about: "none given"},
		{about: "of another tenant", of: mhr, want: "mhr", client: true},
		{about: "of nobody known", of: nobody, want: "another tenant"},
		{about: "of the tenant itself", of: bhs, err: "signed by the CA of bhs itself"},
		{about: "of the tenant itself, which shares its CA", of: bhs, shared: true, want: "another tenant"},
		{about: "the user's own CA", of: bhs, ca: "corporate.pem", want: "another tenant"},
	} {
		o := &validateOptions{ca: c.ca, call: &command.Call{}}
		if c.of != nil {
			o.others.client = c.of.files(t)
		}
		if err := o.readClients(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := check.Subject{Tenant: "bhs", CAs: []*x509.Certificate{bhs.certificate}, Others: []check.Subject{{Tenant: "mhr", CAs: []*x509.Certificate{mhr.certificate}}}}
		if c.shared {
			s.Others[0].CAs = s.CAs
		}
		err := o.addStranger(&s)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		got := ""
		for _, stranger := range s.OtherClients {
			got += stranger.Tenant
		}
		if got != c.want || (s.Others[0].Client != nil) != c.client {
			t.Errorf("%s: a client of %q, and mhr's own is given: %v", c.about, got, s.Others[0].Client != nil)
		}
	}
}
