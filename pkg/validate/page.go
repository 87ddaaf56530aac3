package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// The requested paths: the page that users open, the one of the plugin Orthanc Explorer 2,
// and Orthanc's description of itself.
const (
	explorer   = "/app/explorer.html"
	explorer2  = "/ui/app/"
	systemPath = "/system"
	// usualPrefix is where Orthanc is when a proxy serves it below a path (Orthanc
	// Book, nginx).
	usualPrefix = "/orthanc"
)

// explorerTitle is that of both explorers' pages.
var explorerTitle = regexp.MustCompile(`(?i)<title>\s*Orthanc Explorer`)

func isExplorer(r reply) bool { return r.status == http.StatusOK && explorerTitle.Match(r.body) }

func (v *validation) checkPage(ctx context.Context) Check {
	r, err := v.web.get(ctx, explorer, v.login)
	var unverified *unverifiedError
	if v.login.Given() && errors.As(err, &unverified) {
		v.withhold(unverified)
		r, err = v.web.get(ctx, explorer, Credentials{})
	}
	if err != nil {
		return failedRequest(r.url, err, v.subject.Tenant)
	}
	c := judgePage(r, v.subject.Tenant, v.login)
	if mayHideOrthanc(r, c) {
		c = v.lookForOrthanc(ctx, r, c)
	}
	switch {
	case c.Code == codeWebSignIn && c.Outcome == Warn:
		v.withheld = "the web does not accept a user and password"
	case v.withheld == "" || c.Outcome != Pass:
	case r.status == http.StatusUnauthorized:
		return skip("the web requires a password, and " + v.withheld)
	default:
		c.Found += "; " + v.withheld
	}
	return c
}

// judgePage is pure. login has the credentials that were sent.
func judgePage(r reply, tenant string, login Credentials) Check {
	switch {
	case isExplorer(r):
		return pass("Orthanc's explorer answers at " + r.url)
	case r.status != http.StatusOK:
		return judgeStatus(r, tenant, login)
	}
	what := shortText(r, login)
	if len(r.body) == 0 {
		what = ": the response is empty"
	}
	return fail(codeNotOrthanc, r.url+" is not Orthanc's explorer"+what, expectedPage(r.url), routeFix(tenant))
}

// failedRequest is for a request without a complete answer.
func failedRequest(at string, err error, tenant string) Check {
	return fail(codeNotOrthanc, "the request failed: "+describeError(err), expectedPage(at), routeFix(tenant))
}

func expectedPage(at string) string {
	if strings.HasSuffix(at, systemPath) {
		return "200 OK and Orthanc's version from " + at
	}
	return "200 OK and Orthanc's explorer from " + at
}

func routeFix(tenant string) finding.Fix {
	return finding.Fix{Text: "Check whether Orthanc is running and whether the VirtualService routes to it", Command: "kubectl orthweb explain " + escape.ShellWord(tenant)}
}

// mayHideOrthanc reports whether Orthanc can answer although its explorer does not: it may
// be disabled, replaced by another page, or at another path.
func mayHideOrthanc(r reply, c Check) bool {
	to := location(r)
	return c.Code == codeNotOrthanc || c.Code == codeWebNotFound || c.Code == codeWebRedirect && to != nil && sameOrigin(r, to) && !isSignIn(to)
}

// lookForOrthanc requests paths that prove that Orthanc answers although its explorer does
// not. c is the check of the explorer. Only fixed paths are requested, never one that an
// answer names.
func (v *validation) lookForOrthanc(ctx context.Context, page reply, c Check) Check {
	r, err := v.web.get(ctx, systemPath, v.login)
	if s, ok := readSystem(r); err == nil && ok {
		ui, err := v.web.get(ctx, explorer2, v.login)
		return judgeWithoutExplorer(page, c, s, r.url, ui, err == nil && isExplorer(ui))
	}
	if c.Code != codeWebNotFound {
		return c
	}
	// Without the password: Orthanc's own challenge shows that it is Orthanc.
	if r, err = v.web.get(ctx, usualPrefix+explorer, Credentials{}); err == nil && isOrthanc(r) {
		c.Found += "; Orthanc answers under " + usualPrefix + "/"
		c.Fix = finding.Fix{
			Text:    "Route the whole host to Orthanc in the VirtualService, without a prefix: validate and modalities' web clients use " + explorer + " and " + systemPath,
			Command: routesCommand(v.subject.Tenant),
		}
	}
	return c
}

// isOrthanc reports whether Orthanc answers: with its explorer, or with its own challenge
// for a password.
func isOrthanc(r reply) bool {
	offered, ok := basic(challenges(r.header))
	return isExplorer(r) || r.status == http.StatusUnauthorized && ok && offered.realm == orthancRealm
}

// judgeWithoutExplorer is for an Orthanc that answers at /system, and whose explorer does
// not. It is pure. c is the check of the explorer.
func judgeWithoutExplorer(page reply, c Check, s system, at string, ui reply, hasUI bool) Check {
	answers := fmt.Sprintf("Orthanc %s answers at %s", s.Version, at)
	if hasUI {
		return pass("Orthanc Explorer 2 answers at "+ui.url, answers, "there is no explorer at "+page.url)
	}
	if _, ok := readOrthancError(page); ok && page.status == http.StatusNotFound {
		return pass(answers+", and its explorer is disabled", "OrthancExplorerEnabled is false in Orthanc's configuration, or this Orthanc does not include the explorer")
	}
	if byEnvoy(page) {
		c.Details = append(c.Details, answers)
		return c
	}
	c.Outcome = Warn
	c.Found = answers + ", but not its explorer: " + c.Found
	return c
}

// byEnvoy reports whether an error is the ingress's own, without a request to a server
// behind it: otherwise Envoy adds how long that server took. Its 404 has no body.
func byEnvoy(r reply) bool {
	return strings.Contains(r.header.Get("Server"), "envoy") && r.header.Get("X-Envoy-Upstream-Service-Time") == "" && len(r.body) == 0
}

func sameOrigin(r reply, to *url.URL) bool {
	from, err := url.Parse(r.url)
	return err == nil && from.Scheme == to.Scheme && from.Host == to.Host
}
