package validate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

const own, byDefault = "admin:" + secret, "admin:orthanc"

// TestNoPasswordWithoutVerification checks that no credentials are sent over a connection to a
// server whose certificate was not verified, for any reason; the checks must report that, and
// none that needs them may pass.
func TestNoPasswordWithoutVerification(t *testing.T) {
	t.Parallel()
	unread := func(s *setup) { s.subject.CAs, s.subject.CAUnread = nil, "you may not read it" }
	otherCA := func(s *setup) {
		s.options.Insecure = true
		s.subject.CAs = []*x509.Certificate{peers.Issue(s.t, nil, "mhr-ca", nil).Certificate}
	}
	served := func(change func(*x509.Certificate)) func(*setup) {
		return func(s *setup) {
			s.options.Insecure = true
			s.web.config.Certificates = []tls.Certificate{*peers.Issue(s.t, s.authority, serverHost, change).TLS()}
		}
	}
	for _, c := range []struct {
		about  string
		change func(*setup)
	}{
		{"the CA could not be read", unread},
		{"the CA could not be read, and --insecure", func(s *setup) { unread(s); s.options.Insecure = true }},
		{"the CA could not be read, through the API server", func(s *setup) {
			unread(s)
			s.options.Via, s.options.Dial = endpoint.ViaPortForward, dialPlace
		}},
		{"the CA could not be read, and client certificates", func(s *setup) {
			s.secure(&s.web, tls.RequireAndVerifyClientCert)
			unread(s)
		}},
		{"another CA, and --insecure", otherCA},
		{"expired, and --insecure", served(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })},
		{"another name, and --insecure", served(func(c *x509.Certificate) { c.IPAddresses = nil })},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			s, other := newTenant(t, "bhs"), newTenant(t, "mhr")
			c.change(s)
			s.subject.Others = []check.Subject{other.start(t)}
			checks := s.run(t)
			if sent := s.archive.sent(); len(sent) > 0 {
				t.Errorf("sent %q", sent)
			}
			if other.archive.sent() != nil && !slices.Equal(other.archive.sent(), []string{own}) {
				t.Errorf("the other was sent %q", other.archive.sent())
			}
			for name, message := range map[string]string{
				"web-page": "the password was not sent", "web-default-password": "was not tested", "web-system": "the password was not sent",
				"dicom-store": "the password was not sent",
			} {
				if got := named(t, checks, name); got.Outcome != check.Skip || !strings.Contains(got.Found, message) {
					t.Errorf("%+v", got)
				}
			}
			if check.Worst(checks) != check.Skip {
				t.Errorf("what is not known is judged:\n%s", verdicts(checks))
			}
			if s.archive.len() > 0 {
				t.Error("images are left")
			}
		})
	}
}

// dialPlace connects to a place, as an Options.Dial.
func dialPlace(ctx context.Context, _ check.Subject, p check.Endpoint) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(p.Host, strconv.FormatInt(p.Port, 10)))
}

// TestPasswordOverVerifiedConnections checks that --insecure has no effect if the certificate
// is valid.
func TestPasswordOverVerifiedConnections(t *testing.T) {
	t.Parallel()
	for _, insecure := range []bool{false, true} {
		s := newTenant(t, "bhs")
		s.options.Insecure = insecure
		checks := s.run(t)
		if sent := s.archive.sent(); !slices.Equal(sent, []string{byDefault, own}) {
			t.Errorf("sent %q", sent)
		}
		if named(t, checks, "study-found").Outcome != check.Pass || named(t, checks, "clean-up").Outcome != check.Pass {
			t.Error(verdicts(checks))
		}
	}
}

// TestOpenWebWithoutVerification checks that an open web gets no password, and that the study
// is found and removed.
func TestOpenWebWithoutVerification(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.archive.open, s.subject.CAs, s.subject.CAUnread = true, nil, "you may not read it"
	checks := s.run(t)
	if sent := s.archive.sent(); len(sent) > 0 {
		t.Errorf("sent %q", sent)
	}
	for name, want := range map[string]check.Outcome{"web-page": check.Pass, "web-default-password": check.Warn, "web-system": check.Pass, "study-found": check.Pass, "clean-up": check.Pass} {
		if got := named(t, checks, name); got.Outcome != want {
			t.Errorf("%+v", got)
		}
	}
	if got := named(t, checks, "web-page"); !strings.Contains(got.Found, "the password was not sent") {
		t.Errorf("%+v", got)
	}
}

// TestServerChangesDuringValidation checks that each connection is verified, not only the
// first.
func TestServerChangesDuringValidation(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	var foreign atomic.Bool
	s.web.config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if foreign.Load() {
			return &tls.Config{Certificates: []tls.Certificate{*peers.Issue(t, peers.Issue(t, nil, "mhr-ca", nil), serverHost, nil).TLS()}}, nil
		}
		return nil, nil
	}
	var sentThen []string
	s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == web.Explorer {
			foreign.Store(true)
			w.Header().Set("Connection", "close")
			sentThen = s.archive.sent()
		}
		return false
	}
	checks := s.run(t)
	if sent := s.archive.sent(); !slices.Equal(sent, sentThen) || !slices.Equal(sent, []string{own}) {
		t.Errorf("sent %q, and before %q", sent, sentThen)
	}
	if got := named(t, checks, "web-system"); got.Outcome != check.Fail || !strings.Contains(got.Found, "could not be verified") {
		t.Errorf("%+v", got)
	}
}

// TestRedirectReceivesNoPassword has a tenant whose web redirects clients to another.
func TestRedirectReceivesNoPassword(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		s, other := newTenant(t, "bhs"), newTenant(t, "mhr")
		at := other.start(t).Web
		s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://"+net.JoinHostPort(at.Host, strconv.FormatInt(at.Port, 10))+r.URL.Path, status)
			return true
		}
		checks := s.run(t)
		if sent := other.archive.sent(); len(sent) > 0 {
			t.Errorf("sent %q to where it was redirected", sent)
		}
		if got := named(t, checks, "web-page"); got.Outcome != check.Fail || got.Code != check.CodeWebRedirect {
			t.Errorf("%+v", got)
		}
	}
}

// TestOtherTenantsUseTheirOwnPassword checks that the web of each other tenant gets its own
// password, or none.
func TestOtherTenantsUseTheirOwnPassword(t *testing.T) {
	t.Parallel()
	certificate := func(password string) check.Credentials { return check.NewCredentials("mhr", "reader", password) }
	fetch := func(c check.Credentials, err error) func(context.Context) (check.Credentials, error) {
		return func(context.Context) (check.Credentials, error) { return c, err }
	}
	for _, c := range []struct {
		about  string
		change func(bhs, mhr *setup)
		sent   []string
		want   outcome
	}{
		{about: "none", change: func(_, mhr *setup) { mhr.subject.Login = check.Credentials{} },
			want: outcome{"study-elsewhere", check.Skip, "", "mhr could not be queried: it requires a password, and none was given for it"}},
		{about: "none, and none is wanted", change: func(_, mhr *setup) { mhr.subject.Login, mhr.archive.open = check.Credentials{}, true },
			want: outcome{"study-elsewhere", check.Pass, "", "not in the archive of mhr"}},
		{about: "its own", change: func(_, mhr *setup) {
			mhr.subject.Login, mhr.archive.passwords = certificate("certificate"), map[string]string{"reader": "certificate"}
		}, sent: []string{"reader:certificate"}, want: outcome{"study-elsewhere", check.Pass, "", "not in the archive of mhr"}},
		{about: "its own, fetched", change: func(_, mhr *setup) {
			mhr.subject.Login, mhr.subject.FetchLogin = check.Credentials{}, fetch(certificate("certificate"), nil)
			mhr.archive.passwords = map[string]string{"reader": "certificate"}
		}, sent: []string{"reader:certificate"}, want: outcome{"study-elsewhere", check.Pass, "", "not in the archive of mhr"}},
		{about: "its own can't be read", change: func(_, mhr *setup) {
			mhr.subject.Login, mhr.subject.FetchLogin = check.Credentials{}, fetch(check.Credentials{}, errors.New("you may not read its Secret"))
		}, want: outcome{"study-elsewhere", check.Skip, "", "mhr could not be queried: you may not read its Secret"}},
		{about: "another tenant's by mistake", change: func(bhs, mhr *setup) { mhr.subject.Login = bhs.subject.Login },
			want: outcome{"study-elsewhere", check.Skip, "", "the password of bhs is not for mhr"}},
		{about: "its CA could not be read", change: func(_, mhr *setup) { mhr.subject.CAs, mhr.subject.CAUnread = nil, "you may not" },
			want: outcome{"study-elsewhere", check.Skip, "", "its CA is not known: you may not"}},
		{about: "its CA could not be read, and --insecure", change: func(bhs, mhr *setup) { bhs.options.Insecure, mhr.subject.CAs = true, nil },
			want: outcome{"study-elsewhere", check.Skip, "", "could not be verified: its CA is not known"}},
		{about: "another CA, and --insecure", change: func(bhs, mhr *setup) {
			bhs.options.Insecure, mhr.subject.CAs = true, bhs.subject.CAs
		}, want: outcome{"study-elsewhere", check.Skip, "", "mhr could not be queried: the server's certificate could not be verified: "}},
		{about: "it misrouted there, and is removed with its own", change: func(bhs, mhr *setup) {
			bhs.archive.into = mhr.archive
			mhr.subject.Login, mhr.archive.passwords = certificate("certificate"), map[string]string{"reader": "certificate"}
		}, sent: []string{"reader:certificate"}, want: outcome{"clean-up", check.Pass, "", "removed from mhr"}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			bhs, mhr := newTenant(t, "bhs"), newTenant(t, "mhr")
			c.change(bhs, mhr)
			bhs.subject.Others = []check.Subject{mhr.start(t)}
			checks := bhs.run(t)
			if sent := mhr.archive.sent(); !slices.Equal(sent, c.sent) {
				t.Errorf("sent %q, want %q", sent, c.sent)
			}
			if got := named(t, checks, c.want.name); got.Outcome != c.want.outcome || !strings.Contains(got.Found, c.want.message) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestUnresponsiveTenant checks that an unresponsive tenant does not delay the others.
func TestUnresponsiveTenant(t *testing.T) {
	t.Parallel()
	bhs, ahs, mhr := newTenant(t, "bhs"), newTenant(t, "ahs"), newTenant(t, "mhr")
	bhs.options.Timeout = shortTimeout
	ahs.web.instead = silence
	bhs.subject.Others = []check.Subject{ahs.start(t), mhr.start(t)}
	got := named(t, bhs.run(t), "study-elsewhere")
	if got.Outcome != check.Pass || got.Found != "not in the archive of mhr; ahs could not be queried: timed out waiting for a response" {
		t.Errorf("%+v", got)
	}
}

// TestCredentialsAreNotPrinted checks that no verb of fmt prints them.
func TestCredentialsAreNotPrinted(t *testing.T) {
	s := check.Subject{Login: check.NewCredentials("bhs", "admin", secret), Others: []check.Subject{{Login: check.NewCredentials("mhr", "admin", secret)}}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, s) + fmt.Sprintf(verb, s.Login) + fmt.Sprintf(verb, &s.Login); strings.Contains(text, secret) || strings.Contains(text, hex.EncodeToString([]byte(secret))) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	if text, err := json.Marshal(map[string]any{"login": s.Login}); err != nil || strings.Contains(string(text), secret) {
		t.Errorf("%s, %v", text, err)
	}
	if got := fmt.Sprint(s.Login, check.NewCredentials("bhs", "", secret)); got != "admin of bhs, password hidden none" {
		t.Errorf("%s", got)
	}
}
