package target

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// healthy is the recorded Korthweb with two tenants.
func healthy(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	snap, err := recording.Read(t.Context(), recording.Source{From: []string{recording.ExamplePrefix + "healthy"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// TestOthersAreLeftAlone checks that nothing is created in the namespaces of other tenants, and
// that none of their Secrets is read, unless the user names one.
func TestOthersAreLeftAlone(t *testing.T) {
	snap := healthy(t)
	chosen, _ := tenant.Find(tenant.Discover(snap), "bhs")
	for _, named := range []string{"", "orthanc-web"} {
		d := &describer{Options: Options{Via: ViaAddress, OtherSecret: named}, snap: snap}
		others := d.describeOthers(t.Context(), chosen)
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

// TestOtherClient checks that the client of another tenant belongs to the tenant whose CA has
// signed it, and is used as that tenant's client if its web requests one.
func TestOtherClient(t *testing.T) {
	bhs, mhr, unknown := peers.Issue(t, nil, "bhs-ca", nil), peers.Issue(t, nil, "mhr-ca", nil), peers.Issue(t, nil, "other-ca", nil)
	for _, c := range []struct {
		about  string
		of     *peers.Issuer
		cas    []*x509.Certificate
		shared bool
		want   string
		client bool
		err    string
	}{
		{about: "none given"},
		{about: "of another tenant", of: mhr, want: "mhr", client: true},
		{about: "of a CA that is not known", of: unknown, want: "another tenant"},
		{about: "of the tenant itself", of: bhs, err: "signed by the CA of bhs itself"},
		{about: "of the tenant itself, which shares its CA", of: bhs, shared: true, want: "another tenant"},
		{about: "with CAs of the user", of: bhs, cas: []*x509.Certificate{bhs.Certificate}, want: "another tenant"},
	} {
		d := &describer{Options: Options{CAs: c.cas}}
		if c.of != nil {
			d.OtherClient = clientBy(t, c.of, nil)
		}
		s := bhsWithMHR(bhs, mhr)
		if c.shared {
			s.Others[0].CAs = s.CAs
		}
		err := d.addOtherClient(&s)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		got := ""
		for _, other := range s.OtherClients {
			got += other.Tenant
		}
		if got != c.want || (s.Others[0].Client != nil) != c.client {
			t.Errorf("%s: a client of %q, and mhr's own is given: %v", c.about, got, s.Others[0].Client != nil)
		}
	}
}
