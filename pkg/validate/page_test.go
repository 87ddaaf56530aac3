package validate

import (
	"net/http"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// pageURL is what the judges' tests request.
const pageURL = "https://web.bhs.orthweb.com/app/explorer.html"

// replied is an answer for the judges: header lines are "Name: value".
func replied(status int, body string, header ...string) reply {
	r := reply{url: pageURL, status: status, body: []byte(body), header: http.Header{}}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.header.Add(name, value)
	}
	return r
}

const orthancs404 = `{"HttpError":"Not Found","HttpStatus":404,"Message":"Unknown resource","Method":"GET","OrthancError":"Unknown resource","OrthancStatus":17,"Uri":"/app/explorer.html"}`

func TestJudgePage(t *testing.T) {
	const orthancs, other = `WWW-Authenticate: Basic realm="Orthanc Secure Area"`, `WWW-Authenticate: Basic realm="proxy"`
	for _, c := range []struct {
		about   string
		reply   reply
		user    string
		outcome Outcome
		code    finding.Code
		says    string // in what was found, a detail, the fix or its command
	}{
		{about: "Orthanc's", reply: replied(200, "<title>Orthanc Explorer</title>"), user: "admin", outcome: Pass, says: "Orthanc's explorer answers at " + pageURL},
		{about: "Orthanc asks", reply: replied(401, "", orthancs), outcome: Pass, says: "the web responds and requires a password"},
		{about: "a proxy asks", reply: replied(401, "", other), outcome: Pass, says: `the realm is "proxy"`},
		{about: "one way of two", reply: replied(401, "", "WWW-Authenticate: Negotiate", orthancs), outcome: Pass, says: "requires a password"},
		{about: "Bearer", reply: replied(401, "Jwt is missing", `WWW-Authenticate: Bearer realm="https://x"`), outcome: Warn, code: codeWebSignIn, says: "requires Bearer, not a password"},
		{about: "its body", reply: replied(401, "Jwt is missing", `WWW-Authenticate: Bearer`), outcome: Warn, code: codeWebSignIn, says: "response: Jwt is missing"},
		{about: "Negotiate, with a password", reply: replied(401, "", "WWW-Authenticate: Negotiate, NTLM"), user: "admin", outcome: Fail, code: codeWebSignIn, says: `requires Negotiate, NTLM, not a password; the password of user "admin" was sent`},
		{about: "no scheme", reply: replied(401, ""), outcome: Warn, code: codeWebSignIn, says: "does not say how to sign in"},
		{about: "Basic in a realm", reply: replied(401, "", `WWW-Authenticate: Bearer realm="a, Basic b"`), outcome: Warn, code: codeWebSignIn, says: "requires Bearer, not"},
		{about: "takes another password", reply: replied(401, "", orthancs), user: "admin", outcome: Fail, code: codeWebPassword, says: `the password of user "admin" is not accepted`},
		{about: "or RemoteAccessAllowed", reply: replied(401, "", orthancs), user: "admin", outcome: Fail, code: codeWebPassword, says: "check RemoteAccessAllowed"},
		{about: "a proxy takes another", reply: replied(401, "", other), user: "admin", outcome: Fail, code: codeWebPassword, says: `the realm is "proxy"`},
		{about: "Istio forbids", reply: replied(403, "RBAC: access denied"), outcome: Fail, code: codeWebForbidden, says: "which AuthorizationPolicy of Istio refuses"},
		{about: "a firewall forbids", reply: replied(403, "<html><title>Request  blocked</title>"), outcome: Fail, code: codeWebForbidden, says: `403 Forbidden: a page with the title "Request blocked"`},
		{about: "rate limit", reply: replied(429, "local_rate_limited", "Retry-After: 30"), outcome: Fail, code: codeWebLimited, says: "429 Too Many Requests: local_rate_limited; the server asks to retry after 30s"},
		{about: "rate limit, without a time", reply: replied(429, "", "Retry-After: 99999999999999999999"), outcome: Fail, code: codeWebLimited, says: "429 Too Many Requests"},
		{about: "no pod", reply: replied(503, "no healthy\n upstream\n"), outcome: Fail, code: codeWebStatus, says: "503 Service Unavailable: no healthy upstream"},
		{about: "maintenance", reply: replied(503, "<title>Down for maintenance</title>", "Retry-After: Sun, 06 Nov 2033 08:49:37 GMT"), outcome: Fail, code: codeWebStatus, says: "Down for maintenance\"; the server asks to retry after 2033-11-06 08:49 UTC"},
		{about: "nothing listens", reply: replied(503, "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused"), outcome: Fail, code: codeWebUpstream, says: "the ingress can't connect to Orthanc's port"},
		{about: "timeout of connecting", reply: replied(503, "upstream connect error or disconnect/reset before headers. reset reason: connection timeout"), outcome: Fail, code: codeWebUpstream, says: "can't connect"},
		{about: "TLS", reply: replied(503, "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"), outcome: Fail, code: codeWebUpstream, says: "do not agree on TLS"},
		{about: "too many connections", reply: replied(503, "upstream connect error or disconnect/reset before headers. reset reason: overflow"), outcome: Fail, code: codeWebUpstream, says: "allows no more connections"},
		{about: "no HTTP behind", reply: replied(502, "upstream connect error or disconnect/reset before headers. reset reason: protocol error"), outcome: Fail, code: codeWebUpstream, says: "the server that the ingress connects to closes the connection"},
		{about: "an error page", reply: replied(502, "<html>nginx</html>"), outcome: Fail, code: codeWebUpstream, says: "502 Bad Gateway; the server behind the ingress returns no valid HTTP response"},
		{about: "too slow", reply: replied(504, "upstream request timeout"), outcome: Fail, code: codeWebUpstream, says: "did not respond in time"},
		{about: "HTTP to nginx's HTTPS", reply: replied(400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"), outcome: Fail, code: codeWebUpstream, says: "speaks HTTP to a port that expects HTTPS"},
		{about: "HTTP to Go's HTTPS", reply: replied(400, "Client sent an HTTP request to an HTTPS server."), outcome: Fail, code: codeWebUpstream, says: "speaks HTTP to a port that expects HTTPS"},
		{about: "another 400", reply: replied(400, "bad"), outcome: Fail, code: codeWebStatus, says: "400 Bad Request: bad"},
		{about: "HTTP/1.0", reply: replied(426, "Upgrade Required"), outcome: Fail, code: codeWebProtocol, says: "proxy_http_version 1.1"},
		{about: "version", reply: replied(505, ""), outcome: Fail, code: codeWebProtocol, says: "505 HTTP Version Not Supported"},
		{about: "large headers", reply: replied(431, ""), outcome: Fail, code: codeWebProtocol, says: "adds large headers"},
		{about: "no route", reply: replied(404, "", "Server: istio-envoy"), outcome: Fail, code: codeWebNotFound, says: "the ingress has no route for it"},
		{about: "404 from behind", reply: replied(404, "", "Server: istio-envoy", "X-Envoy-Upstream-Service-Time: 3"), outcome: Fail, code: codeWebNotFound, says: "returns 404 Not Found"},
		{about: "Orthanc's 404", reply: replied(404, orthancs404), outcome: Fail, code: codeWebNotFound, says: "404 Not Found: Unknown resource; this is Orthanc's own response"},
		{about: "unknown status", reply: replied(599, ""), outcome: Fail, code: codeWebStatus, says: "returns 599"},
		{about: "another program", reply: replied(200, "It works!"), outcome: Fail, code: codeNotOrthanc, says: pageURL + " is not Orthanc's explorer: It works!"},
		{about: "a page about Orthanc", reply: replied(200, "<title>Sign in</title> to Orthanc Explorer"), outcome: Fail, code: codeNotOrthanc, says: `a page with the title "Sign in"`},
		{about: "empty", reply: replied(200, ""), outcome: Fail, code: codeNotOrthanc, says: "the response is empty"},
		{about: "control characters", reply: replied(200, "\x1b[2J"), outcome: Fail, code: codeNotOrthanc, says: "is not Orthanc's explorer"},
	} {
		got := judgePage(c.reply, "bhs", NewCredentials("bhs", c.user, secret))
		said := strings.Join(append(got.Details, got.Found, got.Fix.Text, got.Fix.Command), "\n")
		if got.Outcome != c.outcome || got.Code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: %+v", c.about, got)
		}
		if got.Outcome != Pass && (got.Expected == "" || got.Fix.Text == "") {
			t.Errorf("%s: what was expected and what to do: %+v", c.about, got)
		}
		if strings.Contains(said, "\x1b") {
			t.Errorf("%s: control characters in %q", c.about, said)
		}
	}
}

func TestJudgeRedirect(t *testing.T) {
	for _, c := range []struct{ about, location, says string }{
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
		got := judgePage(replied(302, "", "Location: "+c.location), "bhs", NewCredentials("bhs", "admin", secret))
		if got.Outcome != Fail || got.Code != codeWebRedirect || !strings.Contains(got.Found, c.says) || len(got.Found) > 500 {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}

// TestPasswordIsNotRepeated in any form that a server gives it back in.
func TestPasswordIsNotRepeated(t *testing.T) {
	const password = `p&"s s<w`
	login := NewCredentials("bhs", "admin", password)
	for _, text := range []string{
		"you sent " + password, "YWRtaW46cCYicyBzPHc=", "cCYicyBzPHc=", "p&amp;&#34;s s&lt;w", "p%26%22s+s%3Cw", "p&%22s%20s%3Cw", `p&\"s s<w`,
	} {
		for _, body := range []string{text, "<title>" + text + "</title>"} {
			if got := shortText(replied(500, body), login); got != "" {
				t.Errorf("%q is repeated: %q", body, got)
			}
		}
	}
	if got := shortText(replied(500, "p & s"), login); got != ": p & s" {
		t.Errorf("%q", got)
	}
}

func TestChallenges(t *testing.T) {
	for _, c := range []struct{ value, schemes, realm string }{
		{`Basic realm="Orthanc Secure Area"`, "Basic", "Orthanc Secure Area"},
		{`basic REALM=x`, "basic", "x"},
		{`Basic charset="UTF-8", realm="a, \"b\""`, "Basic", `a, "b"`},
		{`Negotiate, Basic realm="x"`, "Negotiate, Basic", "x"},
		{`Negotiate YIIabc==, Basic realm = "x"`, "Negotiate, Basic", "x"},
		{`Bearer realm="Basic"`, "Bearer", ""},
		{`Digest qop="auth, auth-int", realm="x", Digest`, "Digest", ""},
		{"Ba\x1bsic", "", ""},
		{"", "", ""},
		{strings.Repeat("a", 100), "", ""},
		{strings.Repeat("Basic,", 1000), "", ""},
		{strings.Repeat("Basic,", 20), "Basic", ""},
	} {
		offered := challenges(http.Header{"Www-Authenticate": {c.value}})
		b, _ := basic(offered)
		if schemes(offered) != c.schemes || b.realm != c.realm {
			t.Errorf("%.60q: %+v", c.value, offered)
		}
	}
}

func TestJudgeWithoutExplorer(t *testing.T) {
	s := system{DicomAet: "ORTHANC", Version: "1.10.1"}
	for _, c := range []struct {
		about   string
		page    reply
		hasUI   bool
		outcome Outcome
		says    string
	}{
		{about: "disabled", page: replied(404, orthancs404), outcome: Pass, says: "Orthanc 1.10.1 answers at https://h/system, and its explorer is disabled"},
		{about: "Orthanc Explorer 2", page: replied(404, orthancs404), hasUI: true, outcome: Pass, says: "Orthanc Explorer 2 answers at https://h/ui/app/"},
		{about: "the ingress has no route", page: replied(404, "", "Server: istio-envoy"), outcome: Fail, says: "the ingress has no route for it"},
		{about: "404 without words", page: replied(404, ""), outcome: Warn, says: "Orthanc 1.10.1 answers at https://h/system, but not its explorer: " + pageURL + " returns 404"},
		{about: "another page", page: replied(200, "<title>Viewer</title>"), outcome: Warn, says: "but not its explorer: " + pageURL + " is not Orthanc's explorer"},
	} {
		got := judgeWithoutExplorer(c.page, judgePage(c.page, "bhs", Credentials{}), s, "https://h/system", reply{url: "https://h/ui/app/"}, c.hasUI)
		if got.Outcome != c.outcome || !strings.Contains(got.Found, c.says) || (got.Code == "") != (c.outcome == Pass) {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}
