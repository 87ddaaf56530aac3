package fluxmsg

import (
	"regexp"
	"strings"
)

// Source is why source-controller has no new artifact, or why another
// controller has no source.
type Source struct {
	Problem SourceProblem
	// Object is the source, where the message names one.
	Object Object
	// URL is without user, password, query and fragment.
	URL string
	// HTTPStatus is what the other side answered, zero when unsaid.
	HTTPStatus int
	// Chart and Version are what was asked for; Version may be a range.
	Chart, Version string
	// Ref is a branch, tag, commit or semver range of Git.
	Ref string
	// Reference is the Secret with the credentials, or a source that is
	// included, when that is what could not be read.
	Reference Object
	Detail    string
}

// SourceProblem is why there is no artifact.
type SourceProblem string

// The problems a Source has (source-controller 1.9.5, internal/controller).
const (
	SourceAuthentication  SourceProblem = "Authentication"
	SourceSecretMissing   SourceProblem = "SecretMissing"
	SourceURLInvalid      SourceProblem = "URLInvalid"
	SourceTLS             SourceProblem = "TLS"
	SourceDNS             SourceProblem = "DNS"
	SourceRefused         SourceProblem = "Refused" // nothing listens, or no route
	SourceTimeout         SourceProblem = "Timeout"
	SourceHTTP            SourceProblem = "HTTP"
	SourceRepoNotFound    SourceProblem = "RepositoryNotFound"
	SourceRefNotFound     SourceProblem = "RefNotFound"
	SourceChartNotFound   SourceProblem = "ChartNotFound"
	SourceVersionNotFound SourceProblem = "ChartVersionNotFound"
	SourceManifestUnknown SourceProblem = "ManifestUnknown" // OCI: no such tag or digest
	SourceVerification    SourceProblem = "Verification"
	SourceIndexInvalid    SourceProblem = "IndexInvalid" // of a HelmRepository
	SourceNoArtifact      SourceProblem = "NoArtifact"
	SourceMissing         SourceProblem = "Missing" // there is no such source
	SourceNotReady        SourceProblem = "NotReady"
	SourceAccessDenied    SourceProblem = "AccessDenied" // it is in another namespace, and that is forbidden
	SourceOther           SourceProblem = "Other"
)

// sourceStep is what source-controller 1.9.5 puts in front of an error, step by
// step.
var sourceStep = regexp.MustCompile(`^(?:failed to (?:checkout and determine revision|fetch Helm repository index|load Helm repository from index YAML|construct Helm client|authenticate with the Helm repository|determine (?:the )?artifact (?:tag|digest)|pull artifact from|verify the signature|get (?:authentication |TLS authentication |STS )?secret|get credential|configure (?:authentication|proxy) options|create Git client|parse url|confirm existence of|download chart)|chart pull error: |invalid chart reference: |chart verification error: |dependency build error: |unable to (?:clone|list remote for|get source) '|URL validation failed for|invalid (?:Helm repository|OCI registry) URL: |signature verification of |cannot verify signature of |PGP signature detected|fetch from bucket |bucket '|indexation of objects from bucket |git repository is empty|could not get Source object: |unknown build error: |looks like ")`)

// ParseSource reads the failures of fetching a source, and what the
// controllers that use it say of it.
func ParseSource(message string) (Source, bool) {
	text := strings.TrimSpace(bound(message))
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
