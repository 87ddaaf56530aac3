package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Download is why a controller could not fetch an artifact from the one that
// stores it.
type Download struct {
	Problem DownloadProblem
	// URL is the URL of the artifact.
	URL string
	// HTTPStatus is the status that the server answered with, zero if it did not
	// answer.
	HTTPStatus int
}

// DownloadProblem is why an artifact could not be fetched.
type DownloadProblem string

// The problems a Download has.
const (
	DownloadRefused  DownloadProblem = "Refused" // nothing listens, or no route
	DownloadTimeout  DownloadProblem = "Timeout" // nothing answers
	DownloadDNS      DownloadProblem = "DNS"
	DownloadHTTP     DownloadProblem = "HTTP"
	DownloadNotFound DownloadProblem = "NotFound" // the artifact is not in the storage
	DownloadDigest   DownloadProblem = "Digest"   // it does not match its source
	DownloadStorage  DownloadProblem = "Storage"  // there is no room for it
	DownloadOther    DownloadProblem = "Other"
)

// fluxcd/pkg/http v0.8, fetch/archive_fetcher.go; "artifact" instead of
// "archive" up to kustomize-controller 0.35.
var download = match.Wording(`(?s)^(?:failed to (?:download (?:archive|artifact)|verify (?:archive|artifact)|untar (?:archive|artifact)|copy temp contents|create temp file)\b|tmp dir error: |file not found$)`)

// parseDownload reads the failures of fetching an artifact.
func parseDownload(text string) (Build, bool) {
	if !download.MatchString(text) {
		return Build{}, false
	}
	read := Download{Problem: DownloadOther, URL: urlIn(text), HTTPStatus: httpStatus(text)}
	words := anyURL.ReplaceAllString(text, "")
	switch {
	case match.ContainsAny(words, "no space left on device", "disk quota exceeded", "read-only file system"):
		read.Problem = DownloadStorage
	case match.ContainsAny(words, "no such host", "server misbehaving", "Temporary failure in name resolution", "dial tcp: lookup "):
		read.Problem = DownloadDNS
	case match.ContainsAny(words, "connection refused", "no route to host", "network is unreachable", "connection reset by peer"):
		read.Problem = DownloadRefused
	case match.ContainsAny(words, "i/o timeout", "deadline exceeded", "Client.Timeout", "operation timed out", "request canceled"):
		read.Problem = DownloadTimeout
	case read.HTTPStatus == 404, text == "file not found":
		read.Problem = DownloadNotFound
	case read.HTTPStatus >= 400:
		read.Problem = DownloadHTTP
	case strings.Contains(words, "computed digest"), strings.Contains(words, "computed checksum"), strings.HasPrefix(words, "failed to verify "):
		read.Problem = DownloadDigest
	}
	return Build{Problem: BuildDownload, Download: read, Detail: match.Detail(withoutSecrets(text))}, true
}
