package diagnose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// signer is a certificate and its key.
type signer struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// signedBy creates a certificate for the names, or a CA if ca is nil; it is valid until
// the end, relative to the snapshots' time.
func signedBy(t *testing.T, ca *signer, end time.Duration, names ...string) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, Subject: pkix.Name{CommonName: "int-ca"},
		NotBefore: noon.Add(-60 * 24 * time.Hour), NotAfter: noon.Add(end), BasicConstraintsValid: true}
	parent := &signer{template, key}
	if ca == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	} else {
		parent, template.Subject = ca, pkix.Name{CommonName: "leaf"}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.Certificate, key.Public(), parent.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{certificate, key}
}

// tlsSecret is a Secret as cert-manager writes it.
func tlsSecret(name string, ca *signer, chain ...*signer) map[string]any {
	encode := func(all ...*signer) string {
		var text []byte
		for _, s := range all {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Raw})...)
		}
		return base64.StdEncoding.EncodeToString(text)
	}
	return map[string]any{"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
		"metadata": map[string]any{"namespace": "bhs-orthweb", "name": name},
		"data":     map[string]any{"tls.crt": encode(chain...), "ca.crt": encode(ca), "tls.key": "eA=="}}
}

// readyCertificate reports that it is ready until the end.
func readyCertificate(end time.Duration, names ...any) map[string]any {
	return map[string]any{"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
		"metadata": map[string]any{"namespace": "bhs-orthweb", "name": "orthweb-cert", "generation": int64(1)},
		"spec": map[string]any{"secretName": "orthweb-secret", "dnsNames": names,
			"issuerRef": map[string]any{"kind": "Issuer", "name": "int-ca-issuer"}},
		"status": map[string]any{"notAfter": noon.Add(end).Format(time.RFC3339), "renewalTime": noon.Add(end - 72*time.Hour).Format(time.RFC3339),
			"conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "Ready", "observedGeneration": int64(1)}}}}
}

func caIssuer() map[string]any {
	return map[string]any{"apiVersion": "cert-manager.io/v1", "kind": "Issuer",
		"metadata": map[string]any{"namespace": "bhs-orthweb", "name": "int-ca-issuer"},
		"spec":     map[string]any{"ca": map[string]any{"secretName": "int-ca-secret"}},
		"status":   map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "KeyPairVerified"}}}}
}

func gatewayFor(hosts ...any) []map[string]any {
	labels := map[string]any{"istio": "ingressgateway"}
	return []map[string]any{
		deployed("bhs-orthweb", "ingress", 1, 1, labels),
		newObject("networking.istio.io/v1", "Gateway", "bhs-orthweb", "web-gw", map[string]any{"selector": labels, "servers": []any{map[string]any{
			"port": map[string]any{"name": "https", "number": int64(443)}, "hosts": hosts, "tls": map[string]any{"mode": "SIMPLE", "credentialName": "orthweb-secret"}}}}),
	}
}

// TestStoredCertificates checks the certificate in the Secret of a Certificate that
// reports that it is ready.
func TestStoredCertificates(t *testing.T) {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	ca, other := signedBy(t, nil, year), signedBy(t, nil, year)
	leaf := signedBy(t, ca, 60*day, "web.bhs.com")
	expired := signedBy(t, ca, -day, "web.bhs.com")
	ending := signedBy(t, nil, 10*day)
	ended := signedBy(t, nil, -day)
	for _, c := range []struct {
		name    string
		objects []map[string]any
		// want is "code reason severity"; message is a part of its message.
		want, message string
		fix           string
	}{
		{"as it should be", []map[string]any{readyCertificate(60*day, "web.bhs.com"), caIssuer(), tlsSecret("orthweb-secret", ca, leaf), tlsSecret("int-ca-secret", ca, ca)}, "", "", ""},
		{"its Secret does not exist", []map[string]any{readyCertificate(60 * day), caIssuer()}, "OW6115 SecretMissing Critical", "reports that it is ready, but its Secret bhs-orthweb/orthweb-secret does not exist", "cmctl renew"},
		{"what is in it has expired", []map[string]any{readyCertificate(60 * day), tlsSecret("orthweb-secret", ca, expired)}, "OW6116 Expired Critical", "expired on 2026-02-28", "cmctl renew"},
		{"another one is in it", []map[string]any{readyCertificate(90 * day), tlsSecret("orthweb-secret", ca, leaf)}, "OW6116 SecretMismatch Warning", "contains a certificate that is valid until", "managed-fields"},
		{"the CA has another key now", []map[string]any{readyCertificate(60*day, "web.bhs.com"), caIssuer(), tlsSecret("orthweb-secret", ca, leaf), tlsSecret("int-ca-secret", other, other)},
			"OW6119 CAReplaced Warning", "is signed by an earlier CA than the one that Issuer bhs-orthweb/int-ca-issuer has now", "cmctl renew"},
		{"nothing in its Secret has signed it", []map[string]any{readyCertificate(60*day, "web.bhs.com"), caIssuer(), tlsSecret("orthweb-secret", other, leaf), tlsSecret("int-ca-secret", other, other)},
			"OW6119 CAReplaced Critical", "is not signed by the CA in ca.crt of its Secret", "cmctl renew"},
		{"the CA has expired", []map[string]any{readyCertificate(60*day, "web.bhs.com"), caIssuer(), tlsSecret("orthweb-secret", ended, signedBy(t, ended, 60*day, "web.bhs.com")), tlsSecret("int-ca-secret", ended, ended)},
			"OW6119 CAExpired Critical", "expired on 2026-02-28", ""},
		{"nothing renews a CA that ends soon", []map[string]any{readyCertificate(60*day, "web.bhs.com"), caIssuer(), tlsSecret("orthweb-secret", ending, signedBy(t, ending, 60*day, "web.bhs.com")), tlsSecret("int-ca-secret", ending, ending)},
			"OW6118 CAEnding Warning", "expires on 2026-03-11", ""},
		{"a Certificate renews it", []map[string]any{readyCertificate(60*day, "web.bhs.com"), caIssuer(), tlsSecret("orthweb-secret", ending, signedBy(t, ending, 60*day, "web.bhs.com")), tlsSecret("int-ca-secret", ending, ending),
			newObject("cert-manager.io/v1", "Certificate", "bhs-orthweb", "int-ca-cert", map[string]any{"secretName": "int-ca-secret"})}, "", "", ""},
		{"an intermediate CA ends soon", []map[string]any{readyCertificate(60*day, "web.bhs.com"), tlsSecret("orthweb-secret", ca, leaf, ending)}, "OW6118 CAEnding Warning", "in the chain of Certificate bhs-orthweb/orthweb-cert", ""},
		{"a Gateway's host is not among its names", append(gatewayFor("web.bhs.com", "dicom.bhs.com"), readyCertificate(60*day, "web.bhs.com"), tlsSecret("orthweb-secret", ca, leaf)),
			"OW6117 HostNotCovered Critical", "is not valid for dicom.bhs.com, which Gateway bhs-orthweb/web-gw serves with it", "Add dicom.bhs.com to spec.dnsNames"},
		{"the name is in the spec only", append(gatewayFor("dicom.bhs.com"), readyCertificate(60*day, "web.bhs.com", "dicom.bhs.com"), tlsSecret("orthweb-secret", ca, leaf)),
			"OW6117 HostNotCovered Critical", "is not valid for dicom.bhs.com", "cmctl renew"},
		{"a wildcard covers it", append(gatewayFor("bhs-orthweb/dicom.bhs.com", "*"), readyCertificate(60*day, "*.bhs.com"), tlsSecret("orthweb-secret", ca, signedBy(t, ca, 60*day, "*.bhs.com"))), "", "", ""},
		{"a wildcard stands for one label", append(gatewayFor("a.b.bhs.com"), readyCertificate(60*day, "*.bhs.com"), tlsSecret("orthweb-secret", ca, signedBy(t, ca, 60*day, "*.bhs.com"))), "OW6117 HostNotCovered Critical", "is not valid for a.b.bhs.com", "Add a.b.bhs.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			snap := pkiScenario{Objects: c.objects}.snapshot()
			x := newContext(snap, nil)
			out := engine.NewWalk(x).From(object.Ref{APIVersion: "cert-manager.io/v1", Kind: "Certificate", Namespace: "bhs-orthweb", Name: "orthweb-cert"}, false)
			var got []string
			var findings []finding.Finding
			for _, f := range out.Causes {
				got = append(got, string(f.Code)+" "+f.Reason+" "+string(f.Severity))
				findings = append(findings, f.Finding)
				sound(t, f.Finding)
				readBack(t, snap, f.Finding)
				if !strings.Contains(f.Message, c.message) {
					t.Errorf("says %q", f.Message)
				}
				if !slices.ContainsFunc(f.Fixes, func(fix finding.Fix) bool { return strings.Contains(fix.Text+" "+fix.Command, c.fix) }) {
					t.Errorf("no fix %q: %+v", c.fix, f.Fixes)
				}
			}
			compareMessages(t, findings)
			if want := c.want; strings.Join(got, "; ") != want || len(out.Unknown) > 0 {
				t.Errorf("got %q %v, want %q", got, out.Unknown, want)
			}
		})
	}
}

// TestCertificateOfSecretsThatMayNotBeRead checks that a Certificate is ready if its
// status reports it and its Secret can't be read.
func TestCertificateOfSecretsThatMayNotBeRead(t *testing.T) {
	snap := pkiScenario{Forbidden: []string{"Secret"}, Objects: append(gatewayFor("web.bhs.com"), readyCertificate(24*time.Hour*60, "web.bhs.com"), caIssuer())}.snapshot()
	out := engine.NewWalk(newContext(snap, nil)).From(object.Ref{APIVersion: "cert-manager.io/v1", Kind: "Certificate", Namespace: "bhs-orthweb", Name: "orthweb-cert"}, false)
	if len(out.Causes)+len(out.Unknown) > 0 {
		t.Errorf("%+v", out)
	}
}
