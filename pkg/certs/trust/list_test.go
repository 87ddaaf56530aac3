package trust

import (
	"fmt"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// outline formats entries, one a line.
func outline(entries []Entry) string {
	var out strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&out, "%s%s %s", strings.Repeat("  ", e.Depth), e.Tenant, e.Ref)
		if e.IsCA {
			out.WriteString(", CA")
		}
		fmt.Fprintf(&out, ", %s", e.Verdict.Status)
		if e.Verdict.Reason != "" {
			out.WriteString(" " + string(e.Verdict.Reason))
		}
		for _, use := range e.Uses {
			fmt.Fprintf(&out, ", %s", use.Ref.Short())
			if use.Port > 0 {
				fmt.Fprintf(&out, ":%d %s %v", use.Port, use.Mode, use.Hosts)
			}
		}
		if len(e.Stored) > 0 {
			fmt.Fprintf(&out, ", from %s", e.StoredFrom.Short())
		}
		if !e.UsesKnown {
			out.WriteString(", more uses?")
		}
		for _, why := range e.Unknown {
			fmt.Fprintf(&out, ", %s", why)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

const stock = `bhs Certificate bhs-orthweb/int-ca-cert, CA, Ready, Issuer/int-ca-issuer, from Secret/int-ca-secret
  bhs Certificate bhs-orthweb/orthweb-cert, Ready, Gateway/dcm-gw:11112 SIMPLE [dicom.bhs.orthweb.com], Gateway/web-gw:443 SIMPLE [web.bhs.orthweb.com], from Secret/orthweb-secret
`

func TestList(t *testing.T) {
	secret := func(name string, pem string) string {
		return "{apiVersion: v1, kind: Secret, metadata: {name: " + name + ", namespace: bhs-orthweb}, data: {tls.crt: " + pem + "}}"
	}
	for _, c := range []struct {
		about  string
		change func(*cluster)
		want   string
	}{
		{"as Korthweb has it", func(*cluster) {}, stock},
		{"without the right to read Secrets", func(c *cluster) { c.hidden = []string{"Secret"} }, strings.NewReplacer(
			"Secret/int-ca-secret", "CertificateRequest/int-ca-cert-2", "Secret/orthweb-secret", "CertificateRequest/orthweb-cert-1").Replace(stock)},
		{"neither Secrets nor requests", func(c *cluster) { c.hidden = []string{"Secret", "CertificateRequest"} }, strings.NewReplacer(
			", from Secret/int-ca-secret", ", forbidden: cannot list secrets at the cluster scope, forbidden: cannot list certificaterequests.cert-manager.io at the cluster scope",
			", from Secret/orthweb-secret", ", forbidden: cannot list secrets at the cluster scope, forbidden: cannot list certificaterequests.cert-manager.io at the cluster scope").Replace(stock)},
		{"the requests are of other revisions", func(c *cluster) {
			c.hidden = []string{"Secret"}
			c.set("Certificate bhs-orthweb/int-ca-cert", int64(3), "status", "revision")
		}, strings.NewReplacer(", from Secret/int-ca-secret", ", forbidden: cannot list secrets at the cluster scope",
			"Secret/orthweb-secret", "CertificateRequest/orthweb-cert-1").Replace(stock)},
		{"Gateways may not be listed", func(c *cluster) { c.hidden = []string{"Gateway"} },
			"bhs Certificate bhs-orthweb/int-ca-cert, CA, Ready, Issuer/int-ca-issuer, from Secret/int-ca-secret, more uses?, forbidden: cannot list gateways.networking.istio.io at the cluster scope\n" +
				"  bhs Certificate bhs-orthweb/orthweb-cert, Ready, from Secret/orthweb-secret, more uses?, forbidden: cannot list gateways.networking.istio.io at the cluster scope\n"},
		{"Certificates may not be listed", func(c *cluster) { c.hidden = []string{"Certificate"} },
			"bhs Secret bhs-orthweb/int-ca-secret, CA, Ready, Issuer/int-ca-issuer, from Secret/int-ca-secret, forbidden: cannot list certificates.cert-manager.io at the cluster scope\n" +
				"  bhs Secret bhs-orthweb/orthweb-secret, Ready, Gateway/dcm-gw:11112 SIMPLE [dicom.bhs.orthweb.com], Gateway/web-gw:443 SIMPLE [web.bhs.orthweb.com], from Secret/orthweb-secret, forbidden: cannot list certificates.cert-manager.io at the cluster scope\n" +
				"bhs Certificate bhs-orthweb/, Unknown Forbidden, more uses?, forbidden: cannot list certificates.cert-manager.io at the cluster scope\n"},
		{"a Gateway's Secret is made by hand, and has ended", func(c *cluster) {
			c.set("Gateway bhs-orthweb/web-gw", []any{map[string]any{"port": map[string]any{"number": int64(443), "protocol": "HTTPS"},
				"hosts": []any{"web.bhs.orthweb.com"}, "tls": map[string]any{"mode": "SIMPLE", "credentialName": "own"}}}, "spec", "servers")
			c.add(secret("own", inBase64(c.ca["bhs"].issue(t, server("web.bhs.orthweb.com"), between(-48*hours, -hours)))))
		}, strings.Replace(stock, ", Gateway/web-gw:443 SIMPLE [web.bhs.orthweb.com]", "", 1) +
			"  bhs Secret bhs-orthweb/own, Failing Expired, Gateway/web-gw:443 SIMPLE [web.bhs.orthweb.com], from Secret/own\n"},
		{"a Gateway's Secret is not there", func(c *cluster) {
			c.set("Gateway bhs-orthweb/web-gw", []any{map[string]any{"port": map[string]any{"number": int64(443), "protocol": "HTTPS"},
				"hosts": []any{"web.bhs.orthweb.com"}, "tls": map[string]any{"mode": "SIMPLE", "credentialName": "gone"}}}, "spec", "servers")
		}, strings.Replace(stock, ", Gateway/web-gw:443 SIMPLE [web.bhs.orthweb.com]", "", 1) +
			"bhs Secret bhs-orthweb/gone, Failing NotFound, Gateway/web-gw:443 SIMPLE [web.bhs.orthweb.com]\n"},
		{"a ClusterIssuer beside cert-manager signs", func(c *cluster) {
			c.add(`{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {name: platform}, spec: {ca: {secretName: root}}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: root, namespace: cert-manager}, spec: {isCA: true, secretName: root, issuerRef: {name: self}}, status: {notAfter: "2027-01-01T00:00:00Z", conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: root, namespace: cert-manager}, type: kubernetes.io/tls, data: {tls.crt: "", tls.key: ""}}`)
			c.set("Certificate bhs-orthweb/int-ca-cert", map[string]any{"name": "platform", "kind": "ClusterIssuer", "group": "cert-manager.io"}, "spec", "issuerRef")
		}, "bhs Certificate cert-manager/root, CA, Ready, ClusterIssuer/platform\n  " + strings.ReplaceAll(strings.TrimSuffix(stock, "\n"), "\n", "\n  ") + "\n"},
		{"an issuer signs what makes its own key", func(c *cluster) {
			c.set("Certificate bhs-orthweb/int-ca-cert", "int-ca-issuer", "spec", "issuerRef", "name")
		}, stock},
	} {
		t.Run(c.about, func(t *testing.T) {
			k := korthweb(t, "bhs")
			c.change(k)
			if got := outline(List(k.snapshot(), k.tenants)); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestListDetails checks the fields that only the certificate itself contains.
func TestListDetails(t *testing.T) {
	c := korthweb(t, "bhs", "mhr")
	entries := List(c.snapshot(), c.tenants)
	if len(entries) != 4 || entries[2].Tenant != "mhr" {
		t.Fatalf("got\n%s", outline(entries))
	}
	web := entries[1]
	if web.Subject != "CN=orthweb.com,O=Digihunch" || strings.Join(web.Names, " ") != "web.bhs.orthweb.com dicom.bhs.orthweb.com" ||
		!web.NotAfter.Equal(c.web["bhs"].NotAfter) || web.RenewalTime.IsZero() || web.Left(now) != 90*24*hours {
		t.Errorf("got %+v", web)
	}
	if want := (object.Ref{APIVersion: "cert-manager.io/v1", Kind: "Issuer", Namespace: "bhs-orthweb", Name: "int-ca-issuer"}); !web.Issuer.Same(want) {
		t.Errorf("issuer %s", web.Issuer)
	}
	if (Entry{}).Left(now) != 0 {
		t.Error("what has no end that is known has time left")
	}
}
