package trust

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

func TestDescribe(t *testing.T) {
	ca := newCA(t, func(c *x509.Certificate) { c.SubjectKeyId = []byte{1, 0xab} })
	leaf := ca.issue(t, func(c *x509.Certificate) {
		c.DNSNames, c.EmailAddresses = []string{"ct1.bhs.org"}, []string{"ct1@bhs.org"}
		c.IPAddresses, c.URIs = []net.IP{net.ParseIP("192.0.2.1")}, []*url.URL{{Scheme: "urn", Opaque: "ct1"}}
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}}
	})
	r := Describe(chainOf(leaf, ca), now)
	d := r.Certificates[0]
	got := fmt.Sprintf("%s | %s | %s | %v | %s | %s | %s %s", d.Subject, d.Issuer, d.Serial, d.Names, d.Key, d.SignatureAlgorithm, d.SubjectKeyID, d.AuthorityKeyID)
	want := "CN=ct1,O=Digihunch | CN=int-ca | 2A | [{DNS name ct1.bhs.org} {IP address 192.0.2.1} {mailbox ct1@bhs.org} {URI urn:ct1}] | ECDSA on P-256 | ECDSA-SHA256 |  01:AB"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var usages []string
	for _, usage := range d.Usages {
		usages = append(usages, usage.Name)
	}
	if !slices.Equal(usages, []string{"clientAuth", "1.2.3", "digitalSignature"}) {
		t.Errorf("usages %v", usages)
	}
	if d.IsCA || !r.Certificates[1].IsCA || len(strings.Split(d.Fingerprint, ":")) != 32 || !r.At.Equal(now) {
		t.Errorf("got %+v", d)
	}
	if empty := Describe(nil, now); len(empty.Certificates) > 0 || empty.End != (End{}) {
		t.Errorf("of nothing: %+v", empty)
	}
}

// TestUsageNames checks that this package names all usages that crypto/x509 knows,
// except the old ones of Netscape and Microsoft, which are shown by their identifier.
func TestUsageNames(t *testing.T) {
	for bit := x509.KeyUsageDigitalSignature; bit <= x509.KeyUsageDecipherOnly; bit <<= 1 {
		if got := usagesOf(&x509.Certificate{KeyUsage: bit}); len(got) != 1 || got[0].Text == "" {
			t.Errorf("key usage %d: %v", bit, got)
		}
	}
	for purpose := x509.ExtKeyUsageAny; purpose <= x509.ExtKeyUsageMicrosoftKernelCodeSigning; purpose++ {
		if got := usagesOf(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{purpose}}); len(got) != 1 || got[0].Name == "" {
			t.Errorf("purpose %d: %v", purpose, got)
		}
	}
}

func TestChainOrder(t *testing.T) {
	ca := newCA(t)
	below := ca.issue(t, common("below"), func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	leaf, stray := below.issue(t), newCA(t, common("stray"))
	for _, c := range []struct {
		about    string
		chain    []*x509.Certificate
		signedBy []int
		end      End
		problems []string
	}{
		{"whole", chainOf(leaf, below, ca), []int{1, 2, 2}, End{true, "CN=int-ca", ""}, nil},
		{"the root is missing", chainOf(leaf, below), []int{1, -1}, End{false, "CN=below,O=Digihunch", "CN=int-ca"}, nil},
		{"one in the middle is missing", chainOf(leaf, ca), []int{-1, 1}, End{false, "CN=ct1,O=Digihunch", "CN=below,O=Digihunch"},
			[]string{"certificate 2 (CN=int-ca) is not part of the first certificate's chain"}},
		{"in the wrong order", chainOf(leaf, ca, below), []int{2, 1, 1}, End{true, "CN=int-ca", ""},
			[]string{"certificate 1 is signed by certificate 3, which should be number 2", "certificate 3 is signed by certificate 2, which should be number 3"}},
		{"a stranger", chainOf(leaf, below, ca, stray), []int{1, 2, 2, 3}, End{true, "CN=int-ca", ""},
			[]string{"certificate 4 (CN=stray) is not part of the first certificate's chain"}},
		{"a root alone", chainOf(ca), []int{0}, End{true, "CN=int-ca", ""}, nil},
		{"twice the same", chainOf(leaf, leaf), []int{-1, -1}, End{false, "CN=ct1,O=Digihunch", "CN=below,O=Digihunch"},
			[]string{"certificate 2 (CN=ct1,O=Digihunch) is not part of the first certificate's chain"}},
	} {
		r := Describe(c.chain, now)
		var signedBy []int
		for _, d := range r.Certificates {
			signedBy = append(signedBy, d.SignedBy)
		}
		if !slices.Equal(signedBy, c.signedBy) || r.End != c.end || !slices.Equal(r.Problems, c.problems) {
			t.Errorf("%s: signed by %v, end %+v, problems %q", c.about, signedBy, r.End, r.Problems)
		}
	}
}

func TestNotes(t *testing.T) {
	ca := newCA(t)
	for _, c := range []struct {
		about string
		of    *x509.Certificate
		want  []string
	}{
		{"a good client's", ca.issue(t).Certificate, nil},
		{"a good server's", ca.issue(t, server("web.bhs.org")).Certificate, nil},
		{"ended", ca.issue(t, between(-9*hours, -2*hours)).Certificate, []string{"Critical it expired 120m ago"}},
		{"not begun", ca.issue(t, between(2*hours, 9*hours)).Certificate, []string{"Critical it becomes valid in 120m"}},
		{"a server's without names", ca.issue(t, server()).Certificate, []string{"Warning it has no host name"}},
		{"a server's for years", ca.issue(t, server("web.bhs.org"), between(-hours, 826*24*hours)).Certificate, []string{"Warning it is valid for 826 days"}},
		{"a client's for years", ca.issue(t, between(-hours, 3650*24*hours)).Certificate, nil},
		{"an authority", ca.Certificate, []string{"Info it is a CA: its key can sign certificates"}},
		{"the last authority", newCA(t, func(c *x509.Certificate) { c.MaxPathLenZero = true }).Certificate, []string{"Info it is a CA: its key can sign certificates, but no further CAs"}},
		{"an authority that may not sign", ca.issue(t, func(c *x509.Certificate) { c.IsCA = true }).Certificate,
			[]string{"Critical it is a CA that may not sign", "Info it is a CA"}},
		{"a broken digest", &x509.Certificate{Version: 3, NotBefore: now.Add(-hours), NotAfter: now.Add(hours), DNSNames: []string{"a"},
			SignatureAlgorithm: x509.SHA1WithRSA, RawSubject: []byte{1}}, []string{"Critical it is signed with a broken digest: SHA1-RSA"}},
	} {
		var got []string
		for _, note := range notesOn(c.of, now) {
			got = append(got, string(note.Severity)+" "+note.Text)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", c.about, got)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(got[i], want) {
				t.Errorf("%s: %q, want %q", c.about, got[i], want)
			}
		}
	}
	if notes := notesOn(ca.issue(t, between(-9*hours, -2*hours), server()).Certificate, now); notes[0].Severity != finding.Critical {
		t.Errorf("the worst does not come first: %v", notes)
	}
}
