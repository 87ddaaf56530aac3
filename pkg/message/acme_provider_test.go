package message

import (
	"testing"
)

func TestACMEProvider(t *testing.T) {
	for _, c := range []struct {
		from, message string
		problem       ACMEProblem
		action        string
	}{
		{"cert-manager#6308", `failed to change Route 53 record set: operation error Route 53: ChangeResourceRecordSets, https response error StatusCode: 403, RequestID: <REDACTED>, api error AccessDenied: User: arn:aws:sts::1:assumed-role/r/1 is not authorized to perform: route53:ChangeResourceRecordSets on resource: arn:aws:route53:::hostedzone/x because no identity-based policy allows the route53:ChangeResourceRecordSets action`, ACMEProviderDenied, "route53:ChangeResourceRecordSets"},
		{"cert-manager#538", `Time limit exceeded. Last error: Failed to query Route 53 change status: AccessDenied: User: arn:aws:sts::4:assumed-role/c/9 is not authorized to perform: route53:GetChange on resource: arn:aws:route53:::change/C1`, ACMEProviderDenied, "route53:GetChange"},
		{"cert-manager#8221", `Error presenting challenge: failed to determine Route 53 hosted zone ID: operation error Route 53: ListHostedZonesByName, https response error StatusCode: 403, RequestID: 3, api error InvalidClientTokenId: The security token included in the request is invalid.`, ACMEProviderCredentials, ""},
		{"cert-manager#8221, what stays in status.reason", `failed to determine Route 53 hosted zone ID: operation error Route 53: ListHostedZonesByName, <redacted AWS SDK error: http.ResponseError: see events and logs for details>`, ACMEOther, ""},
		{"cert-manager v1.19, route53.go", `failed to determine Route 53 hosted zone ID: zone not found in Route 53 for domain _acme-challenge.web.a.com.`, ACMENoZone, ""},
		{"cert-manager#4465", "while attempting to find Zones for domain _acme-challenge.sub.domain.\nwhile querying the Cloudflare API for GET \"/zones?name=_acme-challenge.sub.domain\"\n\t Error: 9109: Invalid access token", ACMEProviderCredentials, ""},
		{"cert-manager v1.19, cloudflare.go", "while querying the Cloudflare API for POST \"/zones/1/dns_records\"\n\t Error: 10000: Authentication error", ACMEProviderCredentials, ""},
		{"cert-manager#3083", `Error: 0: Actor 'com.cloudflare.api.token.x' requires permission 'com.cloudflare.api.account.zone.list' to list zones`, ACMEProviderDenied, "com.cloudflare.api.account.zone.list"},
		{"cert-manager#5745", `Status=403 Code="AuthorizationFailed" Message="The client 'p' with object id 'p' does not have authorization to perform action 'Microsoft.Network/dnsZones/TXT/write' over scope '/subscriptions/s'`, ACMEProviderDenied, "Microsoft.Network/dnsZones/TXT/write"},
		{"Entra ID", `request error: AADSTS7000215: Invalid client secret provided.`, ACMEProviderCredentials, ""},
		{"cert-manager#1532", `GoogleCloud API call failed: googleapi: Error 403: Forbidden, forbidden`, ACMEProviderDenied, ""},
		{"a self check", `Waiting for DNS-01 challenge propagation: DNS record for "web.a.com" not yet propagated`, ACMENotPropagated, ""},
		{"the solver's Secret", `error getting cloudflare secret: secrets "cloudflare" not found`, ACMESolverSecret, ""},
		{"an answer over HTTP", `Waiting for HTTP-01 challenge propagation: wrong status code '403', expected '200'`, ACMEStatusCode, ""},
	} {
		if got, _ := parseACME(c.message); got.Problem != c.problem || got.Action != c.action {
			t.Errorf("%s: %s %q, want %s %q", c.from, got.Problem, got.Action, c.problem, c.action)
		}
	}
}
