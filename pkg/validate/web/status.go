package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// JudgeStatus is for an answer that is not 200 OK. It is pure. login has the credentials
// that were sent.
func JudgeStatus(r Reply, tenant string, login check.Credentials) check.Check {
	message := fmt.Sprintf("%s returns %s%s", r.URL, StatusLine(r.Status), ShortText(r, login))
	refused := func(code finding.Code, found string, fix finding.Fix) check.Check {
		return check.Failed(code, found, expectedPage(r.URL), fix)
	}
	switch {
	case r.Status == http.StatusUnauthorized:
		return judgeSignIn(r, tenant, login)
	case r.Status >= 300 && r.Status < 400:
		return judgeRedirect(r, tenant, login)
	case r.Status == http.StatusForbidden:
		return refused(check.CodeWebForbidden, message, forbiddenFix(r, tenant))
	case r.Status == http.StatusTooManyRequests:
		return refused(check.CodeWebLimited, message+retryAfter(r), finding.Fix{
			Text:    "Wait, then run validate again. If the error remains, check which rate limit of the ingress applies (EnvoyFilter with local_ratelimit or ratelimit)",
			Command: "kubectl get envoyfilters.networking.istio.io -A",
		})
	case r.Status == http.StatusNotFound:
		return refused(check.CodeWebNotFound, notFoundText(r, message), finding.Fix{
			Text:    "Check whether a VirtualService has this host, names the tenant's Gateway, and routes every path to Orthanc",
			Command: RoutesCommand(tenant),
		})
	case r.Status == http.StatusUpgradeRequired, r.Status == http.StatusHTTPVersionNotSupported, r.Status == http.StatusRequestHeaderFieldsTooLarge:
		return refused(check.CodeWebProtocol, message, protocolFix(r.Status))
	}
	if u, ok := upstreamError(r); ok {
		return refused(u.code, message+u.means+retryAfter(r), finding.Fix{Text: u.fix, Command: u.command(tenant)})
	}
	return refused(check.CodeWebStatus, message+retryAfter(r), RouteFix(tenant))
}

// StatusLine is "404 Not Found".
func StatusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// RoutesCommand prints the tenant's Gateways and VirtualServices.
func RoutesCommand(tenant string) string {
	return escape.Command("kubectl get gateways.networking.istio.io,virtualservices.networking.istio.io -n %s-orthweb -o yaml", tenant)
}

// judgeSignIn is for 401. Only Basic requires what validate has: a user and a password.
func judgeSignIn(r Reply, tenant string, login check.Credentials) check.Check {
	offered := Challenges(r.Header)
	c, ok := Basic(offered)
	switch {
	case ok && !login.Given():
		found := check.Passed("the web interface responds and requires a password")
		if c.Realm != orthancRealm {
			found.Details = []string{"the password prompt is not Orthanc's: the realm is " + realmText(c, login)}
		}
		return found
	case ok:
		return check.Failed(check.CodeWebPassword, fmt.Sprintf("the password of user %q is not accepted (401 Unauthorized)", login.User), expectedPage(r.URL), passwordFix(c, login))
	}
	requirement := "requires " + schemeNames(offered) + ", not a password"
	if len(offered) == 0 {
		requirement = "does not say how to sign in"
	}
	found, expected := "the web interface returns 401 Unauthorized and "+requirement, "a request for a user and a password (WWW-Authenticate: Basic)"
	fix := finding.Fix{
		Text:    fmt.Sprintf("If users sign in to %s this way, check the page in a browser. If not, check which RequestAuthentication, AuthorizationPolicy or proxy of the ingress requires it", tenant),
		Command: "kubectl get requestauthentications.security.istio.io,authorizationpolicies.security.istio.io -A",
	}
	verdict := check.Warned
	if login.Given() {
		verdict = check.Failed
		found += fmt.Sprintf("; the password of user %q was sent and is not accepted", login.User)
	}
	judged := verdict(check.CodeWebSignIn, found, expected, fix)
	if text := ShortText(r, login); text != "" {
		judged.Details = []string{"response" + text}
	}
	return judged
}

// realmText is the part of a realm that may be shown.
func realmText(c Challenge, login check.Credentials) string {
	text := bounded(c.Realm)
	if text == "" || login.AppearsIn(c.Realm) {
		return "not shown"
	}
	return fmt.Sprintf("%q", text)
}

func passwordFix(c Challenge, login check.Credentials) finding.Fix {
	text := "Specify the correct password with --password-secret, --password-file or --password-env; Orthanc's passwords are in RegisteredUsers of its configuration"
	if c.Realm == orthancRealm {
		return finding.Fix{Text: text + ". If the password is correct, check RemoteAccessAllowed there: if it is false, Orthanc returns this response to all clients except 127.0.0.1"}
	}
	return finding.Fix{Text: "Specify the password of the server that requests it: it is not Orthanc itself, the realm is " + realmText(c, login) + ". " + text}
}

func forbiddenFix(r Reply, tenant string) finding.Fix {
	if strings.Contains(string(r.Body), "RBAC: access denied") {
		return finding.Fix{
			Text:    "Check which AuthorizationPolicy of Istio refuses the request: which one selects the ingress or Orthanc, and whether its rules have this host, path and client address",
			Command: "kubectl get authorizationpolicies.security.istio.io -A -o yaml",
		}
	}
	return finding.Fix{
		Text:    "Check what refuses the request: a web application firewall or a proxy in front of the ingress, or in Orthanc the Lua function IncomingHttpRequestFilter or the authorization plugin; Orthanc's log shows whether the request reached it",
		Command: escape.Command("kubectl logs -n %s-orthweb deploy/orthanc", tenant),
	}
}

func notFoundText(r Reply, message string) string {
	switch _, own := readOrthancError(r); {
	case own:
		return message + "; this is Orthanc's own response"
	case byEnvoy(r):
		return message + "; the ingress has no route for it"
	}
	return message
}

func protocolFix(status int) finding.Fix {
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		return finding.Fix{Text: "Check which proxy in front of the ingress adds large headers or lowers the limit for them: the request has few headers"}
	case http.StatusUpgradeRequired:
		return finding.Fix{Text: "Set HTTP/1.1 in the proxy in front of the ingress (nginx: proxy_http_version 1.1): it uses HTTP/1.0, which Envoy refuses"}
	}
	return finding.Fix{Text: "Check which proxy in between changes the version of HTTP: the request is HTTP/1.1"}
}

// judgeRedirect names the target of a redirect, which is not followed.
func judgeRedirect(r Reply, tenant string, login check.Credentials) check.Check {
	message := fmt.Sprintf("%s returns %s", r.URL, StatusLine(r.Status))
	redirected := func(found, fix string) check.Check {
		return check.Failed(check.CodeWebRedirect, found, expectedPage(r.URL), finding.Fix{Text: fix, Command: RoutesCommand(tenant)})
	}
	to := location(r)
	if to == nil {
		return redirected(message+", and its Location header has no URL", "Check which route of the VirtualService redirects, and to which URL")
	}
	from, _ := url.Parse(r.URL) // location has parsed it
	where := shownURL(to, login)
	switch {
	case isSignIn(to):
		return redirected(message+": it redirects to sign in at "+where+"; sign-in there was not tested",
			"If users sign in there, check the page in a browser: validate can only send a user and a password to Orthanc. If not, check which filter or route of the ingress redirects")
	case to.Host == from.Host && to.Scheme == from.Scheme && to.Path == from.Path:
		return redirected(message+": it redirects to the same page",
			"Set tls.httpsRedirect of the Gateway only on the server of port 80: if a proxy in front of the ingress terminates TLS, it redirects every request")
	case to.Scheme == "http":
		return redirected(message+": it redirects to "+where+", without TLS", "Check which route redirects to http, and redirect to https; a server behind a proxy needs its X-Forwarded-Proto")
	}
	return redirected(message+": it redirects to "+where+"; the redirect was not followed", "Check which route of the VirtualService redirects, and whether that is intended")
}

// signInWords are parts of the paths of sign-in pages (OAuth 2.0, OpenID Connect, SAML,
// oauth2-proxy).
var signInWords = []string{"login", "signin", "sign-in", "sign_in", "logon", "oauth", "openid", "authorize", "saml", "/sso", "/cas/"}

// isSignIn reports whether a redirect points to a sign-in page.
func isSignIn(to *url.URL) bool {
	path, query := strings.ToLower(to.Path), to.Query()
	for _, word := range signInWords {
		if strings.Contains(path, word) {
			return true
		}
	}
	return query.Has("client_id") || query.Has("SAMLRequest")
}
