//go:build peers

package validate

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

const (
	webHost     = "web.bhs.example.com"
	webPassword = "s3cret-of-the-web"
)

// webOrthancs are the configurations of the Orthancs behind the fronts.
func webOrthancs(t *testing.T) map[string]*peers.Orthanc {
	filter := filepath.Join(t.TempDir(), "filter.lua")
	const refuse = "function IncomingHttpRequestFilter(method, uri, ip, username, headers) return false end\n"
	if err := os.WriteFile(filter, []byte(refuse), 0o600); err != nil {
		t.Fatal(err)
	}
	users := map[string]any{"admin": webPassword}
	return map[string]*peers.Orthanc{
		"open":     peers.StartOrthanc(t, nil),
		"signed":   peers.StartOrthanc(t, map[string]any{"AuthenticationEnabled": true, "RegisteredUsers": users}),
		"bare":     peers.StartOrthanc(t, map[string]any{"OrthancExplorerEnabled": false}),
		"silent":   peers.StartOrthanc(t, map[string]any{"OrthancExplorerEnabled": false, "HttpDescribeErrors": false}),
		"filtered": peers.StartOrthanc(t, map[string]any{"LuaScripts": []string{filter}}),
	}
}

// webFront is a proxy between a client and Orthanc's web.
type webFront struct {
	about string
	// orthanc names the Orthanc behind it, rules are HAProxy's rules; server, if it isn't
	// empty, replaces the line with the server.
	orthanc, rules, server string
	signIn                 bool
	// Status is the status that curl gets for the explorer.
	status    int
	outcome   check.Outcome
	code      string
	statement string // in the finding, a detail or the fix
	// later are the results of web-default-password and web-system, unless empty.
	later string
}

// answers makes HAProxy answer instead of Orthanc, as other proxies do.
func answers(status int, text string, headers ...string) string {
	rule := fmt.Sprintf("  http-request return status %d", status)
	if text != "" {
		rule += fmt.Sprintf(" content-type text/plain string %q", text)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		rule += fmt.Sprintf(" hdr %s %q", name, value)
	}
	return rule + "\n"
}

const remote = " source 127.0.0.2" // for Orthanc only 127.0.0.1 is local

func webFronts() []webFront {
	const upstream = "upstream connect error or disconnect/reset before headers. reset reason: "
	const explorerOnly = " if { path /app/explorer.html }\n"
	when := func(rule, condition string) string { return strings.TrimSuffix(rule, "\n") + condition }
	return []webFront{
		{about: "the explorer", orthanc: "open", status: 200, outcome: check.Pass, statement: "Orthanc's explorer answers", later: "WARN PASS"},
		{about: "asks for a password", orthanc: "signed", status: 401, outcome: check.Pass, statement: "the web interface responds and requires a password", later: "PASS SKIP"},
		{about: "takes the password", orthanc: "signed", signIn: true, status: 200, outcome: check.Pass, statement: "explorer answers", later: "PASS PASS"},
		{about: "RemoteAccessAllowed is false", orthanc: "signed", server: remote, signIn: true, status: 401, outcome: check.Fail, code: "OW9302", statement: "check RemoteAccessAllowed there"},
		{about: "the explorer is disabled", orthanc: "bare", status: 404, outcome: check.Pass, statement: "and its explorer is disabled", later: "WARN PASS"},
		{about: "the explorer is disabled, and errors have no text", orthanc: "silent", status: 404, outcome: check.Warn, code: "OW9310", statement: "but not its explorer", later: "WARN PASS"},
		{about: "Orthanc Explorer 2", orthanc: "bare", rules: when(answers(200, "<title>Orthanc Explorer 2</title>"), " if { path /ui/app/ }\n"), status: 404, outcome: check.Pass, statement: "Orthanc Explorer 2 answers at", later: "WARN PASS"},
		{about: "Orthanc's own filter", orthanc: "filtered", status: 403, outcome: check.Fail, code: "OW9307", statement: "IncomingHttpRequestFilter"},
		{about: "an AuthorizationPolicy", orthanc: "open", rules: answers(403, "RBAC: access denied"), status: 403, outcome: check.Fail, code: "OW9307", statement: "which AuthorizationPolicy of Istio"},
		{about: "a RequestAuthentication", orthanc: "open", rules: answers(401, "Jwt is missing", `www-authenticate: Bearer realm=\"https://h/\"`), status: 401, outcome: check.Warn, code: "OW9306", statement: "requires Bearer, not a password", later: "SKIP SKIP"},
		{about: "Negotiate, with a password", orthanc: "open", rules: answers(401, "", "www-authenticate: Negotiate"), signIn: true, status: 401, outcome: check.Fail, code: "OW9306", statement: "requires Negotiate"},
		{about: "401 without a scheme", orthanc: "open", rules: answers(401, ""), status: 401, outcome: check.Warn, code: "OW9306", statement: "does not say how to sign in", later: "SKIP SKIP"},
		{about: "a rate limit", orthanc: "open", rules: answers(429, "local_rate_limited", "retry-after: 30", "x-local-rate-limit: true"), status: 429, outcome: check.Fail, code: "OW9308", statement: "after 30s"},
		{about: "a redirect to sign in", orthanc: "open", rules: answers(302, "", "location: https://sso.example.com/oauth2/start?state=secret"), status: 302, outcome: check.Fail, code: "OW9309", statement: "sign in at https://sso.example.com/oauth2/start;"},
		{about: "a redirect to itself", orthanc: "open", rules: "  http-request redirect code 301 location https://%[req.hdr(host)]%[path]\n", status: 301, outcome: check.Fail, code: "OW9309", statement: "the same page"},
		{about: "below a path", orthanc: "signed", rules: when(answers(404, "", "server: istio-envoy"), " if !{ path_beg /orthanc/ }\n") + "  http-request replace-path /orthanc(/.*) \\1\n",
			status: 404, outcome: check.Fail, code: "OW9310", statement: "Orthanc answers under /orthanc/"},
		{about: "no route", orthanc: "open", rules: answers(404, "", "server: istio-envoy"), status: 404, outcome: check.Fail, code: "OW9310", statement: "the ingress has no route for it"},
		{about: "no pod", orthanc: "open", rules: answers(503, "no healthy upstream"), status: 503, outcome: check.Fail, code: "OW9301", statement: "no healthy upstream"},
		{about: "no connection", orthanc: "open", rules: answers(503, upstream+"connection failure, transport failure reason: delayed connect error: 111"), status: 503, outcome: check.Fail, code: "OW9311", statement: "HttpPort"},
		{about: "TLS where there is none", orthanc: "open", rules: answers(503, upstream+"connection failure, transport failure reason: TLS error: 268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER"), status: 503, outcome: check.Fail, code: "OW9311", statement: "agree on TLS"},
		{about: "too slow", orthanc: "open", rules: answers(504, "upstream request timeout"), status: 504, outcome: check.Fail, code: "OW9311", statement: "in time"},
		{about: "the DICOM port", orthanc: "open", server: "dicom", status: 502, outcome: check.Fail, code: "OW9311", statement: "not its DICOM port"},
		{about: "a port that wants TLS", orthanc: "open", server: "tls", status: 502, outcome: check.Fail, code: "OW9311", statement: "SslEnabled"},
		{about: "nginx' HTTPS port", orthanc: "open", rules: answers(400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"), status: 400, outcome: check.Fail, code: "OW9311", statement: "expects HTTPS"},
		{about: "HTTP/1.0", orthanc: "open", rules: answers(426, "Upgrade Required"), status: 426, outcome: check.Fail, code: "OW9312", statement: "proxy_http_version"},
		{about: "large headers", orthanc: "open", rules: answers(431, ""), status: 431, outcome: check.Fail, code: "OW9312", statement: "431 Request Header Fields Too Large"},
		{about: "maintenance", orthanc: "open", rules: answers(503, "<title>Back soon</title>", "retry-after: 600"), status: 503, outcome: check.Fail, code: "OW9301", statement: `"Back soon"; the server asks to retry after 600s`},
		{about: "a page in its place", orthanc: "open", rules: when(answers(200, "<title>Welcome to Orthanc</title>"), explorerOnly), status: 200, outcome: check.Warn, code: "OW9304", statement: "but not its explorer", later: "WARN PASS"},
		{about: "a page for every path", orthanc: "open", rules: answers(200, "<title>Welcome to Orthanc</title>"), status: 200, outcome: check.Fail, code: "OW9304", statement: "is not Orthanc's explorer"},
		{about: "an empty page", orthanc: "open", rules: answers(200, ""), status: 200, outcome: check.Fail, code: "OW9304", statement: "the response is empty"},
		{about: "the password given back", orthanc: "open", signIn: true, rules: "  http-request return status 500 content-type text/plain lf-string \"%[req.hdr(authorization)] %[http_auth_pass]\"\n",
			status: 500, outcome: check.Fail, code: "OW9301", statement: "returns 500 Internal Server Error"},
	}
}

// TestPeersWeb sends the same requests with curl and validate to real servers.
func TestPeersWeb(t *testing.T) {
	orthancs, fronts := webOrthancs(t), webFronts()
	ca, dir := peers.Issue(t, nil, "CA", nil), t.TempDir()
	peers.Issue(t, ca, webHost, nil).Write(t, dir, "server")
	anchor, _ := ca.Write(t, dir, "ca")
	var sections strings.Builder
	var ports []int
	listen := func(name, body string) int {
		port := peers.Port(t)
		fmt.Fprintf(&sections, "listen %s\n  bind %s ssl crt server.both.pem\n%s", name, peers.Address(port), body)
		ports = append(ports, port)
		return port
	}
	dicom := map[string]int{}
	for name, o := range orthancs {
		dicom[name] = listen("dicom-"+name, "  server orthanc "+peers.Address(o.DICOMPort)+"\n")
	}
	web := make([]int, len(fronts))
	for i, f := range fronts {
		server := peers.Address(orthancs[f.orthanc].HTTPPort) + f.server
		switch f.server {
		case "dicom":
			server = peers.Address(orthancs[f.orthanc].DICOMPort)
		case "tls":
			server = peers.Address(dicom[f.orthanc])
		}
		web[i] = listen("web-"+strconv.Itoa(i), "  mode http\n"+f.rules+"  server orthanc "+server+"\n")
	}
	peers.StartHAProxy(t, dir, sections.String(), ports...)
	for i, f := range fronts {
		t.Run(f.about, func(t *testing.T) {
			f.compare(t, anchor, web[i])
			subject := check.Subject{
				Tenant: "bhs", Web: check.Endpoint{Host: webHost, Port: int64(web[i])}, DICOM: check.Endpoint{Host: webHost, Port: int64(dicom[f.orthanc])},
				Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, CAs: []*x509.Certificate{ca.Certificate},
			}
			if f.signIn {
				subject.Login = check.NewCredentials("bhs", "admin", webPassword)
			}
			f.judge(t, Run(t.Context(), subject, check.Options{Calling: "ORTHWEB", Called: "ORTHANC", Via: "address", Timeout: 20 * time.Second}, nil))
		})
	}
}

// compare sends the same request with curl: it must succeed exactly if the check passes.
func (f webFront) compare(t *testing.T, anchor string, port int) {
	t.Helper()
	curl := func(path string) (status int, text string) {
		args := []string{"-s", "-i", "--cacert", anchor, "--resolve", fmt.Sprintf("%s:%d:127.0.0.1", webHost, port), "-w", "\n%{http_code}"}
		if f.signIn {
			args = append(args, "-u", "admin:"+webPassword)
		}
		got := peers.Ask(t, "curl", append(args, fmt.Sprintf("https://%s:%d%s", webHost, port, path))...)
		at := strings.LastIndex(got.Text, "\n")
		status, err := strconv.Atoi(got.Text[at+1:])
		if !got.OK() || err != nil {
			t.Fatalf("curl %s: %+v", path, got)
		}
		return status, got.Text
	}
	status, page := curl("/app/explorer.html")
	if status != f.status {
		t.Errorf("curl sees %d\n%s", status, page)
	}
	works := status == 200 && strings.Contains(page, "<title>Orthanc Explorer</title>")
	works = works || status == 401 && !f.signIn && strings.Contains(strings.ToLower(page), "www-authenticate: basic")
	if status == 404 && strings.Contains(page, `"OrthancError"`) {
		_, system := curl("/system")
		works = strings.Contains(system, `"DicomAet" : "ORTHANC"`)
	}
	if works != (f.outcome == check.Pass) {
		t.Errorf("for curl it works: %v\n%s", works, page)
	}
}

func (f webFront) judge(t *testing.T, checks []check.Check) {
	t.Helper()
	got := named(t, checks, "web-page")
	message := strings.Join(append(slices.Clone(got.Details), got.Found, got.Fix.Text), "\n")
	if got.Outcome != f.outcome || string(got.Code) != f.code || !strings.Contains(message, f.statement) {
		t.Errorf("%+v", got)
	}
	if strings.Contains(fmt.Sprintf("%+v", checks), webPassword) {
		t.Errorf("the password is told:\n%+v", checks)
	}
	later := fmt.Sprintf("%s %s", named(t, checks, "web-default-password").Outcome, named(t, checks, "web-system").Outcome)
	if f.later != "" && later != f.later {
		t.Errorf("web-default-password and web-system: %s\n%+v", later, checks)
	}
	if f.outcome == check.Fail && later != "SKIP SKIP" {
		t.Errorf("after a failure: %s", later)
	}
}
