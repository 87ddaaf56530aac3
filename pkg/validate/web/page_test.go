package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

const secret = "s3cret-of-bhs" // the password of Orthanc's web

// pageURL is the URL in the tests of the judges.
const pageURL = "https://web.bhs.orthweb.com/app/explorer.html"

// replied is an answer for the judges: header lines are "Name: value".
func replied(status int, body string, header ...string) Reply {
	r := Reply{URL: pageURL, Status: status, Body: []byte(body), Header: http.Header{}}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

const orthancs404 = `{"HttpError":"Not Found","HttpStatus":404,"Message":"Unknown resource","Method":"GET","OrthancError":"Unknown resource","OrthancStatus":17,"Uri":"/app/explorer.html"}`

func TestJudgePage(t *testing.T) {
	const orthancs, other = `WWW-Authenticate: Basic realm="Orthanc Secure Area"`, `WWW-Authenticate: Basic realm="proxy"`
	for _, c := range []struct {
		about   string
		reply   Reply
		user    string
		outcome check.Outcome
		code    finding.Code
		message string // in the finding, a detail, the fix or its command
	}{
		{about: "Orthanc's", reply: replied(200, "<title>Orthanc Explorer</title>"), user: "admin", outcome: check.Pass, message: "Orthanc's explorer answers at " + pageURL},
		{about: "Orthanc asks", reply: replied(401, "", orthancs), outcome: check.Pass, message: "the web interface responds and requires a password"},
		{about: "a proxy asks", reply: replied(401, "", other), outcome: check.Pass, message: `the realm is "proxy"`},
		{about: "one way of two", reply: replied(401, "", "WWW-Authenticate: Negotiate", orthancs), outcome: check.Pass, message: "requires a password"},
		{about: "Bearer", reply: replied(401, "Jwt is missing", `WWW-Authenticate: Bearer realm="https://x"`), outcome: check.Warn, code: check.CodeWebSignIn, message: "requires Bearer, not a password"},
		{about: "its body", reply: replied(401, "Jwt is missing", `WWW-Authenticate: Bearer`), outcome: check.Warn, code: check.CodeWebSignIn, message: "response: Jwt is missing"},
		{about: "Negotiate, with a password", reply: replied(401, "", "WWW-Authenticate: Negotiate, NTLM"), user: "admin", outcome: check.Fail, code: check.CodeWebSignIn, message: `requires Negotiate, NTLM, not a password; the password of user "admin" was sent`},
		{about: "no scheme", reply: replied(401, ""), outcome: check.Warn, code: check.CodeWebSignIn, message: "does not say how to sign in"},
		{about: "Basic in a realm", reply: replied(401, "", `WWW-Authenticate: Bearer realm="a, Basic b"`), outcome: check.Warn, code: check.CodeWebSignIn, message: "requires Bearer, not"},
		{about: "takes another password", reply: replied(401, "", orthancs), user: "admin", outcome: check.Fail, code: check.CodeWebPassword, message: `the password of user "admin" is not accepted`},
		{about: "or RemoteAccessAllowed", reply: replied(401, "", orthancs), user: "admin", outcome: check.Fail, code: check.CodeWebPassword, message: "check RemoteAccessAllowed"},
		{about: "a proxy takes another", reply: replied(401, "", other), user: "admin", outcome: check.Fail, code: check.CodeWebPassword, message: `the realm is "proxy"`},
		{about: "Istio forbids", reply: replied(403, "RBAC: access denied"), outcome: check.Fail, code: check.CodeWebForbidden, message: "which AuthorizationPolicy of Istio refuses"},
		{about: "a firewall forbids", reply: replied(403, "<html><title>Request  blocked</title>"), outcome: check.Fail, code: check.CodeWebForbidden, message: `403 Forbidden: a page with the title "Request blocked"`},
		{about: "rate limit", reply: replied(429, "local_rate_limited", "Retry-After: 30"), outcome: check.Fail, code: check.CodeWebLimited, message: "429 Too Many Requests: local_rate_limited; the server asks to retry after 30s"},
		{about: "rate limit, without a time", reply: replied(429, "", "Retry-After: 99999999999999999999"), outcome: check.Fail, code: check.CodeWebLimited, message: "429 Too Many Requests"},
		{about: "no pod", reply: replied(503, "no healthy\n upstream\n"), outcome: check.Fail, code: check.CodeWebStatus, message: "503 Service Unavailable: no healthy upstream"},
		{about: "maintenance", reply: replied(503, "<title>Down for maintenance</title>", "Retry-After: Sun, 06 Nov 2033 08:49:37 GMT"), outcome: check.Fail, code: check.CodeWebStatus, message: "Down for maintenance\"; the server asks to retry after 2033-11-06 08:49 UTC"},
		{about: "nothing listens", reply: replied(503, "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused"), outcome: check.Fail, code: check.CodeWebUpstream, message: "the ingress can't connect to Orthanc's port"},
		{about: "timeout of connecting", reply: replied(503, "upstream connect error or disconnect/reset before headers. reset reason: connection timeout"), outcome: check.Fail, code: check.CodeWebUpstream, message: "can't connect"},
		{about: "TLS", reply: replied(503, "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"), outcome: check.Fail, code: check.CodeWebUpstream, message: "do not agree on TLS"},
		{about: "too many connections", reply: replied(503, "upstream connect error or disconnect/reset before headers. reset reason: overflow"), outcome: check.Fail, code: check.CodeWebUpstream, message: "allows no more connections"},
		{about: "no HTTP behind", reply: replied(502, "upstream connect error or disconnect/reset before headers. reset reason: protocol error"), outcome: check.Fail, code: check.CodeWebUpstream, message: "the server that the ingress connects to closes the connection"},
		{about: "an error page", reply: replied(502, "<html>nginx</html>"), outcome: check.Fail, code: check.CodeWebUpstream, message: "502 Bad Gateway; the server behind the ingress returns no valid HTTP response"},
		{about: "too slow", reply: replied(504, "upstream request timeout"), outcome: check.Fail, code: check.CodeWebUpstream, message: "did not respond in time"},
		{about: "HTTP to nginx's HTTPS", reply: replied(400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"), outcome: check.Fail, code: check.CodeWebUpstream, message: "speaks HTTP to a port that expects HTTPS"},
		{about: "HTTP to Go's HTTPS", reply: replied(400, "Client sent an HTTP request to an HTTPS server."), outcome: check.Fail, code: check.CodeWebUpstream, message: "speaks HTTP to a port that expects HTTPS"},
		{about: "another 400", reply: replied(400, "bad"), outcome: check.Fail, code: check.CodeWebStatus, message: "400 Bad Request: bad"},
		{about: "HTTP/1.0", reply: replied(426, "Upgrade Required"), outcome: check.Fail, code: check.CodeWebProtocol, message: "proxy_http_version 1.1"},
		{about: "version", reply: replied(505, ""), outcome: check.Fail, code: check.CodeWebProtocol, message: "505 HTTP Version Not Supported"},
		{about: "large headers", reply: replied(431, ""), outcome: check.Fail, code: check.CodeWebProtocol, message: "adds large headers"},
		{about: "no route", reply: replied(404, "", "Server: istio-envoy"), outcome: check.Fail, code: check.CodeWebNotFound, message: "the ingress has no route for it"},
		{about: "404 from behind", reply: replied(404, "", "Server: istio-envoy", "X-Envoy-Upstream-Service-Time: 3"), outcome: check.Fail, code: check.CodeWebNotFound, message: "returns 404 Not Found"},
		{about: "Orthanc's 404", reply: replied(404, orthancs404), outcome: check.Fail, code: check.CodeWebNotFound, message: "404 Not Found: Unknown resource; this is Orthanc's own response"},
		{about: "unknown status", reply: replied(599, ""), outcome: check.Fail, code: check.CodeWebStatus, message: "returns 599"},
		{about: "another program", reply: replied(200, "It works!"), outcome: check.Fail, code: check.CodeNotOrthanc, message: pageURL + " is not Orthanc's explorer: It works!"},
		{about: "a page about Orthanc", reply: replied(200, "<title>Sign in</title> to Orthanc Explorer"), outcome: check.Fail, code: check.CodeNotOrthanc, message: `a page with the title "Sign in"`},
		{about: "empty", reply: replied(200, ""), outcome: check.Fail, code: check.CodeNotOrthanc, message: "the response is empty"},
		{about: "control characters", reply: replied(200, "\x1b[2J"), outcome: check.Fail, code: check.CodeNotOrthanc, message: "is not Orthanc's explorer"},
	} {
		got := JudgePage(c.reply, "bhs", check.NewCredentials("bhs", c.user, secret))
		reported := strings.Join(append(got.Details, got.Found, got.Fix.Text, got.Fix.Command), "\n")
		if got.Outcome != c.outcome || got.Code != c.code || !strings.Contains(reported, c.message) {
			t.Errorf("%s: %+v", c.about, got)
		}
		if got.Outcome != check.Pass && (got.Expected == "" || got.Fix.Text == "") {
			t.Errorf("%s: what was expected and what to do: %+v", c.about, got)
		}
		if strings.Contains(reported, "\x1b") {
			t.Errorf("%s: control characters in %q", c.about, reported)
		}
	}
}

func TestJudgeRedirect(t *testing.T) {
	for _, c := range []struct{ about, location, message string }{
		{"elsewhere", "https://elsewhere.example.com/x", "it redirects to https://elsewhere.example.com/x; the redirect was not followed"},
		{"without its query, user and fragment", "https://u:p@elsewhere.example.com/x?token=t#f", "redirects to https://elsewhere.example.com/x; "},
		{"to sign in", "https://sso.example.com/realms/a/protocol/openid-connect/auth?state=abc", "it redirects to sign in at https://sso.example.com/realms/a/protocol/openid-connect/auth; sign-in there was not tested"},
		{"to sign in, by its query", "https://sso.example.com/?client_id=a&state=abc", "it redirects to sign in at https://sso.example.com/; "},
		{"to itself", pageURL, "it redirects to the same page"},
		{"to itself with a query", pageURL + "?a", "it redirects to the same page"},
		{"without TLS", "http://web.bhs.orthweb.com/app/explorer.html", "it redirects to http://web.bhs.orthweb.com/app/explorer.html, without TLS"},
		{"relative", "/ui/app/", "it redirects to https://web.bhs.orthweb.com/ui/app/; "},
		{"no URL", "", "and its Location header has no URL"},
		{"no host", "javascript:alert(1)", "and its Location header has no URL"},
		{"control characters", "https://a/\x1b[2J", "and its Location header has no URL"},
		{"bidirectional controls", "https://a/\u202ebc", "https://a/%E2%80%AEbc; "},
		{"with the password", "https://a/" + secret + "/b", "it redirects to a URL that is not shown here"},
		{"long", "https://a/" + strings.Repeat("b", 5000), strings.Repeat("b", 100) + "…; "},
	} {
		got := JudgePage(replied(302, "", "Location: "+c.location), "bhs", check.NewCredentials("bhs", "admin", secret))
		if got.Outcome != check.Fail || got.Code != check.CodeWebRedirect || !strings.Contains(got.Found, c.message) || len(got.Found) > 500 {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}

// TestPasswordIsNotRepeated checks that the password is not printed in any form in which a
// server may return it.
func TestPasswordIsNotRepeated(t *testing.T) {
	const password = `p&"s s<w`
	login := check.NewCredentials("bhs", "admin", password)
	for _, text := range []string{
		"you sent " + password, "YWRtaW46cCYicyBzPHc=", "cCYicyBzPHc=", "p&amp;&#34;s s&lt;w", "p%26%22s+s%3Cw", "p&%22s%20s%3Cw", `p&\"s s<w`,
	} {
		for _, body := range []string{text, "<title>" + text + "</title>"} {
			if got := ShortText(replied(500, body), login); got != "" {
				t.Errorf("%q is repeated: %q", body, got)
			}
		}
	}
	if got := ShortText(replied(500, "p & s"), login); got != ": p & s" {
		t.Errorf("%q", got)
	}
}

func TestJudgeWithoutExplorer(t *testing.T) {
	s := System{DicomAet: "ORTHANC", Version: "1.10.1"}
	for _, c := range []struct {
		about   string
		page    Reply
		hasUI   bool
		outcome check.Outcome
		message string
	}{
		{about: "disabled", page: replied(404, orthancs404), outcome: check.Pass, message: "Orthanc 1.10.1 answers at https://h/system, and its explorer is disabled"},
		{about: "Orthanc Explorer 2", page: replied(404, orthancs404), hasUI: true, outcome: check.Pass, message: "Orthanc Explorer 2 answers at https://h/ui/app/"},
		{about: "the ingress has no route", page: replied(404, "", "Server: istio-envoy"), outcome: check.Fail, message: "the ingress has no route for it"},
		{about: "404 without words", page: replied(404, ""), outcome: check.Warn, message: "Orthanc 1.10.1 answers at https://h/system, but not its explorer: " + pageURL + " returns 404"},
		{about: "another page", page: replied(200, "<title>Viewer</title>"), outcome: check.Warn, message: "but not its explorer: " + pageURL + " is not Orthanc's explorer"},
	} {
		got := JudgeWithoutExplorer(c.page, JudgePage(c.page, "bhs", check.Credentials{}), s, "https://h/system", Reply{URL: "https://h/ui/app/"}, c.hasUI)
		if got.Outcome != c.outcome || !strings.Contains(got.Found, c.message) || (got.Code == "") != (c.outcome == check.Pass) {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}
