package trust

import (
	"strings"
	"testing"
)

func TestCAs(t *testing.T) {
	c := korthweb(t, "bhs")
	before, later := newCA(t, between(-2000*hours, 100*hours)), newCA(t, between(-hours, 2000*hours))
	request := func(revision string, p pair) {
		c.add(strings.NewReplacer("N", revision, "PEM", inBase64(p)).Replace(
			`{apiVersion: cert-manager.io/v1, kind: CertificateRequest, metadata: {name: int-ca-cert-N, namespace: bhs-orthweb, annotations: {cert-manager.io/certificate-name: int-ca-cert, cert-manager.io/certificate-revision: "N"}}, status: {certificate: PEM}}`))
	}
	request("1", before)
	request("3", later) // pending: the Secret does not contain it yet
	found, unread := CAs(c.snapshot(), c.tenants[0])
	if len(found) != 2 || len(unread) > 0 {
		t.Fatalf("got %d, %v", len(found), unread)
	}
	if a := found[0]; !a.Certificate.Equal(c.ca["bhs"].Certificate) || a.Earlier || a.From.Short() != "Secret/int-ca-secret" ||
		a.Issuer.Name != "int-ca-issuer" || a.Folder != "gitops/dependency/bhs" || a.Tenant != "bhs" {
		t.Errorf("today's: %+v", a)
	}
	if a := found[1]; !a.Certificate.Equal(before.Certificate) || !a.Earlier || a.From.Short() != "CertificateRequest/int-ca-cert-1" {
		t.Errorf("the one before: %+v", a)
	}
}

// TestCAsUnread checks that sources that can't be read are reported, even if other sources
// remain.
func TestCAsUnread(t *testing.T) {
	for _, test := range []struct {
		about         string
		hidden        []string
		found, unread int
	}{
		{"Secrets", []string{"Secret"}, 1, 0},
		{"Secrets and requests", []string{"Secret", "CertificateRequest"}, 0, 2},
		{"Certificates", []string{"Certificate"}, 1, 0},
		{"Certificates and Secrets", []string{"Certificate", "Secret"}, 0, 1},
		{"issuers", []string{"Issuer"}, 0, 1},
	} {
		c := korthweb(t, "bhs")
		c.hidden = test.hidden
		found, unread := CAs(c.snapshot(), c.tenants[0])
		if len(found) != test.found || len(unread) != test.unread {
			t.Errorf("%s hidden: %d found, not seen: %v", test.about, len(found), unread)
		}
	}
}
