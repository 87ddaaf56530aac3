package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Source is why source-controller has no new artifact, or why another
// controller has no source.
type Source struct {
	Problem SourceProblem
	// Object is the source, if the message names one.
	Object match.Object
	// URL is without user, password, query and fragment.
	URL string
	// TLS has details of a TLS problem.
	TLS TLSProblem
	// HTTPStatus is the status of the answer, zero if the message has none.
	HTTPStatus int
	// Chart and Version are the requested ones; Version may be a range.
	Chart, Version string
	// Ref is a branch, tag, commit or semver range of Git.
	Ref string
	// Reference is the Secret with the credentials, or an included source, if that
	// could not be read.
	Reference match.Object
	Detail    string
}

// SourceProblem is why there is no artifact.
type SourceProblem string

// The problems a Source has (source-controller 1.9.5, internal/controller).
const (
	SourceAuthentication SourceProblem = "Authentication"
	SourceSecretMissing  SourceProblem = "SecretMissing"
	// SourceCredentialsInvalid: the Secret lacks what this kind of access requires.
	SourceCredentialsInvalid SourceProblem = "CredentialsInvalid"
	SourceHostKey            SourceProblem = "HostKey"   // SSH: not the one in known_hosts
	SourceRateLimit          SourceProblem = "RateLimit" // too many requests
	SourceProxy              SourceProblem = "Proxy"     // the proxy, not the server behind it
	SourceStorage            SourceProblem = "Storage"   // source-controller has no room
	SourceURLInvalid         SourceProblem = "URLInvalid"
	SourceTLS                SourceProblem = "TLS"
	SourceDNS                SourceProblem = "DNS"
	SourceRefused            SourceProblem = "Refused" // nothing listens, or no route
	SourceTimeout            SourceProblem = "Timeout"
	SourceHTTP               SourceProblem = "HTTP"
	SourceRepoNotFound       SourceProblem = "RepositoryNotFound"
	SourceRefNotFound        SourceProblem = "RefNotFound"
	SourceChartNotFound      SourceProblem = "ChartNotFound"
	SourceVersionNotFound    SourceProblem = "ChartVersionNotFound"
	SourceManifestUnknown    SourceProblem = "ManifestUnknown" // OCI: no such tag or digest
	SourceVerification       SourceProblem = "Verification"
	SourceIndexInvalid       SourceProblem = "IndexInvalid" // of a HelmRepository
	SourceNoArtifact         SourceProblem = "NoArtifact"
	SourceMissing            SourceProblem = "Missing" // there is no such source
	SourceNotReady           SourceProblem = "NotReady"
	SourceAccessDenied       SourceProblem = "AccessDenied" // it is in another namespace, and that is forbidden
	SourceOther              SourceProblem = "Other"
)

// parseSource parses the failures to fetch a source, and the messages of the
// controllers that use it.
func parseSource(message string) (Source, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if source, ok := sourceReference(text); ok {
		return source, true
	}
	if source, ok := parseChart(text); ok {
		return source, true
	}
	if !sourceStep.MatchString(text) {
		return Source{}, false
	}
	return fetchProblem(text), true
}

// parseFetch parses a message that is known to be about a fetch, since it is from the
// source itself: other versions have another text before the error, or none. It is
// false if the message names no problem.
func parseFetch(message string) (Source, bool) {
	source, ok := parseSource(message)
	if !ok {
		source = fetchProblem(strings.TrimSpace(match.Bound(message)))
	}
	return source, source.Problem != SourceOther
}
