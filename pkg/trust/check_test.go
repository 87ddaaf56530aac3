package trust

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var forbidden = snapshot.Failure{Why: snapshot.Forbidden, Verb: "list", Resource: "secrets"}

// asking is a question about Korthweb's bhs, beside mhr, with a good certificate.
func asking(t *testing.T) (*cluster, Question) {
	t.Helper()
	c := korthweb(t, "bhs", "mhr")
	snap := c.snapshot()
	q := Question{Tenant: "bhs", Now: now, Chain: chainOf(c.ca["bhs"].issue(t))}
	q.Authorities, _ = Authorities(snap, c.tenants[0])
	q.Others, _ = Authorities(snap, c.tenants[1])
	q.Servers, _ = Servers(snap, c.tenants[0])
	return c, q
}

func resultOf(t *testing.T, results []Result, name string) Result {
	t.Helper()
	for _, r := range results {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no %q among %+v", name, results)
	return Result{}
}

func TestCheckOrder(t *testing.T) {
	_, q := asking(t)
	q.Key = q.Chain[0].PublicKey
	var names []string
	for _, r := range Check(q) {
		names = append(names, r.Name+" "+string(r.Outcome))
	}
	want := "certificate Pass, dates Pass, not a CA Pass, usage Pass, key strength Pass, key Pass, authority Pass, dcm-gw:11112 Warn, web-gw:443 Warn"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := Overall(Check(q)); got != Warn {
		t.Errorf("overall %s", got)
	}
	if got := Check(Question{Tenant: "bhs"}); len(got) != 1 || got[0].Outcome != Fail {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestCheckCertificate(t *testing.T) {
	c, q := asking(t)
	ca := c.ca["bhs"]
	usage := func(key x509.KeyUsage, purposes ...x509.ExtKeyUsage) []*x509.Certificate {
		return chainOf(ca.issue(t, func(c *x509.Certificate) { c.KeyUsage, c.ExtKeyUsage = key, purposes }))
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		about, name string
		chain       []*x509.Certificate
		key         crypto.PublicKey
		want        Outcome
		detail, fix string
	}{
		{"valid", "dates", chainOf(ca.issue(t)), nil, Pass, "another 90d, until 2026-05-30 12:00 UTC", ""},
		{"ended", "dates", chainOf(ca.issue(t, between(-30*hours, -hours))), nil, Fail, "it ended 60m ago, at 2026-03-01 11:00 UTC", "new certificate"},
		{"ends now", "dates", chainOf(ca.issue(t, between(-30*hours, 0))), nil, Fail, "it ended", "new certificate"},
		{"not begun", "dates", chainOf(ca.issue(t, between(2*hours, 9*hours))), nil, Fail, "it begins in 120m", "clocks"},
		{"a CA", "not a CA", chainOf(ca), nil, Fail, "authority's", "first in the file"},
		{"may sign, without being a CA", "not a CA", usage(x509.KeyUsageCertSign), nil, Fail, "authority's", "first in the file"},
		{"a server's", "usage", usage(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageServerAuth), nil, Fail, "for serverAuth, digitalSignature, and clientAuth is not", "clientAuth"},
		{"for anything", "usage", usage(0, x509.ExtKeyUsageAny), nil, Pass, "clientAuth", ""},
		{"no purposes", "usage", usage(x509.KeyUsageDigitalSignature), nil, Pass, "any will do", ""},
		{"the key may not sign", "usage", usage(x509.KeyUsageKeyEncipherment, x509.ExtKeyUsageClientAuth), nil, Fail, "may not sign a handshake", "digitalSignature"},
		{"P-256", "key strength", chainOf(ca.issue(t)), nil, Pass, "ECDSA on P-256, signed with ECDSA-SHA256", ""},
		{"the key", "key", chainOf(ca.issue(t)), nil, Pass, "is the certificate's", ""},
		{"another key", "key", chainOf(ca.issue(t)), ca.PublicKey, Fail, "issued for a different key", "requested with"},
		{"another kind of key", "key", chainOf(ca.issue(t)), public, Fail, "issued for a different key", "requested with"},
	} {
		q.Chain, q.Key = test.chain, test.key
		if q.Key == nil {
			q.Key = test.chain[0].PublicKey
		}
		r := resultOf(t, Check(q), test.name)
		if r.Outcome != test.want || !strings.Contains(r.Detail, test.detail) || !strings.Contains(r.Fix.Text, test.fix) || (test.fix == "") != (r.Fix.Text == "") {
			t.Errorf("%s: %+v", test.about, r)
		}
	}
}

func TestKeyStrength(t *testing.T) {
	for _, c := range []struct {
		key           Key
		weak, refused bool
		text          string
	}{
		{Key{"RSA", 1024, ""}, true, false, "1024-bit RSA"},
		{Key{"RSA", 2048, ""}, false, false, "2048-bit RSA"},
		{Key{"ECDSA", 224, "P-224"}, false, true, "ECDSA on P-224"},
		{Key{"ECDSA", 384, "P-384"}, false, false, "ECDSA on P-384"},
		{Key{Algorithm: "Ed25519"}, false, true, "Ed25519"},
	} {
		if c.key.weak() != c.weak || c.key.refused() != c.refused || c.key.String() != c.text {
			t.Errorf("%s: weak %v, refused %v", c.key, c.key.weak(), c.key.refused())
		}
	}
}

func TestCheckAuthority(t *testing.T) {
	c, q := asking(t)
	ca, mhr, before := c.ca["bhs"], c.ca["mhr"], authority(t)
	ended := authority(t, between(-90*hours, -hours))
	below := ca.issue(t, common("below"), func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	none := ca.issue(t, common("none")) // no CA, but signs all the same
	stray := authority(t, common("example CA"))
	today := func(p pair) []Authority { return []Authority{{Tenant: "bhs", Certificate: p.Certificate}} }
	for _, test := range []struct {
		about       string
		chain       []*x509.Certificate
		authorities []Authority
		unknown     []snapshot.Failure
		want        Outcome
		detail, fix string
	}{
		{"today's", chainOf(ca.issue(t)), q.Authorities, nil, Pass, "signed by the key of tenant bhs's CA CN=int-ca (Secret bhs-orthweb/int-ca-secret)", ""},
		{"today's, though more can't be seen", chainOf(ca.issue(t)), q.Authorities, []snapshot.Failure{forbidden}, Pass, "", ""},
		{"over another that comes with it", chainOf(below.issue(t), below), q.Authorities, nil, Pass, "", ""},
		{"over another that is missing", chainOf(below.issue(t)), q.Authorities, nil, Fail, "its issuer is CN=below,O=Digihunch; tenant bhs trusts CN=int-ca", "this tenant's"},
		{"over one that is no CA", chainOf(none.issue(t), none), q.Authorities, nil, Fail, "chain to it is not valid", "this tenant's"},
		{"of a CA that has ended", chainOf(ended.issue(t)), today(ended), nil, Fail, "which ended at 2026-03-01 11:00 UTC", "Renew the authority"},
		{"an earlier key, seen", chainOf(before.issue(t)), append(today(ca), Authority{Tenant: "bhs", Certificate: before.Certificate, Earlier: true, Folder: "gitops/dependency/bhs"}), nil,
			Fail, "it was signed by an earlier key of tenant bhs's CA", "rotationPolicy: Never"},
		{"an earlier key, by its name", chainOf(before.issue(t)), q.Authorities, nil, Fail, "unless another CA has the same name, it was an earlier key", "rotationPolicy: Never"},
		{"another tenant's, of the same name", chainOf(mhr.issue(t)), q.Authorities, nil, Fail, "the CA of tenant mhr", "this tenant's"},
		{"somebody else's", chainOf(stray.issue(t)), q.Authorities, nil, Fail, "its issuer is CN=example CA", "this tenant's"},
		{"nothing may be read", chainOf(ca.issue(t)), nil, []snapshot.Failure{forbidden}, Unknown, "you may not list secrets", ""},
		{"not all may be read", chainOf(stray.issue(t)), q.Authorities, []snapshot.Failure{forbidden}, Unknown, "none of the 1 authorities", ""},
		{"no CA issuer", chainOf(ca.issue(t)), nil, nil, Unknown, "no issuer with a CA of its own", ""},
	} {
		q := q
		q.Chain, q.Authorities, q.Unknown = test.chain, test.authorities, test.unknown
		r := resultOf(t, Check(q), "authority")
		if r.Outcome != test.want || !strings.Contains(r.Detail, test.detail) || !strings.Contains(r.Fix.Text, test.fix) || (test.fix == "") != (r.Fix.Text == "") {
			t.Errorf("%s: %+v", test.about, r)
		}
	}
}
