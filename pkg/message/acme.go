package message

import (
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// ACME is why an ACME certificate is not issued: the result of a self check of
// cert-manager, or the answer of the ACME server.
type ACME struct {
	Problem ACMEProblem
	// Detail is the message of cert-manager or the ACME server, without its context.
	Detail string
	// Code is the HTTP status that the self check, or the ACME server, received
	// instead of the key of the challenge, 0 if the message has none.
	Code int
	// Address is the address that the ACME server connected to ("203.0.113.7"), if the
	// message has it.
	Address string
	// Secret is the missing Secret of the solver, as the API server names it.
	Secret string
	// Action is what the DNS provider does not allow ("route53:GetChange"), if the
	// message has it.
	Action string
	// Retry is when the ACME server accepts requests again, in its own format, empty
	// if the message does not have it.
	Retry string
}

// ACMEProblem is the kind of reason.
type ACMEProblem string

// The problems. Self checks are of cert-manager v1.21, pkg/issuer/acme/http and
// dns; the answers of an ACME server have the types of RFC 8555, section 6.7,
// and the texts of Let's Encrypt's Boulder.
const (
	ACMEStatusCode    ACMEProblem = "WrongStatusCode" // the self check was answered by something else
	ACMEWrongAnswer   ACMEProblem = "WrongAnswer"     // with 200, and not with the key
	ACMENoHost        ACMEProblem = "HostNotFound"    // no DNS record of the host
	ACMENoConnection  ACMEProblem = "NoConnection"    // nothing answers at the host's address
	ACMENotPropagated ACMEProblem = "NotPropagated"   // no TXT record at the authoritative servers
	ACMENameServers   ACMEProblem = "NameServers"     // the name servers can't be queried
	ACMESolverSecret  ACMEProblem = "SolverSecretNotFound"
	ACMESolverAPI     ACMEProblem = "SolverUnavailable" // the API of a DNS provider's webhook does not answer
	// The DNS provider refuses the credentials, does not grant them the required
	// permissions, or has no zone for the domain.
	ACMEProviderCredentials ACMEProblem = "ProviderCredentials"
	ACMEProviderDenied      ACMEProblem = "ProviderDenied"
	ACMENoZone              ACMEProblem = "ZoneNotFound"
	ACMENoSolver            ACMEProblem = "NoSolver" // no solver of the issuer is for the domain
	ACMERateLimited         ACMEProblem = "RateLimited"
	ACMECAA                 ACMEProblem = "CAA"
	ACMEIdentifier          ACMEProblem = "RejectedIdentifier"
	ACMEAccount             ACMEProblem = "Account"
	ACMEExternalAccount     ACMEProblem = "ExternalAccountRequired"
	ACMEContact             ACMEProblem = "InvalidContact"
	ACMEServerError         ACMEProblem = "ServerError" // of the ACME server itself
	ACMEInvalid             ACMEProblem = "Invalid"     // the ACME server's validation failed otherwise
	ACMEOther               ACMEProblem = "Other"
)

var (
	acmeWaiting = match.Wording(`^Waiting for (?:HTTP|DNS)-01 challenge propagation(?:: |$)`)
	acmeCode    = match.Wording(`wrong status code '(\d{3})', expected '\d{3}'`)
	acmeInvalid = match.Wording(`Invalid response from \S+.*?: (\d{3})\b`)
	acmeURN     = match.Wording(`\b(\d{3}) urn:(?:ietf:params:)?acme:error:([A-Za-z]+): ([^\n]*)`)
	acmeSecret  = match.Wording(`secrets? "(` + match.NameShape + `)" not found`)
	acmeAddress = match.Wording(`^(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]+): (?:Invalid response|Fetching)`)
	acmeRetry   = match.Wording(`[Rr]etry after (\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?: ?UTC|Z)?)`)
)

// acmeTypes are problems by the type that the ACME server gives.
var acmeTypes = map[string]ACMEProblem{
	"rateLimited": ACMERateLimited, "caa": ACMECAA, "rejectedIdentifier": ACMEIdentifier, "unsupportedIdentifier": ACMEIdentifier,
	"accountDoesNotExist": ACMEAccount, "userActionRequired": ACMEAccount,
	"externalAccountRequired": ACMEExternalAccount, "invalidContact": ACMEContact, "unsupportedContact": ACMEContact, "invalidEmail": ACMEContact,
	"serverInternal": ACMEServerError, "badNonce": ACMEServerError,
	"connection": ACMENoConnection, "unauthorized": ACMEInvalid, "incorrectResponse": ACMEInvalid, "dns": ACMENoHost,
}

// parseACME parses the reason of a Challenge or Order, or the message about an ACME
// issuer; false for an empty one.
func parseACME(message string) (ACME, bool) {
	text := strings.TrimSpace(match.FirstLine(match.Bound(message)))
	if text == "" {
		return ACME{}, false
	}
	a := ACME{Problem: ACMEOther, Detail: match.Detail(text)}
	if at := acmeWaiting.FindStringIndex(text); at != nil && at[1] < len(text) {
		text = text[at[1]:]
		a.Detail = match.Detail(text)
	}
	if found := acmeURN.FindStringSubmatch(text); found != nil {
		text, a.Detail = found[3], match.Detail(found[3])
		if problem, known := acmeTypes[found[2]]; known {
			a.Problem = problem
		}
		if a.Problem == ACMEOther && found[1][0] == '5' {
			a.Problem = ACMEServerError
		}
	}
	if found := acmeAddress.FindStringSubmatch(text); found != nil {
		a.Address = found[1]
	}
	if found := acmeRetry.FindStringSubmatch(text); found != nil {
		a.Retry = found[1]
	}
	if a.provider(strings.TrimSpace(match.Bound(message))) {
		return a, true
	}
	a.classify(text)
	return a, true
}

// classify uses the text if the type of the problem is missing or too general:
// cert-manager copies the detail of an ACME error without its type.
func (a *ACME) classify(text string) {
	if found := acmeCode.FindStringSubmatch(text); found != nil {
		a.Problem = ACMEStatusCode
		a.Code, _ = strconv.Atoi(found[1]) // three digits
		return
	}
	if found := acmeSecret.FindStringSubmatch(text); found != nil {
		a.Problem, a.Secret = ACMESolverSecret, match.Word(found[1])
		return
	}
	if a.Problem != ACMEOther && a.Problem != ACMEInvalid {
		return
	}
	if found := acmeInvalid.FindStringSubmatch(text); found != nil {
		a.Problem = ACMEInvalid
		a.Code, _ = strconv.Atoi(found[1])
		return
	}
	for _, w := range acmeWordings {
		if match.ContainsAny(text, w.phrases...) {
			a.Problem = w.problem
			return
		}
	}
}

// acmeWordings are phrases that identify a problem, the more specific first.
var acmeWordings = []struct {
	problem ACMEProblem
	phrases []string
}{
	{ACMENotPropagated, []string{"not yet propagated", "No TXT record found at", "Incorrect TXT record"}},
	{ACMEWrongAnswer, []string{"did not get expected response", "The key authorization file from the server did not match"}},
	{ACMECAA, []string{"CAA record for", "CAA self-check failed", "prevents issuance"}},
	{ACMERateLimited, []string{"too many certificates", "too many failed authorizations", "too many new orders", "too many currently pending"}},
	{ACMENoSolver, []string{"no configured challenge solvers can be used", "valid solver configuration"}},
	{ACMESolverAPI, []string{"unable to handle the request", "could not find the requested resource", "is forbidden: User"}},
	{ACMENoHost, []string{"no such host", "NXDOMAIN", "No valid IP addresses found"}},
	{ACMENameServers, []string{"Could not determine authoritative nameservers", "returned REFUSED for", "returned SERVFAIL for", "Could not find the start of authority", "DNS problem: SERVFAIL"}},
	{ACMENoConnection, []string{"connection refused", "Connection refused", "i/o timeout", "deadline exceeded", "Timeout during connect", "no route to host", "Error getting validation data", "request canceled", "connection reset by peer", "failed to perform self check GET request"}},
}
