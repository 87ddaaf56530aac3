package issue

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// TestCreate checks that the subject and its alternative name are those of the tenant, unless
// others are specified, and that an existing request is signed unchanged.
func TestCreate(t *testing.T) {
	parsed := func(text string) Request {
		subject, err := certs.ParseSubject(text)
		if err != nil {
			t.Fatal(err)
		}
		return Request{Algorithm: certs.ECDSA, Subject: subject}
	}
	for _, c := range []struct {
		about, domain string
		request       Request
		subject, err  string
		names         []string
	}{
		{about: "by default", domain: "bhs.orthweb.com", request: Request{Algorithm: certs.ECDSA}, subject: "CN=dcmclient.bhs.orthweb.com", names: []string{"dcmclient.bhs.orthweb.com"}},
		{about: "other names", domain: "bhs.orthweb.com", request: Request{Algorithm: certs.ECDSA, Names: certs.Names{DNS: []string{"ct1"}}}, subject: "CN=dcmclient.bhs.orthweb.com", names: []string{"ct1"}},
		{about: "another subject", domain: "bhs.orthweb.com", request: parsed("CN=ct1"), subject: "CN=ct1"},
		{about: "another subject of a tenant without names", request: parsed("CN=ct1"), subject: "CN=ct1"},
		{about: "a tenant without names", request: Request{Algorithm: certs.ECDSA}, err: "the tenant's host names are not known"},
	} {
		var steps []string
		made, err := c.request.create(t.Context(), c.domain, Reporter{Step: func(text string) { steps = append(steps, text) }})
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", c.about, err, c.err)
		}
		if err != nil {
			continue
		}
		if got := certs.FormatRawSubject(made.content.RawSubject); got != c.subject || !slices.Equal(made.content.DNSNames, c.names) || made.key == nil {
			t.Errorf("%s: %s with the names %q", c.about, got, made.content.DNSNames)
		}
		if !slices.Equal(steps, []string{"Generating a private key (ecdsa)"}) {
			t.Errorf("%s: %q", c.about, steps)
		}
		again, err := Request{Given: made.content}.create(t.Context(), "", Reporter{})
		if err != nil || again.content != made.content || again.key != nil {
			t.Errorf("%s: as a given request: %v", c.about, err)
		}
	}
}

// TestCreateInterrupted checks that generating a key, which takes seconds if it is large, ends
// with the context.
func TestCreateInterrupted(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Request{Algorithm: certs.RSA, KeySize: 2048}).create(ended, "bhs.orthweb.com", Reporter{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestPrefix checks that the name of a CertificateRequest is that of its requester, in the
// characters that Kubernetes allows.
func TestPrefix(t *testing.T) {
	for name, want := range map[string]string{
		"ct1.bhs.orthweb.com":   "orthweb-ct1-bhs-orthweb-com-",
		"*.BHS":                 "orthweb-bhs-",
		"--é--":                 "orthweb--",
		strings.Repeat("a", 50): "orthweb-" + strings.Repeat("a", 40) + "-",
	} {
		subject, err := certs.ParseSubject("CN=" + name)
		if err != nil {
			t.Fatal(err)
		}
		made, err := Request{Algorithm: certs.ECDSA, Subject: subject}.create(t.Context(), "", Reporter{})
		if err != nil {
			t.Fatal(err)
		}
		if got := made.prefix(); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
