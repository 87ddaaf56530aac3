package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
)

func TestACME(t *testing.T) {
	self := "cert-manager v1.21, pkg/issuer/acme/http/http.go"
	parsecheck.Check(t, parseACME, []parsecheck.Case[ACME]{
		{self, `Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'`,
			ACME{Problem: ACMEStatusCode, Code: 404, Detail: "wrong status code '404', expected '200'"}},
		{"without what came of the check", `Waiting for HTTP-01 challenge propagation`, ACME{Problem: ACMEOther, Detail: "Waiting for HTTP-01 challenge propagation"}},
		{self, `Waiting for HTTP-01 challenge propagation: did not get expected response "k" when querying endpoint`,
			ACME{Problem: ACMEWrongAnswer, Detail: `did not get expected response "k" when querying endpoint`}},
		{self, `Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://a.b/x': Get "http://a.b/x": dial tcp: lookup a.b on 10.96.0.10:53: no such host`,
			ACME{Problem: ACMENoHost, Detail: `failed to perform self check GET request 'http://a.b/x': Get "http://a.b/x": dial tcp: lookup a.b on 10.96.0.10:53: no such host`}},
		{self, `Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://a.b/x': Get "http://a.b/x": dial tcp 203.0.113.7:80: connect: connection refused`,
			ACME{Problem: ACMENoConnection, Detail: `failed to perform self check GET request 'http://a.b/x': Get "http://a.b/x": dial tcp 203.0.113.7:80: connect: connection refused`}},
		{self, `Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://a.b/x': Get "http://a.b/x": EOF`,
			ACME{Problem: ACMENoConnection, Detail: `failed to perform self check GET request 'http://a.b/x': Get "http://a.b/x": EOF`}},
		{"pkg/issuer/acme/dns/dns.go", `Waiting for DNS-01 challenge propagation: DNS record for "a.b" not yet propagated`,
			ACME{Problem: ACMENotPropagated, Detail: `DNS record for "a.b" not yet propagated`}},
		{"pkg/issuer/acme/dns/util/wait.go", `Waiting for DNS-01 challenge propagation: NS ns1.b.:53 returned REFUSED for _acme-challenge.a.b.`,
			ACME{Problem: ACMENameServers, Detail: `NS ns1.b.:53 returned REFUSED for _acme-challenge.a.b.`}},
		{"pkg/issuer/acme/dns/dns.go", `error getting cloudflare secret: secrets "cloudflare-api-token" not found`,
			ACME{Problem: ACMESolverSecret, Secret: "cloudflare-api-token", Detail: `error getting cloudflare secret: secrets "cloudflare-api-token" not found`}},
		{"a DNS webhook", `the server is currently unable to handle the request (post hetzner.acme.example.com)`,
			ACME{Problem: ACMESolverAPI, Detail: `the server is currently unable to handle the request (post hetzner.acme.example.com)`}},
		{"acmeorders/sync.go and RFC 8555", `Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-03-02 10:11:12 UTC: see https://letsencrypt.org/docs/rate-limits/`,
			ACME{Problem: ACMERateLimited, Retry: "2026-03-02 10:11:12 UTC", Detail: `too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-03-02 10:11:12 UTC: see https://letsencrypt.org/docs/rate-limits/`}},
		{"the detail alone", `too many failed authorizations (5) for "a.b" in the last 1h0m0s, retry after 2026-03-01 10:11:12 UTC`,
			ACME{Problem: ACMERateLimited, Retry: "2026-03-01 10:11:12 UTC", Detail: `too many failed authorizations (5) for "a.b" in the last 1h0m0s, retry after 2026-03-01 10:11:12 UTC`}},
		{"acmechallenges/sync.go, the authorization", `Error accepting authorization: acme: authorization error for a.b: 403 urn:ietf:params:acme:error:caa: CAA record for a.b prevents issuance`,
			ACME{Problem: ACMECAA, Detail: "CAA record for a.b prevents issuance"}},
		{"the same", `Error accepting authorization: acme: authorization error for a.b: 403 urn:ietf:params:acme:error:unauthorized: 203.0.113.7: Invalid response from http://a.b/.well-known/acme-challenge/t: 404`,
			ACME{Problem: ACMEInvalid, Code: 404, Address: "203.0.113.7", Detail: "203.0.113.7: Invalid response from http://a.b/.well-known/acme-challenge/t: 404"}},
		{"the same", `Error accepting authorization: acme: authorization error for a.b: 400 urn:ietf:params:acme:error:connection: 203.0.113.7: Fetching http://a.b/x: Timeout during connect (likely firewall problem)`,
			ACME{Problem: ACMENoConnection, Address: "203.0.113.7", Detail: "203.0.113.7: Fetching http://a.b/x: Timeout during connect (likely firewall problem)"}},
		{"the detail alone", `DNS problem: NXDOMAIN looking up A for a.b - check that a DNS record exists for this domain`,
			ACME{Problem: ACMENoHost, Detail: `DNS problem: NXDOMAIN looking up A for a.b - check that a DNS record exists for this domain`}},
		{"the same", `Error accepting authorization: acme: authorization error for a.b: 403 urn:ietf:params:acme:error:unauthorized: No TXT record found at _acme-challenge.a.b`,
			ACME{Problem: ACMENotPropagated, Detail: `No TXT record found at _acme-challenge.a.b`}},
		{"setup.go", `Failed to register ACME account: 400 urn:ietf:params:acme:error:invalidContact: contact email "x@example.com" has forbidden domain "example.com"`,
			ACME{Problem: ACMEContact, Detail: `contact email "x@example.com" has forbidden domain "example.com"`}},
		{"setup.go", `Failed to register ACME account: Get "https://acme.example.com/directory": dial tcp: lookup acme.example.com: no such host`,
			ACME{Problem: ACMENoHost, Detail: `Failed to register ACME account: Get "https://acme.example.com/directory": dial tcp: lookup acme.example.com: no such host`}},
		{"setup.go", `Failed to register ACME account: 401 urn:ietf:params:acme:error:externalAccountRequired: The request must include a value for the "externalAccountBinding" field`,
			ACME{Problem: ACMEExternalAccount, Detail: `The request must include a value for the "externalAccountBinding" field`}},
		{"an error of the server", `Failed to finalize Order: 500 urn:ietf:params:acme:error:serverInternal: Error finalizing order`, ACME{Problem: ACMEServerError, Detail: "Error finalizing order"}},
		{"acmeorders/sync.go", `Failed to determine a valid solver configuration for the set of domains on the Order: no configured challenge solvers can be used for this challenge`,
			ACME{Problem: ACMENoSolver, Detail: `Failed to determine a valid solver configuration for the set of domains on the Order: no configured challenge solvers can be used for this challenge`}},
		{"nothing", ``, ACME{}},
	})
}
