package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// acmeProviders are the errors of the DNS providers that are built into
// cert-manager (v1.19, pkg/issuer/acme/dns: route53, cloudflare, azuredns,
// clouddns, digitalocean, akamai, rfc2136), the more particular first. Cloudflare's
// are on lines after the first, after "Error: ".
var acmeProviders = []struct {
	problem ACMEProblem
	words   *match.Pattern
}{
	{ACMENoZone, match.Wording(`zone (?:\S+ )?not found in Route ?53|NoSuchHostedZone|\bNo matching GoogleCloud domain found|ParentResourceNotFound|Zone \S+ not found in AzureDNS|failed to find zone for domain|could not find (?:the )?hosted zone`)},
	{ACMEProviderCredentials, match.Wording(`InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException|ExpiredToken|InvalidAccessKeyId|NoCredentialProviders|failed to refresh cached credentials|no EC2 IMDS role found|only one of access and secret keys was provided|\bError: (?:9109|9103|6003|6103|6111|1000[01]?): |\b(?:9109: Invalid access token|10000: Authentication error)|AADSTS\d+|ManagedIdentityCredential|DefaultAzureCredential|failed to acquire a token|could not find default credentials|oauth2: "?(?:invalid_grant|cannot fetch token)|api\.digitalocean\.com\S* ?: 401|Unable to authenticate you|dns: bad (?:authentication|key|signature)|\bNOTAUTH\b`)},
	{ACMEProviderDenied, match.Wording(`\bAccessDenied(?:Exception)?\b|is not authorized to perform:|AuthorizationFailed|does not have authorization to perform action|googleapi: Error 403|GoogleCloud API call failed: .*\b403\b|requires permission '|server replied: REFUSED|DNS update failed:[^\n]*REFUSED|\b403 Forbidden\b|StatusCode: 403`)},
	// Cloudflare also reports this for a token without permission to read the zone.
	{ACMENoZone, match.Wording(`Found no Zones for domain`)},
}

var acmeAction = match.Wording(`is not authorized to perform: ([a-zA-Z0-9]+:[A-Za-z]+)|to perform action '(Microsoft\.[A-Za-z./]+)'|requires permission '([a-z.]+)'|Required '([a-zA-Z.]+)' permission`)

// provider parses the answer of the DNS provider of a DNS-01 challenge.
func (a *ACME) provider(text string) bool {
	for _, kind := range acmeProviders {
		at := kind.words.FindStringIndex(text)
		if at == nil {
			continue
		}
		a.Problem = kind.problem
		from := strings.LastIndexByte(text[:at[0]], '\n') + 1
		line, _, _ := strings.Cut(text[from:], "\n")
		a.Detail = match.Detail(strings.TrimSpace(line))
		if found := acmeAction.FindStringSubmatch(text); found != nil {
			a.Action = match.Word(found[1] + found[2] + found[3] + found[4])
		}
		return true
	}
	return false
}
