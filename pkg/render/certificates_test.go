package render

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var update = flag.Bool("update", false, "write the golden files anew")

// chainIn reads a file of testdata: certificates made once, so that their digests
// stay.
func chainIn(t *testing.T, name string) []*x509.Certificate {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
	return chain
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// entries are a tenant's certificates, one of each kind of trouble.
func entries(t *testing.T) []trust.Entry {
	ref := func(kind, name string) object.Ref {
		return object.Ref{APIVersion: "cert-manager.io/v1", Kind: kind, Namespace: "bhs-orthweb", Name: name}
	}
	chain := chainIn(t, "client.pem")
	forbidden := snapshot.Failure{Why: snapshot.Forbidden, Verb: "list", Resource: "secrets", Namespace: "bhs-orthweb"}
	days := func(n int) time.Time { return explained.Add(time.Duration(n) * 24 * time.Hour) }
	at := func(port int64) trust.Endpoint { return trust.Endpoint{Address: "2001:db8::7", Port: port} }
	return []trust.Entry{
		{Tenant: "bhs", Ref: ref("Certificate", "int-ca-cert"), Secret: ref("Secret", "int-ca-secret"), Issuer: ref("Issuer", "selfsigned-root-issuer"),
			Authority: true, Subject: "CN=int-ca", NotBefore: days(-30), NotAfter: days(61), RenewalTime: days(-1), UsesKnown: true,
			Uses: []trust.Use{{Ref: ref("Issuer", "int-ca-issuer")}}, Stored: chain[1:], StoredFrom: ref("Secret", "int-ca-secret"),
			Verdict: health.Verdict{Status: health.Ready}},
		{Tenant: "bhs", Ref: ref("Certificate", "orthweb-cert"), Secret: ref("Secret", "orthweb-secret"), Issuer: ref("Issuer", "int-ca-issuer"), Depth: 1,
			Names: []string{"web.bhs.orthweb.com", "dicom.bhs.orthweb.com"}, NotAfter: days(90), RenewalTime: days(87), UsesKnown: true,
			Uses: []trust.Use{{Ref: ref("Gateway", "web-gw"), Port: 443, Mode: trust.Simple, Hosts: []string{"web.bhs.orthweb.com"}},
				{Ref: ref("Gateway", "dcm-gw"), Port: 11112, Mode: trust.Simple}},
			Served: []trust.Served{{Endpoint: at(443), Match: trust.Same, Certificate: chain[0]},
				{Endpoint: at(11112), Match: trust.Older, Certificate: chain[1], AsksClient: true, Of: ref("Certificate", "other"), OfTenant: "mhr", Detail: "what is served was issued before the stored one"}},
			Verdict: health.Verdict{Status: health.Ready}},
		{Tenant: "bhs", Ref: ref("Secret", "own"), Secret: ref("Secret", "own"), NotAfter: days(-1), Depth: 1,
			Served: []trust.Served{{Endpoint: at(443), Match: trust.Unclear, Detail: "connection\nrefused"}}, UsesKnown: true,
			Verdict: health.Verdict{Status: health.Failing, Reason: "Expired"}},
		{Tenant: "mhr", Ref: object.Ref{Kind: "Certificate", Namespace: "mhr-orthweb"}, Issuer: object.Ref{Name: "vault"},
			Verdict: health.Verdict{Status: health.Unknown, Reason: "Forbidden"}, Unknown: []snapshot.Failure{forbidden, forbidden}},
	}
}

func results() []trust.Result {
	return []trust.Result{
		{Name: "certificate", Outcome: trust.Pass, Detail: "it is of CN=ct1"},
		{Name: "dates", Outcome: trust.Fail, Detail: "it ended 3h ago, at 2026-01-02 00:04 UTC", Fix: finding.Fix{Text: "Have a new certificate issued", Command: "kubectl orthweb cert issue bhs"}},
		{Name: "authority", Outcome: trust.Unknown, Detail: "none of the 0 authorities that could be read signed it; you may not list secrets in namespace bhs-orthweb"},
		{Name: "web-gw:443", Outcome: trust.Warn, Detail: "the gateway never asks for this certificate (tls.mode SIMPLE)",
			Fix: finding.Fix{Text: "Set tls.mode: MUTUAL", File: "gitops/application/bhs/kustomization.yaml: spec.servers[https].tls.mode: MUTUAL"}},
	}
}

// printed are all that this file prints, by name.
func printed(t *testing.T, style Style) map[string]string {
	t.Helper()
	out := map[string]string{}
	write := func(name string, print func(*bytes.Buffer) error) {
		var text bytes.Buffer
		if err := print(&text); err != nil {
			t.Fatal(err)
		}
		out[name] = text.String()
	}
	write("certificates", func(b *bytes.Buffer) error { return Certificates(b, entries(t), explained, style) })
	write("report", func(b *bytes.Buffer) error {
		return CertificateReport(b, trust.Describe(chainIn(t, "client.pem"), explained), style)
	})
	write("report-ended", func(b *bytes.Buffer) error {
		return CertificateReport(b, trust.Describe(chainIn(t, "server-ended.pem"), explained), style)
	})
	write("report-none", func(b *bytes.Buffer) error { return CertificateReport(b, trust.Report{}, style) })
	write("checks", func(b *bytes.Buffer) error { return CertificateChecks(b, "bhs", results(), style) })
	write("checks-unknown", func(b *bytes.Buffer) error { return CertificateChecks(b, "bhs", results()[2:], style) })
	write("checks-good", func(b *bytes.Buffer) error { return CertificateChecks(b, "bhs", results()[:1], style) })
	return out
}

func TestCertificateGoldens(t *testing.T) {
	for name, text := range printed(t, Style{Width: 80}) {
		golden(t, name+"-80", text)
	}
	golden(t, "certificates-wide", printed(t, Style{Wide: true})["certificates"])
	golden(t, "checks-colour", printed(t, Style{Colour: true})["checks"])
	golden(t, "report-ended-colour", printed(t, Style{Colour: true})["report-ended"])
}

// TestCertificatesFit tries every width; commands stay whole, to be copied.
func TestCertificatesFit(t *testing.T) {
	for width := 40; width <= 200; width++ {
		for name, text := range printed(t, Style{Width: width}) {
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if utf8.RuneCountInString(line) > width && !strings.Contains(line, "kubectl orthweb") {
					t.Errorf("%s, %d wide: %q", name, width, line)
				}
			}
		}
	}
}
