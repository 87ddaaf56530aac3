//go:build peers

package validate

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// rsaKey is generated once, because it takes long.
var rsaKey = func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}()

// TestDICOMFronts has an Orthanc behind proxies of many kinds. echoscu, which sends no SNI,
// succeeds where dicom-devices and dicom-echo pass, and fails where one of them or dicom-tls
// fails.
func TestDICOMFronts(t *testing.T) {
	archive := peers.StartOrthanc(t, nil)
	ca := peers.Issue(t, nil, "bhs-ca", nil)
	dir := t.TempDir()
	anchor, _ := ca.Write(t, dir, "ca")
	peers.IssueFor(t, rsaKey, ca, "localhost", nil).Write(t, dir, "server")
	peers.IssueFor(t, rsaKey, ca, "other.example.com", func(c *x509.Certificate) { c.IPAddresses = nil }).Write(t, dir, "other")
	peers.IssueFor(t, rsaKey, peers.Issue(t, nil, "mhr-ca", nil), "mhr.example.com", func(c *x509.Certificate) { c.IPAddresses = nil }).Write(t, dir, "mhr")
	peers.Issue(t, ca, "localhost", nil).Write(t, dir, "ecdsa")
	// Every bind sets the cipher suites, so that Debian's defaults do not matter.
	const front = "global\n  tune.ssl.default-dh-param 2048\nlisten dicom\n  bind %s %s\n  server orthanc %s\n"
	for _, c := range []struct {
		about string
		bind  string
		// echo are options of echoscu in addition to those for TLS; works is its result.
		echo    []string
		works   bool
		check   string
		want    check.Outcome
		code    finding.Code
		message string
	}{
		{about: "as delivered", bind: "ssl crt server.both.pem", works: true, check: "dicom-devices", want: check.Pass, message: "devices from before 2022"},
		{about: "named hosts alone", bind: "ssl crt server.both.pem strict-sni", check: "dicom-devices", want: check.Fail, code: check.CodeSNINeeded, message: "clients without SNI, such as most modalities, cannot connect"},
		{about: "another certificate without a name", bind: "ssl crt other.both.pem crt server.both.pem", works: true, check: "dicom-devices", want: check.Warn,
			code: check.CodeOtherWithoutSNI, message: "localhost"}, // echoscu does not verify names
		{about: "another tenant's certificate without a name", bind: "ssl crt mhr.both.pem crt server.both.pem", check: "dicom-devices", want: check.Fail,
			code: check.CodeOtherWithoutSNI, message: "get another certificate: "},
		{about: "TLS 1.3 alone", bind: "ssl crt server.both.pem ssl-min-ver TLSv1.3", works: true, check: "dicom-devices", want: check.Fail, code: check.CodeDevicesRefused, message: "devices with TLS 1.2 only"},
		{about: "TLS 1.2 with ECDHE alone", bind: "ssl crt server.both.pem ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256", works: true, check: "dicom-devices", want: check.Pass, message: "before 2022"},
		{about: "a suite that older devices lack", bind: "ssl crt server.both.pem ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-CHACHA20-POLY1305", check: "dicom-devices", want: check.Fail, code: check.CodeDevicesRefused, message: "devices cannot connect"},
		{about: "X25519 alone", bind: "ssl crt server.both.pem curves X25519", check: "dicom-devices", want: check.Fail, code: check.CodeDevicesRefused, message: "current devices (TLS 1.3 or 1.2)"},
		{about: "P-384 alone", bind: "ssl crt server.both.pem curves P-384", works: true, check: "dicom-devices", want: check.Pass, message: "before 2022"},
		{about: "an ECDSA certificate", bind: "ssl crt ecdsa.both.pem", works: true, check: "dicom-devices", want: check.Warn, code: check.CodeOlderDevicesRefused, message: "devices from before 2022"},
		{about: "an ECDSA certificate, TLS 1.2 alone", bind: "ssl crt ecdsa.both.pem ssl-max-ver TLSv1.2", check: "dicom-devices", want: check.Warn, code: check.CodeOlderDevicesRefused, message: "devices from before 2022"},
		{about: "static RSA alone", bind: "ssl crt server.both.pem ssl-max-ver TLSv1.2 ciphers AES128-SHA:@SECLEVEL=0", echo: []string{"+px"}, works: true, check: "dicom-tls", want: check.Fail, code: check.CodeOldSuites,
			message: "older DICOM toolkits connect"},
		{about: "DHE alone", bind: "ssl crt server.both.pem ssl-max-ver TLSv1.2 ciphers DHE-RSA-AES128-GCM-SHA256", works: true, check: "dicom-tls", want: check.Fail, code: check.CodeOldSuites,
			message: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		{about: "TLS 1.1 alone", bind: "ssl crt server.both.pem ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1 ciphers ALL:@SECLEVEL=0", check: "dicom-tls", want: check.Fail, code: check.CodeOldTLS, message: "TLS 1.1"},
		{about: "PROXY protocol expected", bind: "accept-proxy ssl crt server.both.pem", check: "dicom-tls", want: check.Fail, code: check.CodeProxyProtocol, message: "expects a PROXY protocol header"},
		{about: "DICOM in the clear", bind: "", check: "dicom-tls", want: check.Fail, code: check.CodePlainDICOM, message: "it was accepted"},
	} {
		t.Run(c.about, func(t *testing.T) {
			port := peers.Port(t)
			own := filepath.Join(dir, strings.ReplaceAll(c.about, " ", "-"))
			if err := os.MkdirAll(own, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"server.both.pem", "ecdsa.both.pem", "other.both.pem", "mhr.both.pem"} {
				if err := os.Link(filepath.Join(dir, name), filepath.Join(own, name)); err != nil {
					t.Fatal(err)
				}
			}
			peers.StartHAProxy(t, own, fmt.Sprintf(front, peers.Address(port), c.bind, peers.Address(archive.DICOMPort)), port)
			args := append([]string{"--anonymous-tls", "--add-cert-file", anchor, "-aec", "ORTHANC", "--timeout", "5"}, c.echo...)
			echo := peers.Ask(t, "echoscu", append(args, "localhost", fmt.Sprint(port))...)
			if echo.OK() != c.works {
				t.Errorf("echoscu: exit status %d\n%s", echo.Status, echo.Text)
			}
			s := check.Subject{
				Tenant: "bhs", Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, CAs: []*x509.Certificate{ca.Certificate},
				Web: check.Endpoint{Host: "localhost", Port: int64(archive.HTTPPort)}, DICOM: check.Endpoint{Host: "localhost", Port: int64(port), Known: true},
			}
			checks := Run(t.Context(), s, check.Options{Calling: "ORTHWEB", Called: "ORTHANC", Timeout: 10 * time.Second, Via: "address"}, nil)
			outcome{c.check, c.want, c.code, c.message}.check(t, checks)
			if ours := named(t, checks, "dicom-echo").Outcome == check.Pass && named(t, checks, "dicom-devices").Outcome == check.Pass; ours && !echo.OK() {
				t.Errorf("echoscu fails where everything passes:\n%s\n%s", echo.Text, verdicts(checks))
			}
		})
	}
}
