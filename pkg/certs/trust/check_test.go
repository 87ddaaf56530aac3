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

var forbidden = snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: "secrets"}

// newQuestion is a query about Korthweb's tenant bhs, next to tenant mhr, with a valid certificate.
func newQuestion(t *testing.T) (*cluster, Question) {
	t.Helper()
	c := korthweb(t, "bhs", "mhr")
	snap := c.snapshot()
	q := Question{Tenant: "bhs", Now: now, Chain: chainOf(c.ca["bhs"].issue(t))}
	q.CAs, _ = CAs(snap, c.tenants[0])
	q.Others, _ = CAs(snap, c.tenants[1])
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
	_, q := newQuestion(t)
	q.Key = q.Chain[0].PublicKey
	var names []string
	for _, r := range Check(q) {
		names = append(names, r.Name+" "+string(r.Outcome))
	}
	want := "certificate Pass, dates Pass, not a CA Pass, usage Pass, key strength Pass, key Pass, CA Pass, dcm-gw:11112 Warn, web-gw:443 Warn"
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
	c, q := newQuestion(t)
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
		{"valid", "dates", chainOf(ca.issue(t)), nil, Pass, "valid for 90d, until 2026-05-30 12:00 UTC", ""},
		{"ended", "dates", chainOf(ca.issue(t, between(-30*hours, -hours))), nil, Fail, "it expired 60m ago, at 2026-03-01 11:00 UTC", "new certificate"},
		{"ends now", "dates", chainOf(ca.issue(t, between(-30*hours, 0))), nil, Fail, "it expired", "new certificate"},
		{"not begun", "dates", chainOf(ca.issue(t, between(2*hours, 9*hours))), nil, Fail, "it is not yet valid: it becomes valid in 120m", "clocks"},
		{"a CA", "not a CA", chainOf(ca), nil, Fail, "it is a CA certificate", "first in the file"},
		{"may sign, without being a CA", "not a CA", usage(x509.KeyUsageCertSign), nil, Fail, "it is a CA certificate", "first in the file"},
		{"a server's", "usage", usage(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageServerAuth), nil, Fail, "its extended key usage has no clientAuth; it is for serverAuth, digitalSignature", "clientAuth"},
		{"for anything", "usage", usage(0, x509.ExtKeyUsageAny), nil, Pass, "clientAuth", ""},
		{"no purposes", "usage", usage(x509.KeyUsageDigitalSignature), nil, Pass, "any is allowed", ""},
		{"the key may not sign", "usage", usage(x509.KeyUsageKeyEncipherment, x509.ExtKeyUsageClientAuth), nil, Fail, "its key usage has no digitalSignature", "digitalSignature"},
		{"P-256", "key strength", chainOf(ca.issue(t)), nil, Pass, "ECDSA on P-256, signed with ECDSA-SHA256", ""},
		{"the key", "key", chainOf(ca.issue(t)), nil, Pass, "belongs to the certificate", ""},
		{"another key", "key", chainOf(ca.issue(t)), ca.PublicKey, Fail, "issued for another key", "requested with"},
		{"another kind of key", "key", chainOf(ca.issue(t)), public, Fail, "issued for another key", "requested with"},
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
