package validate

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 8 << 20

// web asks one tenant's Orthanc over HTTP.
type web struct {
	subject Subject
	base    string
	// anonymous is for requests without credentials. All connections of verified are
	// to servers whose certificate was verified: requests with credentials use it.
	anonymous, verified *http.Client
}

// newWeb connects to the subject as the options say. Connections are kept: one is
// enough for all that is asked.
func newWeb(o Options, s Subject) *web {
	base := "https://" + s.Web.Host
	if s.Web.Port != 443 {
		base = "https://" + net.JoinHostPort(s.Web.Host, strconv.FormatInt(s.Web.Port, 10))
	}
	return &web{subject: s, base: base, anonymous: newHTTPClient(o.secure, s), verified: newHTTPClient(o.secureVerified, s)}
}

func newHTTPClient(connect func(context.Context, Subject, Place) (*tls.Conn, error), s Subject) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				conn, err := connect(ctx, s, s.Web)
				if err != nil {
					return nil, err // not a nil *tls.Conn
				}
				return conn, nil
			},
			// HTTP/1.1: what the check of TLS has negotiated is what is used.
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		},
		// A redirect to somewhere else is for the user to see.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (w *web) close() {
	w.anonymous.CloseIdleConnections()
	w.verified.CloseIdleConnections()
}

// ask sends a request and reads the answer. With credentials the error is an
// *unverifiedError when the server's certificate can't be verified: nothing is sent
// then.
func (w *web) ask(ctx context.Context, method, path string, body io.Reader, login Credentials) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, body)
	if err != nil {
		return 0, nil, err
	}
	client := w.anonymous
	if login.Given() {
		if err := login.addTo(req, w.subject.Tenant); err != nil {
			return 0, nil, err
		}
		client = w.verified
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, plainly(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, answer, err
}

// plainly leaves out of an error of HTTP what the check's name says already.
func plainly(err error) error {
	var unverified *unverifiedError
	if errors.As(err, &unverified) {
		return unverified
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		var op *net.OpError
		if errors.As(err, &op) {
			return op
		}
		err = inner
	}
}

// explorer is the page that people open.
const explorer = "/app/explorer.html"

func (v *validation) checkPage(ctx context.Context) Check {
	status, answer, err := v.web.ask(ctx, http.MethodGet, explorer, nil, v.login)
	var unverified *unverifiedError
	if v.login.Given() && errors.As(err, &unverified) {
		v.withhold(unverified)
		status, answer, err = v.web.ask(ctx, http.MethodGet, explorer, nil, Credentials{})
	}
	c := judgePage(v.web.base+explorer, status, answer, err, v.subject.Tenant, v.login)
	switch {
	case v.withheld == "" || c.Outcome != Pass:
	case status == http.StatusUnauthorized:
		return skip("the web asks for a password, and " + v.withheld)
	default:
		c.Found += "; " + v.withheld
	}
	return c
}

// judgePage is pure. login is what was sent.
func judgePage(url string, status int, answer []byte, err error, tenant string, login Credentials) Check {
	expected := "200 OK and Orthanc's explorer from " + url
	inside := finding.Fix{Text: "See whether Orthanc runs, and whether the VirtualService leads to it", Command: "kubectl orthweb explain " + escape.ShellWord(tenant)}
	switch {
	case err != nil:
		return fail(codeWebOther, "the request failed: "+plain(err), expected, inside)
	case status == http.StatusUnauthorized && !login.Given():
		return pass("the web answers, and asks for a password")
	case status == http.StatusUnauthorized:
		return fail(codeWebPassword, fmt.Sprintf("the password of %q is not taken (401 Unauthorized)", login.user), expected, finding.Fix{
			Text: "Give the right one with --password-secret, --password-file or --password-env; Orthanc's are in RegisteredUsers of its configuration",
		})
	case status != http.StatusOK:
		return fail(codeWebStatus, fmt.Sprintf("%s answers %d %s%s", url, status, http.StatusText(status), firstWords(answer, login)), expected, inside)
	case !strings.Contains(string(answer), "Orthanc"):
		return fail(codeWebOther, "something else than Orthanc's explorer answers at "+url+firstWords(answer, login), expected, inside)
	}
	return pass("Orthanc's explorer answers at " + url)
}

// firstWords are the beginning of an answer that is short and plain text, as a
// gateway's own errors are ("no healthy upstream"). One that gives the password
// back, as servers for debugging do, is not repeated.
func firstWords(answer []byte, login Credentials) string {
	text := strings.TrimSpace(string(answer))
	if text == "" || len(text) > 200 || strings.ContainsAny(text, "<\x00\x1b") {
		return ""
	}
	if login.in(text) {
		return ""
	}
	return ": " + strings.Join(strings.Fields(text), " ")
}

// system is what Orthanc says of itself at /system (Orthanc Book, REST API).
type system struct {
	DicomAet, Name, Version string
}

func (v *validation) checkSystem(ctx context.Context) Check {
	if !v.canAsk() {
		return skip(v.noLogin())
	}
	status, answer, err := v.web.ask(ctx, http.MethodGet, "/system", nil, v.login)
	if err != nil || status != http.StatusOK {
		return judgePage(v.web.base+"/system", status, answer, err, v.subject.Tenant, v.login)
	}
	var s system
	if err := json.Unmarshal(answer, &s); err != nil || s.Version == "" {
		return fail(codeWebOther, "what /system answers is not Orthanc's", "Orthanc's version and AE title", finding.Fix{
			Text: "See where the VirtualService leads", Command: "kubectl orthweb explain " + escape.ShellWord(v.subject.Tenant),
		})
	}
	v.system = s
	return pass(fmt.Sprintf("Orthanc %s, AE title %s", s.Version, s.DicomAet))
}
