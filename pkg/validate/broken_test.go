package validate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// The checks that stand on a door, without those of the door itself.
const (
	webOnly = "web-page web-default-password web-system" // where DICOM fails as well
	webRest = webOnly + " study-found"
)

// brokenHop is a tenant with one thing wrong.
type brokenHop struct {
	about  string
	change func(*setup)
	late   func(*Subject) // after the servers are started
	fails  string
	code   finding.Code
	says   string
	// skipped are the checks that are skipped for it.
	skipped string
	// left is how many images nothing can be done about.
	left int
}

func (c brokenHop) check(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	if c.change != nil {
		c.change(s)
	}
	subject := s.start(t)
	if c.late != nil {
		c.late(&subject)
	}
	checks := Run(t.Context(), subject, s.options, nil)
	first, skipped := Check{}, []string(nil)
	for _, got := range checks {
		if first.Name == "" && got.Outcome == Fail {
			first = got
		}
		if got.After != "" && got.After == c.fails {
			skipped = append(skipped, got.Name)
		}
	}
	if first.Name != c.fails || first.Code != c.code || !strings.Contains(first.Found+strings.Join(first.Details, "\n"), c.says) {
		t.Errorf("first %q %q fails: %s %q", first.Name, first.Code, first.Found, first.Details)
	}
	if first.Expected == "" || first.Fix.Text == "" {
		t.Errorf("what was expected and what to do: %+v", first)
	}
	if got := strings.Join(skipped, " "); got != c.skipped {
		t.Errorf("skipped because %s failed: %s\nin\n%s", c.fails, got, verdicts(checks))
	}
	if n := s.archive.len(); n != c.left {
		t.Errorf("%d images are left", n)
	}
}

// closedPort is one where nobody listens.
func closedPort(p *Place) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	p.Port = int64(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
}

// dialFails connects to the tenant's web with an error.
func dialFails(s *setup, dial func(context.Context) error) {
	s.options.Dial = func(ctx context.Context, sub Subject, p Place) (net.Conn, error) {
		if p == sub.Web {
			return nil, dial(ctx)
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(p.Host, strconv.FormatInt(p.Port, 10)))
	}
}

func always(err error) func(context.Context) error { return func(context.Context) error { return err } }

func TestTheFirstBrokenDoorIsNamed(t *testing.T) {
	t.Parallel()
	const onTCP, onName = "web-tls web-certificate web-clients " + webRest, "web-tcp web-tls web-certificate web-clients " + webRest
	certificate := func(change func(*x509.Certificate)) func(*setup) {
		return func(s *setup) {
			s.web.config.Certificates = []tls.Certificate{*s.authority.issue(change)}
		}
	}
	for _, c := range []brokenHop{
		{about: "no address of the name, going by names", change: func(s *setup) { s.options.Via = "dns" }, late: func(s *Subject) { s.Web.Host = "web..bhs" },
			fails: "web-name", code: codeNameUnknown, says: "knows no address of web..bhs", skipped: onName},
		{about: "another address, going by names", change: func(s *setup) { s.options.Via = "dns" },
			late: func(s *Subject) {
				s.Web.Host, s.Addresses = "127.0.0.2", []netip.Addr{netip.MustParseAddr("127.0.0.1")}
			},
			fails: "web-name", code: codeNameElsewhere, says: "127.0.0.2 leads to 127.0.0.2", skipped: onName},
		{about: "nobody listens", late: func(s *Subject) { closedPort(&s.Web) }, fails: "web-tcp", code: codeRefused, says: "nothing listens at 127.0.0.1:", skipped: onTCP},
		{about: "no address is known", late: func(s *Subject) { s.Addresses = nil }, fails: "web-tcp", code: codeNoConnection, says: "no address", skipped: "web-tls web-certificate web-clients " + webOnly},
		{about: "packets are dropped", change: func(s *setup) {
			s.options.Timeout = 300 * time.Millisecond
			dialFails(s, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		}, fails: "web-tcp", code: codeNoAnswer, says: "no answer from 127.0.0.1:", skipped: onTCP},
		{about: "no route", change: func(s *setup) {
			dialFails(s, always(&net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}))
		}, fails: "web-tcp", code: codeNoRoute, says: "no way from this machine to 192.0.2.1:443", skipped: onTCP},
		{about: "something else", change: func(s *setup) { dialFails(s, always(errors.New("the tunnel is down"))) }, fails: "web-tcp", code: codeNoConnection, says: "the tunnel is down", skipped: onTCP},
		{about: "no TLS", change: func(s *setup) {
			s.web.instead = func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\n") }
		}, fails: "web-tls", code: codeNoTLS, says: "does not speak TLS", skipped: "web-certificate web-clients " + webRest},
		{about: "silence", change: func(s *setup) { s.options.Timeout, s.web.instead = 300*time.Millisecond, silence },
			fails: "web-tls", code: codeNoTLS, says: "no answer in time", skipped: "web-certificate web-clients " + webRest},
		{about: "TLS 1.1", change: func(s *setup) { s.web.config.MinVersion, s.web.config.MaxVersion = tls.VersionTLS11, tls.VersionTLS11 },
			fails: "web-tls", code: codeOldTLS, says: "TLS 1.1", skipped: "web-certificate web-clients " + webRest},
		{about: "expired", change: certificate(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
			fails: "web-certificate", code: codeServerExpired, says: "is good from", skipped: webRest},
		{about: "another name", change: certificate(func(c *x509.Certificate) { c.IPAddresses = nil }),
			fails: "web-certificate", code: codeServerName, says: "is not for 127.0.0.1", skipped: webRest},
		{about: "another authority", change: func(s *setup) {
			s.subject.Authorities = []*x509.Certificate{newAuthority(s.authority.t, "mhr-ca").cert}
		},
			fails: "web-certificate", code: codeServerUntrusted, says: "not signed by the tenant's authority CN=mhr-ca", skipped: webOnly},
		{about: "an authority made anew", change: func(s *setup) {
			s.subject.Authorities = []*x509.Certificate{newAuthority(s.authority.t, "bhs-ca").cert}
		},
			fails: "web-certificate", code: codeServerUntrusted, says: "the same name, but another key", skipped: webOnly},
	} {
		t.Run(c.about, c.check)
	}
}

func TestTheFirstBrokenAnswerIsNamed(t *testing.T) {
	t.Parallel()
	answer := func(path string, status int, text string) func(*setup) {
		return func(s *setup) {
			s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				hit := strings.HasPrefix(r.URL.Path, path) && r.Method != http.MethodDelete
				if hit {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, text)
				}
				return hit
			}
		}
	}
	dicomPeer := func(change func(*peer)) func(*setup) { return func(s *setup) { change(s.peer) } }
	const onPage, onAssociation = "web-default-password web-system study-found", "dicom-echo dicom-store study-found study-elsewhere clean-up"
	for _, c := range []brokenHop{
		{about: "no pod behind the ingress", change: answer("/", 503, "no healthy upstream"), fails: "web-page", code: codeWebStatus, says: "503 Service Unavailable: no healthy upstream", skipped: onPage},
		{about: "another page", change: answer("/", 200, "<h1>It works!</h1>"), fails: "web-page", code: codeWebOther, says: "something else than Orthanc's explorer", skipped: onPage},
		{about: "a wrong password", change: func(s *setup) { s.subject.Password = "wrong" }, fails: "web-page", code: codeWebPassword, says: `the password of "admin" is not taken`, skipped: onPage},
		{about: "another program's API", change: answer("/system", 200, `{"ok":true}`), fails: "web-system", code: codeWebOther, says: "is not Orthanc's", skipped: "study-found"},
		{about: "rejected", change: dicomPeer(func(p *peer) { p.answer = rejection }), fails: "dicom-association", code: codeAssociationRejected, says: "called-AE-title-not-recognized", skipped: onAssociation},
		{about: "aborted", change: dicomPeer(func(p *peer) { p.answer = abortion }), fails: "dicom-association", code: codeAssociationAborted, says: "the peer aborted", skipped: onAssociation},
		{about: "no DICOM", change: dicomPeer(func(p *peer) { p.answer = []byte("SSH-2.0-OpenSSH_9.6\r\n") }), fails: "dicom-association", code: codeAssociationFailed, says: "there was no association", skipped: onAssociation},
		{about: "no images taken", change: dicomPeer(func(p *peer) { p.refuses = "1.2.840.10008.5.1.4.1.1.7" }), fails: "dicom-association", code: codeContextRefused, says: "Secondary Capture Image Storage", skipped: onAssociation},
		{about: "no echo taken", change: dicomPeer(func(p *peer) { p.refuses = "1.2.840.10008.1.1" }), fails: "dicom-association", code: codeContextRefused, says: "Verification", skipped: onAssociation},
		{about: "C-ECHO fails", change: dicomPeer(func(p *peer) { p.echo = 0x0110 }), fails: "dicom-echo", code: codeEchoFailed, says: "processing failure", skipped: "dicom-store study-found study-elsewhere clean-up"},
		{about: "no room for the first image", change: dicomPeer(func(p *peer) { p.store = func(int) uint16 { return 0xA700 } }),
			fails: "dicom-store", code: codeStoreFailed, says: "refused: out of resources", skipped: "study-found study-elsewhere clean-up"},
		{about: "no room for the second image", change: dicomPeer(func(p *peer) { p.store = func(n int) uint16 { return uint16(n-1) * 0xA700 } }),
			fails: "dicom-store", code: codeStoreFailed, says: "image 2 of 2", skipped: "study-found study-elsewhere"},
		{about: "lost", change: func(s *setup) { s.archive.lose = true }, fails: "study-found", code: codeStudyMissing, says: "does not have it"},
		{about: "other pixels", change: func(s *setup) { s.archive.damage = func(i *image) { i.pixels[7] ^= 1 } }, fails: "study-found", code: codeStudyDiffers, says: "2 images of the study, 0 of them with the pixels"},
		{about: "fewer images", change: func(s *setup) {
			s.archive.damage = func(*image) { s.archive.lose = s.archive.len() == 1 }
		}, fails: "study-found", code: codeStudyDiffers, says: "1 images of the study, 1 of them"},
		{about: "the search fails", change: answer("/tools/lookup", 500, ""), fails: "study-found", code: codeWebOther, says: "/tools/lookup: it answers 500 Internal Server Error", left: 2},
		{about: "the list fails", change: answer("/studies", 503, ""), fails: "study-found", code: codeWebOther, says: "images failed: it answers 503 Service Unavailable"},
		{about: "the pixels can't be had", change: answer("/instances", 502, ""), fails: "study-found", code: codeWebOther, says: "502 Bad Gateway"},
	} {
		t.Run(c.about, c.check)
	}
}
