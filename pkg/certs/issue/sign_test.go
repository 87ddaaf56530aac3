package issue

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

const ownIssuer = "- {kind: Issuer, metadata: {name: int-ca-issuer, namespace: bhs-orthweb}, spec: {ca: {secretName: own}}}\n"

// caFor is a CA that is valid for the given number of days around the time of the tests.
func caFor(t *testing.T, days int) *peers.Issuer {
	t.Helper()
	return peers.Issue(t, nil, "bhs-ca", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = now.AddDate(0, 0, -1), now.AddDate(0, 0, days)
	})
}

// secretOf is the Secret of a CA.
func secretOf(t *testing.T, ca *peers.Issuer) *unstructured.Unstructured {
	t.Helper()
	key, err := certs.EncodeKey(ca.Key)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.StdEncoding.EncodeToString
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"namespace": "bhs-orthweb", "name": "own"},
		"data": map[string]any{"tls.crt": encode(ca.PEM()), "tls.key": encode(key)},
	}}
}

// wantedRequest is a request with its own subject.
func wantedRequest(t *testing.T) Request {
	t.Helper()
	subject, err := certs.ParseSubject("CN=ct1")
	if err != nil {
		t.Fatal(err)
	}
	return Request{Algorithm: certs.ECDSA, Subject: subject}
}

// TestIssueBySecret signs with the CA's key from its Secret. The end of the CA is known only
// after it is read.
func TestIssueBySecret(t *testing.T) {
	for _, c := range []struct {
		about    string
		days     int
		lifetime Lifetime
		end      time.Time
		notices  int
		err      string
	}{
		{about: "as long as requested", days: 30, lifetime: Lifetime{Duration: 24 * time.Hour}, end: now.Add(24 * time.Hour), notices: 2},
		{about: "longer than the CA", days: 30, lifetime: Lifetime{Duration: 365 * 24 * time.Hour}, err: "would outlive the CA"},
		{about: "as long as the CA", days: 30, lifetime: Lifetime{Duration: 365 * 24 * time.Hour, Shorten: true}, end: now.AddDate(0, 0, 30).Add(-slack), notices: 5},
	} {
		ca := caFor(t, c.days)
		api := fakeapi.New(t, secretOf(t, ca))
		plan, err := NewPlan(issuers(t, ownIssuer), bhs, Options{Via: ViaSecret, Lifetime: c.lifetime, Request: wantedRequest(t)})
		if err != nil {
			t.Fatal(err)
		}
		if plan.SignedBy() != "Secret/bhs-orthweb/own" {
			t.Errorf("%s: signed by %s", c.about, plan.SignedBy())
		}
		var notices []string
		issued, err := plan.Issue(t.Context(), &request.Config{Host: api.URL}, Reporter{Notice: func(text string) { notices = append(notices, text) }})
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.about, err, c.err)
		}
		if err != nil {
			continue
		}
		if !issued.Chain[0].NotAfter.Equal(c.end) || issued.Chain[0].CheckSignatureFrom(ca.Certificate) != nil || !issued.CA[0].Equal(ca.Certificate) || issued.Key == nil {
			t.Errorf("%s: until %s, want %s", c.about, issued.Chain[0].NotAfter, c.end)
		}
		if len(notices) != c.notices || !strings.Contains(notices[0], "Secret bhs-orthweb/own") {
			t.Errorf("%s: %q", c.about, notices)
		}
	}
}

// TestIssueErrors checks that a failure to sign a request returns an error that the caller can
// identify.
func TestIssueErrors(t *testing.T) {
	api := fakeapi.New(t)
	config := &request.Config{Host: api.URL}
	api.Fail("/certificaterequests(/[^/]+)?$", fakeapi.Status(403, "Forbidden", "no"))
	for via, want := range map[Via]string{ViaIssuer: "no", ViaSecret: "not found"} {
		plan, err := NewPlan(issuers(t, ownIssuer), bhs, Options{Via: via, Timeout: time.Minute, Lifetime: Lifetime{Duration: time.Hour}, Request: wantedRequest(t)})
		if err != nil {
			t.Fatal(err)
		}
		var waiting *issuance.WaitingError
		if issued, err := plan.Issue(t.Context(), config, Reporter{}); err == nil || !strings.Contains(err.Error(), want) || errors.As(err, &waiting) || issued.Chain != nil {
			t.Errorf("%s: %v, want %q", via, err, want)
		}
	}
	if !slices.ContainsFunc(api.Requests(), func(r fakeapi.Request) bool { return r.Method == "POST" }) {
		t.Error("no CertificateRequest was created")
	}
}
