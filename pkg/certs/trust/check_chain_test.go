package trust

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func TestCheckCA(t *testing.T) {
	c, q := newQuestion(t)
	ca, mhr, before := c.ca["bhs"], c.ca["mhr"], newCA(t)
	ended := newCA(t, between(-90*hours, -hours))
	below := ca.issue(t, common("below"), func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	none := ca.issue(t, common("none")) // not a CA, but signs certificates
	stray := newCA(t, common("example CA"))
	today := func(p pair) []CA { return []CA{{Tenant: "bhs", Certificate: p.Certificate}} }
	for _, test := range []struct {
		about       string
		chain       []*x509.Certificate
		cas         []CA
		unknown     []snapshot.Failure
		want        Outcome
		detail, fix string
	}{
		{"today's", chainOf(ca.issue(t)), q.CAs, nil, Pass, "signed with the key of tenant bhs's CA CN=int-ca (Secret bhs-orthweb/int-ca-secret)", ""},
		{"today's, though more can't be seen", chainOf(ca.issue(t)), q.CAs, []snapshot.Failure{forbidden}, Pass, "", ""},
		{"over another that comes with it", chainOf(below.issue(t), below), q.CAs, nil, Pass, "", ""},
		{"over another that is missing", chainOf(below.issue(t)), q.CAs, nil, Fail, "it was signed by CN=below,O=Digihunch, which is neither in the chain nor the trusted CA CN=int-ca", "add that CA's certificate to the file"},
		{"over one that is no CA", chainOf(none.issue(t), none), q.CAs, nil, Fail, "the chain to it is not valid: the CA CN=none,O=Digihunch in the chain signed a certificate, but is not a CA certificate", "this tenant's"},
		{"of a CA that has ended", chainOf(ended.issue(t)), today(ended), nil, Fail, "the CA CN=int-ca expired 60m ago, at 2026-03-01 11:00 UTC", "Renew the CA first"},
		{"an earlier key, seen", chainOf(before.issue(t)), append(today(ca), CA{Tenant: "bhs", Certificate: before.Certificate, Earlier: true, Folder: "gitops/dependency/bhs"}), nil,
			Fail, "it was signed with an earlier key of tenant bhs's CA", "rotationPolicy: Never"},
		{"an earlier key, by its name", chainOf(before.issue(t)), q.CAs, nil, Fail, "unless another CA has the same name, it was signed with an earlier key", "rotationPolicy: Never"},
		{"another tenant's, of the same name", chainOf(mhr.issue(t)), q.CAs, nil, Fail, "the CA of tenant mhr", "this tenant's"},
		{"somebody else's", chainOf(stray.issue(t)), q.CAs, nil, Fail, "it was signed by CN=example CA, which is neither in the chain", "this tenant's"},
		{"nothing may be read", chainOf(ca.issue(t)), nil, []snapshot.Failure{forbidden}, Unknown, "forbidden: cannot list secrets", ""},
		{"not all may be read", chainOf(stray.issue(t)), q.CAs, []snapshot.Failure{forbidden}, Unknown, "none of the 1 CAs", ""},
		{"no CA issuer", chainOf(ca.issue(t)), nil, nil, Unknown, "no issuer with its own CA", ""},
	} {
		q := q
		q.Chain, q.CAs, q.Unknown = test.chain, test.cas, test.unknown
		r := resultOf(t, Check(q), "CA")
		if r.Outcome != test.want || !strings.Contains(r.Detail, test.detail) || !strings.Contains(r.Fix.Text, test.fix) || (test.fix == "") != (r.Fix.Text == "") {
			t.Errorf("%s: %+v", test.about, r)
		}
	}
}
