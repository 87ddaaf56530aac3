package validate

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// judgeStatus is for an answer that is not 200 OK. It is pure. login is what was sent.
func judgeStatus(r reply, tenant string, login Credentials) Check {
	says := fmt.Sprintf("%s answers %s%s", r.url, statusLine(r.status), shortText(r, login))
	refused := func(code finding.Code, found string, fix finding.Fix) Check {
		return fail(code, found, expectedPage(r.url), fix)
	}
	switch {
	case r.status == http.StatusUnauthorized:
		return judgeSignIn(r, tenant, login)
	case r.status >= 300 && r.status < 400:
		return judgeRedirect(r, tenant, login)
	case r.status == http.StatusForbidden:
		return refused(codeWebForbidden, says, forbiddenFix(r, tenant))
	case r.status == http.StatusTooManyRequests:
		return refused(codeWebLimited, says+retryAfter(r), finding.Fix{
			Text:    "Wait, and validate again. If it stays, see which rate limit of the ingress applies (EnvoyFilter with local_ratelimit or ratelimit)",
			Command: "kubectl get envoyfilters.networking.istio.io -A",
		})
	case r.status == http.StatusNotFound:
		return refused(codeWebNotFound, notFoundText(r, says), finding.Fix{
			Text:    "See whether a VirtualService has this host, names the tenant's Gateway, and routes every path to Orthanc",
			Command: routesCommand(tenant),
		})
	case r.status == http.StatusUpgradeRequired, r.status == http.StatusHTTPVersionNotSupported, r.status == http.StatusRequestHeaderFieldsTooLarge:
		return refused(codeWebProtocol, says, protocolFix(r.status))
	}
	if u, ok := upstreamError(r); ok {
		return refused(u.code, says+u.means+retryAfter(r), finding.Fix{Text: u.fix, Command: u.command(tenant)})
	}
	return refused(codeWebStatus, says+retryAfter(r), routeFix(tenant))
}

func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

func routesCommand(tenant string) string {
	return escape.Command("kubectl get gateways.networking.istio.io,virtualservices.networking.istio.io -n %s-orthweb -o yaml", tenant)
}

// judgeSignIn is for 401. Only where the server offers Basic does it ask for what
// validate has: a user and a password.
func judgeSignIn(r reply, tenant string, login Credentials) Check {
	offered := challenges(r.header)
	c, ok := basic(offered)
	switch {
	case ok && !login.Given():
		found := pass("the web answers and asks for a password")
		if c.realm != orthancRealm {
			found.Details = []string{"what asks is not Orthanc itself: the realm is " + realmText(c, login)}
		}
		return found
	case ok:
		return fail(codeWebPassword, fmt.Sprintf("the password of %q is not taken (401 Unauthorized)", login.user), expectedPage(r.url), passwordFix(c, login))
	}
	asks := "asks for " + schemes(offered) + ", not for a password"
	if len(offered) == 0 {
		asks = "does not say how to sign in"
	}
	found, expected := "the web answers 401 Unauthorized and "+asks, "that it asks for a user and a password (WWW-Authenticate: Basic)"
	fix := finding.Fix{
		Text:    fmt.Sprintf("If %s is to be signed in to this way, check the page in a browser. If not, see which RequestAuthentication, AuthorizationPolicy or proxy of the ingress asks for it", tenant),
		Command: "kubectl get requestauthentications.security.istio.io,authorizationpolicies.security.istio.io -A",
	}
	verdict := warn
	if login.Given() {
		verdict = fail
		found += fmt.Sprintf("; the password of %q was sent and is of no use", login.user)
	}
	judged := verdict(codeWebSignIn, found, expected, fix)
	if text := shortText(r, login); text != "" {
		judged.Details = []string{"it says" + text}
	}
	return judged
}

// realmText is a realm as it may be shown.
func realmText(c challenge, login Credentials) string {
	text := bounded(c.realm)
	if text == "" || login.in(c.realm) {
		return "not told"
	}
	return fmt.Sprintf("%q", text)
}

func passwordFix(c challenge, login Credentials) finding.Fix {
	text := "Give the right one with --password-secret, --password-file or --password-env; Orthanc's are in RegisteredUsers of its configuration"
	if c.realm == orthancRealm {
		return finding.Fix{Text: text + ". If it is the right one, see RemoteAccessAllowed there: where it is false, Orthanc gives this answer to all clients but 127.0.0.1"}
	}
	return finding.Fix{Text: "Give the password of what asks: it is not Orthanc itself, the realm is " + realmText(c, login) + ". " + text}
}

func forbiddenFix(r reply, tenant string) finding.Fix {
	if strings.Contains(string(r.body), "RBAC: access denied") {
		return finding.Fix{
			Text:    "An AuthorizationPolicy of Istio refuses the request. See which one selects the ingress or Orthanc, and whether its rules have this host, path and client address",
			Command: "kubectl get authorizationpolicies.security.istio.io -A -o yaml",
		}
	}
	return finding.Fix{
		Text:    "See what refuses it: a firewall for web applications or a proxy in front of the ingress, or in Orthanc the Lua function IncomingHttpRequestFilter or the authorization plugin; Orthanc's log tells whether the request came to it",
		Command: escape.Command("kubectl logs -n %s-orthweb deploy/orthanc", tenant),
	}
}

func notFoundText(r reply, says string) string {
	switch _, own := readOrthancError(r); {
	case own:
		return says + "; this is Orthanc's own answer"
	case byEnvoy(r):
		return says + "; the ingress has no route for it"
	}
	return says
}

func protocolFix(status int) finding.Fix {
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		return finding.Fix{Text: "The request has few headers: see which proxy in front of the ingress adds large ones, or lowers the limit for them"}
	case http.StatusUpgradeRequired:
		return finding.Fix{Text: "A proxy in front of the ingress speaks HTTP/1.0, which Envoy refuses: set HTTP/1.1 there (nginx: proxy_http_version 1.1)"}
	}
	return finding.Fix{Text: "The request is HTTP/1.1: see which proxy on the way changes the version of HTTP"}
}

// judgeRedirect says where a redirect leads. It is not followed.
func judgeRedirect(r reply, tenant string, login Credentials) Check {
	says := fmt.Sprintf("%s answers %s", r.url, statusLine(r.status))
	redirected := func(found, fix string) Check {
		return fail(codeWebRedirect, found, expectedPage(r.url), finding.Fix{Text: fix, Command: routesCommand(tenant)})
	}
	to := location(r)
	if to == nil {
		return redirected(says+", and no URL to go to", "See which route of the VirtualService redirects, and to what")
	}
	from, _ := url.Parse(r.url) // location has parsed it
	where := shownURL(to, login)
	switch {
	case isSignIn(to):
		return redirected(says+": it redirects to sign in at "+where+"; signing in there was not tried",
			"If that is how users sign in, check the page in a browser: validate can send only a user and a password to Orthanc. If not, see which filter or route of the ingress redirects")
	case to.Host == from.Host && to.Scheme == from.Scheme && to.Path == from.Path:
		return redirected(says+": it redirects to the same page",
			"A proxy in front of the ingress may end TLS: then the Gateway's tls.httpsRedirect redirects every request. Set it on the server of port 80 alone")
	case to.Scheme == "http":
		return redirected(says+": it redirects to "+where+", without TLS", "See which route redirects to http, and redirect to https; what is behind a proxy needs its X-Forwarded-Proto")
	}
	return redirected(says+": it redirects to "+where+"; this was not followed", "See which route of the VirtualService redirects, and whether it is to")
}

// signInWords are parts of paths, and names of parameters, with which users are sent
// to sign in (OAuth 2.0, OpenID Connect, SAML, oauth2-proxy).
var signInWords = []string{"login", "signin", "sign-in", "sign_in", "logon", "oauth", "openid", "authorize", "saml", "/sso", "/cas/"}

// isSignIn tells whether a redirect leads to where users sign in.
func isSignIn(to *url.URL) bool {
	path, query := strings.ToLower(to.Path), to.Query()
	for _, word := range signInWords {
		if strings.Contains(path, word) {
			return true
		}
	}
	return query.Has("client_id") || query.Has("SAMLRequest")
}
