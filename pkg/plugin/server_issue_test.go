package plugin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

func encoded(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// sign signs a changed request as the CA would.
func (a testCA) sign(t *testing.T, request []byte, now time.Time, change func(*x509.Certificate)) []byte {
	t.Helper()
	block, _ := pem.Decode(request)
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Error(err)
		return nil
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), RawSubject: csr.RawSubject, DNSNames: csr.DNSNames, EmailAddresses: csr.EmailAddresses,
		IPAddresses: csr.IPAddresses, URIs: csr.URIs, PublicKey: csr.PublicKey,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(0, 0, 30),
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, template.PublicKey, a.key)
	if err != nil {
		t.Error(err)
		return nil
	}
	return encoded(der)
}

// certManager answers the requests for CertificateRequests: it signs created ones, or does what
// the test configures.
type certManager struct {
	status func(request []byte) map[string]any
	// uid is the UID of the object at each request; the last one repeats.
	uids []string

	mu      sync.Mutex
	object  map[string]any
	deleted bool
}

func (c *certManager) fault(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch r.Method {
		case http.MethodPost:
			_ = json.NewDecoder(r.Body).Decode(&c.object)
		case http.MethodDelete:
			c.deleted = true
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Success"}`)
			return
		default:
			if c.object == nil {
				next.ServeHTTP(w, r)
				return
			}
			var spec struct{ Spec struct{ Request []byte } }
			content, _ := json.Marshal(c.object)
			_ = json.Unmarshal(content, &spec)
			c.object["status"] = c.status(spec.Spec.Request)
		}
		c.object["metadata"].(map[string]any)["uid"] = c.uids[0]
		if len(c.uids) > 1 {
			c.uids = c.uids[1:]
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(c.object)
	})
}

func condition(kind, status, reason, message string) map[string]any {
	return map[string]any{"type": kind, "status": status, "reason": reason, "message": message}
}

func issuedAs(certificate, ca []byte) map[string]any {
	return map[string]any{"certificate": certificate, "ca": ca, "conditions": []any{
		condition("Approved", "True", "cert-manager.io", "yes"), condition("Ready", "True", "Issued", "done"),
	}}
}

// TestIssueFromOther checks that a certificate that differs from the requested one is not
// written, and that the request is deleted.
func TestIssueFromOther(t *testing.T) {
	now := fakeapi.Example(t, "healthy").Meta().At
	ca, other := newTestCA(t, "int-ca", now), newTestCA(t, "other-ca", now)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	asRequested := func(*x509.Certificate) {}
	signed := func(by testCA, change func(*x509.Certificate)) func([]byte) map[string]any {
		return func(request []byte) map[string]any {
			return issuedAs(by.sign(t, request, now, change), encoded(ca.certificate.Raw))
		}
	}
	always := func(status map[string]any) func([]byte) map[string]any {
		return func([]byte) map[string]any { return status }
	}
	for _, test := range []struct {
		about  string
		status func(request []byte) map[string]any
		uids   []string
		code   int
		want   string
	}{
		{about: "as requested", status: signed(ca, asRequested)},
		{about: "for another key", status: signed(ca, func(c *x509.Certificate) { c.PublicKey = stranger.Public() }), code: int(command.Unclear), want: "signed a certificate that differs from the request"},
		{about: "for another subject", status: signed(ca, func(c *x509.Certificate) { c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "admin"} }), code: int(command.Unclear), want: "signed a certificate that differs from the request"},
		{about: "ended", status: signed(ca, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.AddDate(-1, 0, 0), now.AddDate(0, 0, -1) }), code: int(command.Unclear), want: "which is not now"},
		{about: "not yet valid", status: signed(ca, func(c *x509.Certificate) { c.NotBefore = now.AddDate(0, 0, 7) }), code: int(command.Unclear), want: "which is not now"},
		{about: "a CA", status: signed(ca, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), code: int(command.Unclear), want: "signed a certificate that differs from the request"},
		{about: "by another CA", status: signed(other, asRequested), code: int(command.Unclear), want: "not signed by the CA that the signer names"},
		{about: "no PEM", status: always(issuedAs([]byte("garbage \x1b[31m"), nil)), code: int(command.Unclear), want: "reading the certificate that int-ca-issuer signed"},
		{about: "PEM of nothing", status: always(issuedAs(encoded([]byte("\x00")), nil)), code: int(command.Unclear), want: "reading the certificate that int-ca-issuer signed"},
		{about: "PEM of 8 MiB", status: always(issuedAs(bytes.Repeat([]byte("A"), 8<<20), nil)), code: int(command.Expired), want: "the answer is larger than the limit of 4 MiB"},
		{about: "denied", status: always(map[string]any{"conditions": []any{condition("Denied", "True", "policy\x1b[31m", "not\nyou\x07")}}), code: int(command.Unclear), want: "was denied: not you"},
		{about: "failed", status: always(map[string]any{"conditions": []any{condition("Ready", "False", "Failed", strings.Repeat("\x1b[2J", 1<<17))}}), code: int(command.Unclear), want: "failed: "},
		{about: "never signed", status: always(map[string]any{"conditions": []any{condition("Approved", "True", "a", "b"), condition("Ready", "False", "Pending", "soon\x1b[2J")}}), code: int(command.Expired), want: "was not signed in time: the issuer reports: soon"},
		{about: "replaced", uids: []string{"a", "a", "b"}, status: func() func([]byte) map[string]any {
			looked := 0
			return func(request []byte) map[string]any {
				if looked++; looked < 2 {
					return map[string]any{}
				}
				return signed(ca, asRequested)(request)
			}
		}(), code: int(command.Unclear), want: "it was deleted, and another of the same name was created"},
	} {
		t.Run(test.about, func(t *testing.T) {
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			if test.uids == nil {
				test.uids = []string{"a"}
			}
			signer := &certManager{status: test.status, uids: test.uids}
			api.Fail("/certificaterequests(/[^/]+)?$", signer.fault)
			dir := t.TempDir()
			code, stderr := issue(t.Context(), api, dir, "--timeout=2s")
			if code != test.code || !strings.Contains(stderr, test.want) || strings.ContainsAny(stderr, "\x1b\x07") || len(stderr) > 4000 {
				t.Errorf("exit %d, want %d with %q:\n%.4000q", code, test.code, test.want, stderr)
			}
			if left := filesIn(t, dir); (left != "") != (test.code == int(command.Yes)) {
				t.Errorf("files: %q", left)
			}
			if !signer.deleted {
				t.Error("the request is left")
			}
		})
	}
}

// TestIssueInterrupted checks that an interrupt ends an endless wait within a second.
func TestIssueInterrupted(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	signer := &certManager{uids: []string{"a"}, status: func([]byte) map[string]any { return map[string]any{} }}
	api.Fail("/certificaterequests(/[^/]+)?$", signer.fault)
	ctx, interrupt := context.WithCancel(t.Context())
	dir, done := t.TempDir(), make(chan int, 1)
	go func() {
		code, _ := issue(ctx, api, dir, "--timeout=10m")
		done <- code
	}()
	api.WaitFor("/certificaterequests/[^/]+$", 2)
	interrupt()
	select {
	case code := <-done:
		if code != ExitInterrupted || filesIn(t, dir) != "" || !signer.deleted {
			t.Errorf("exit %d, files %q, deleted %t", code, filesIn(t, dir), signer.deleted)
		}
	case <-time.After(time.Second):
		t.Error("still at it a second later")
	}
}

func issue(ctx context.Context, api *fakeapi.Server, dir string, more ...string) (int, string) {
	var stdout, stderr bytes.Buffer
	args := slices.Concat([]string{"kubectl-orthweb", "cert", "issue", "bhs", "--server=" + api.URL, "--key-algorithm=ecdsa", "--output-dir=" + dir}, more)
	code := Run(ctx, args, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &stdout, ErrOut: &stderr})
	return code, stderr.String()
}
