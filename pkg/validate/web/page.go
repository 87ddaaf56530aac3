package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// The requested paths: the page that users open, the one of the plugin Orthanc Explorer 2,
// and Orthanc's description of itself.
const (
	Explorer   = "/app/explorer.html"
	Explorer2  = "/ui/app/"
	SystemPath = "/system"
	// UsualPrefix is where Orthanc is when a proxy serves it below a path (Orthanc
	// Book, nginx).
	UsualPrefix = "/orthanc"
)

// explorerTitle is that of both explorers' pages.
var explorerTitle = regexp.MustCompile(`(?i)<title>\s*Orthanc Explorer`)

// IsExplorer reports whether the answer is the page of Orthanc's explorer.
func IsExplorer(r Reply) bool { return r.Status == http.StatusOK && explorerTitle.Match(r.Body) }

// JudgePage is pure. login has the credentials that were sent.
func JudgePage(r Reply, tenant string, login check.Credentials) check.Check {
	switch {
	case IsExplorer(r):
		return check.Passed("Orthanc's explorer answers at " + r.URL)
	case r.Status != http.StatusOK:
		return JudgeStatus(r, tenant, login)
	}
	what := ShortText(r, login)
	if len(r.Body) == 0 {
		what = ": the response is empty"
	}
	return check.Failed(check.CodeNotOrthanc, r.URL+" is not Orthanc's explorer"+what, expectedPage(r.URL), RouteFix(tenant))
}

// FailedRequest is for a request without a complete answer.
func FailedRequest(at string, err error, tenant string) check.Check {
	return check.Failed(check.CodeNotOrthanc, "the request failed: "+check.DescribeError(err), expectedPage(at), RouteFix(tenant))
}

func expectedPage(at string) string {
	if strings.HasSuffix(at, SystemPath) {
		return "200 OK and Orthanc's version from " + at
	}
	return "200 OK and Orthanc's explorer from " + at
}

// RouteFix advises to check Orthanc and the route to it.
func RouteFix(tenant string) finding.Fix {
	return finding.Fix{Text: "Check whether Orthanc is running and whether the VirtualService routes to it", Command: "kubectl orthweb explain " + escape.ShellWord(tenant)}
}

// MayHideOrthanc reports whether Orthanc can answer although its explorer does not: it may
// be disabled, replaced by another page, or at another path.
func MayHideOrthanc(r Reply, c check.Check) bool {
	to := location(r)
	return c.Code == check.CodeNotOrthanc || c.Code == check.CodeWebNotFound || c.Code == check.CodeWebRedirect && to != nil && sameOrigin(r, to) && !isSignIn(to)
}

// IsOrthanc reports whether Orthanc answers: with its explorer, or with its own challenge
// for a password.
func IsOrthanc(r Reply) bool {
	offered, ok := Basic(Challenges(r.Header))
	return IsExplorer(r) || r.Status == http.StatusUnauthorized && ok && offered.Realm == orthancRealm
}

// JudgeWithoutExplorer is for an Orthanc that answers at /system, and whose explorer does
// not. It is pure. c is the check of the explorer.
func JudgeWithoutExplorer(page Reply, c check.Check, s System, at string, ui Reply, hasUI bool) check.Check {
	answers := fmt.Sprintf("Orthanc %s answers at %s", s.Version, at)
	if hasUI {
		return check.Passed("Orthanc Explorer 2 answers at "+ui.URL, answers, "there is no explorer at "+page.URL)
	}
	if _, ok := readOrthancError(page); ok && page.Status == http.StatusNotFound {
		return check.Passed(answers+", and its explorer is disabled", "OrthancExplorerEnabled is false in Orthanc's configuration, or this Orthanc does not include the explorer")
	}
	if byEnvoy(page) {
		c.Details = append(c.Details, answers)
		return c
	}
	c.Outcome = check.Warn
	c.Found = answers + ", but not its explorer: " + c.Found
	return c
}

// byEnvoy reports whether an error is the ingress's own, without a request to a server
// behind it: otherwise Envoy adds how long that server took. Its 404 has no body.
func byEnvoy(r Reply) bool {
	return strings.Contains(r.Header.Get("Server"), "envoy") && r.Header.Get("X-Envoy-Upstream-Service-Time") == "" && len(r.Body) == 0
}

func sameOrigin(r Reply, to *url.URL) bool {
	from, err := url.Parse(r.URL)
	return err == nil && from.Scheme == to.Scheme && from.Host == to.Host
}
