package validate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
)

// TestSecretsStaySecret makes everything fail that gets the password or the key, and searches
// all output for them.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	echo := func(status int) func(*setup) {
		return func(s *setup) {
			s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				_, password, _ := r.BasicAuth()
				w.WriteHeader(status)
				_, _ = io.WriteString(w, r.Header.Get("Authorization")+" "+password)
				return true
			}
		}
	}
	for _, c := range []struct {
		about  string
		change func(*setup)
	}{
		{about: "nothing fails", change: func(*setup) {}},
		{about: "a page that gives the request back", change: echo(http.StatusOK)},
		{about: "an error that does", change: echo(http.StatusBadGateway)},
		{about: "the password refused", change: func(s *setup) { s.archive.passwords = nil }},
		{about: "the certificate refused", change: func(s *setup) { s.web.config.ClientCAs = peers.Issue(t, nil, "mhr-ca", nil).Pool() }},
		{about: "a key that doesn't fit its certificate", change: func(s *setup) {
			own, _ := s.subject.Client(t.Context())
			wrong := *own
			wrong.Certificate = peers.Issue(s.t, s.authority, serverHost, nil).TLS().Certificate
			s.subject.Client = func(context.Context) (*tls.Certificate, error) { return &wrong, nil }
		}},
		{about: "silence", change: func(s *setup) { s.options.Timeout, s.web.instead = shortTimeout, silence }},
		{about: "a redirect", change: func(s *setup) {
			s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "https://admin:"+secret+"@127.0.0.1:1/", http.StatusFound)
				return true
			}
		}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			s := newTenant(t, "bhs")
			s.secure(&s.web, tls.RequireAndVerifyClientCert)
			own, err := s.subject.Client(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
			if err != nil {
				t.Fatal(err)
			}
			c.change(s)
			checks := s.run(t)
			text, err := json.Marshal(checks)
			if err != nil {
				t.Fatal(err)
			}
			reported := string(text) + fmt.Sprintf("%+v %#v", checks, checks)
			for what, never := range map[string]string{
				"password": secret, "password in Basic": base64.StdEncoding.EncodeToString([]byte("admin:" + secret)),
				"key": base64.StdEncoding.EncodeToString(der)[60:100], "key in hexadecimal": hex.EncodeToString(der)[80:120],
			} {
				if strings.Contains(reported, never) {
					t.Errorf("the %s is told:\n%s", what, verdicts(checks))
				}
			}
		})
	}
}
