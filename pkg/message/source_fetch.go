package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// fluxcd/pkg/git v0.52, gogit/clone.go.
	gitRefs = []*match.Pattern{
		match.Wording(`couldn't find remote ref "?([^"\s]+)"?`),
		match.Wording(`unable to resolve ref '([^'\n]+)' to a specific commit`),
		match.Wording(`unable to (?:resolve commit object for|checkout commit|find reference for tag|checkout tag|resolve HEAD of (?:branch|tag)) '([^'\n]+)'`),
		match.Wording(`no match found for semver: ([^\n]+)$`),
	}
	gitNoReference = match.Wording(`: reference not found$`)
	// source-controller 1.9.5: "failed to get secret 'ns/name': secrets "name" not found".
	secretUnread = match.Wording(`failed to get (?:authentication |TLS authentication |STS )?secret '([^'\s]+)': ([^\n]*)`)
	// fluxcd/pkg/runtime v0.60, secrets/reader.go.
	secretGone   = match.Wording(`\bsecret '([^'\s]+)' not found\b`)
	unauthorized = match.Wording(`\b(?:401 Unauthorized|403 Forbidden)\b|status code:? (?:401|403)\b|authentication required|authorization failed|invalid auth method|unable to authenticate|UNAUTHORIZED|DENIED|denied: |failed to authenticate|authentication failed|AccessDenied|Access Denied|invalid credentials|failed to login to `)
)

// fetchWordings are problems and their phrases, in the order in which they must be checked:
// errors of a connection come before errors that are sent over it.
var fetchWordings = []struct {
	problem SourceProblem
	words   *match.Pattern
}{
	{SourceStorage, match.Wording(`no space left on device|disk quota exceeded|read-only file system`)},
	{SourceVerification, match.Wording(`failed to verify the signature|signature verification of |cannot verify signature of |no matching signatures were found|chart verification error: |signature detected but no`)},
	{SourceURLInvalid, match.Wording(`invalid (?:Helm repository|OCI registry) URL: |URL validation failed for|failed to parse url|unsupported protocol scheme|URL must (?:be in format|not contain)`)},
	{SourceRateLimit, match.Wording(`TOOMANYREQUESTS|toomanyrequests|[Tt]oo [Mm]any [Rr]equests|[Rr]ate limit`)},
	{SourceProxy, match.Wording(`proxyconnect |Proxy Authentication Required|socks connect |proxy address|configure proxy options`)},
	// A bare status text after the URL is a proxy's answer to CONNECT; a server's own status
	// is not an error of the client (Go 1.26, net/http/transport.go, dialConn).
	{SourceProxy, match.Wording(`(?:Get|Head|Post) "": (?:Forbidden|Bad Gateway|Service Unavailable|Gateway Time-?[Oo]ut|Method Not Allowed|Bad Request)\s*$`)},
	{SourceCredentialsInvalid, match.Wording(`invalid '[a-z]+' auth option: |SSH identity key is encrypted|github app data|malformed basic auth`)},
	{SourceHostKey, match.Wording(`knownhosts: |user cancelled hostkey check|unknown remote host key|hostkey could not be verified|no common algorithm for host key`)},
	{SourceTLS, match.Wording(`\bx509: |\btls: |\bTLS handshake\b|certificate signed by unknown authority|server gave HTTP response to HTTPS client`)},
	{SourceDNS, match.Wording(`no such host|server misbehaving|Temporary failure in name resolution|dial tcp: lookup `)},
	{SourceRefused, match.Wording(`connection refused|no route to host|network is unreachable|connection reset by peer`)},
	{SourceTimeout, match.Wording(`i/o timeout|deadline exceeded|Client\.Timeout|request canceled|(?:operation|connection) timed out`)},
	{SourceAuthentication, unauthorized},
	{SourceManifestUnknown, match.Wording(`MANIFEST_UNKNOWN|manifest unknown|NAME_UNKNOWN|NAME_INVALID|no match found for semver: .*\n?$`)},
	{SourceRepoNotFound, match.Wording(`: repository not found\b|remote repository is empty|git repository is empty|^bucket '[^'\n]*' not found`)},
	{SourceIndexInvalid, match.Wording(`failed to load Helm repository from index YAML|index exceeds the maximum index file size`)},
}

// fetchProblem classifies a fetch error and parses what it names.
func fetchProblem(text string) Source {
	source := Source{Problem: SourceOther, URL: urlIn(text), HTTPStatus: httpStatus(text), Detail: match.Detail(withoutSecrets(text))}
	if found := secretUnread.FindStringSubmatch(text); found != nil {
		if secret, ok := match.Namespaced(found[1]); ok {
			secret.Kind = "Secret"
			source.Reference, source.Problem = secret, SourceAuthentication
			if strings.HasSuffix(strings.TrimSpace(found[2]), "not found") {
				source.Problem = SourceSecretMissing
			}
			return source
		}
	}
	if found := secretGone.FindStringSubmatch(text); found != nil {
		if secret, ok := match.Namespaced(found[1]); ok {
			secret.Kind = "Secret"
			source.Reference, source.Problem = secret, SourceSecretMissing
			return source
		}
	}
	if ref, ok := gitRef(text); ok {
		source.Problem, source.Ref = SourceRefNotFound, ref
		return source
	}
	// The content of a URL is not part of the error.
	words := anyURL.ReplaceAllString(text, "")
	for _, kind := range fetchWordings {
		if kind.words.MatchString(words) {
			source.Problem = kind.problem
			if kind.problem == SourceTLS {
				source.TLS = tlsProblem(words)
			}
			return source
		}
	}
	switch {
	case source.HTTPStatus == 429:
		source.Problem = SourceRateLimit
	case source.HTTPStatus >= 400:
		source.Problem = SourceHTTP
	}
	return source
}

// gitRef is the branch, tag or commit that does not exist; empty if the message does
// not have it.
func gitRef(text string) (string, bool) {
	if !strings.HasPrefix(text, "failed to checkout and determine revision: ") && !strings.HasPrefix(text, "unable to clone '") {
		return "", false
	}
	for _, expression := range gitRefs {
		if found := expression.FindStringSubmatch(text); found != nil {
			return match.Word(strings.TrimSpace(found[1])), true
		}
	}
	return "", gitNoReference.MatchString(text)
}
