package message

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// An item of a failed health check, "Deployment/ns/name status: 'InProgress'"
	// (fluxcd/pkg/ssa v0.76, manager_wait.go).
	listedItem = match.Wording(`(\w+)/(?:[^\s/]+/)?([^\s/]+) status: '(\w+)'`)
	listOfAll  = match.Wording(`timeout waiting for: \[([^\]]*)\]`)
	fractions  = match.Wording(`(\d+)\.\d+s\b`)
	digest     = match.Wording(`\b(?:sha1:|sha256:)?([0-9a-f]{7})[0-9a-f]{33,57}\b`)
)

// Abbreviate removes from a message, or from a text that quotes one, what does not fit
// into a table row: the brackets and namespaces in the list of a failed health check,
// fractions of seconds, and all but seven digits of a revision.
func Abbreviate(text string) string {
	text = listOfAll.ReplaceAllString(text, "$1")
	text = listedItem.ReplaceAllString(text, "$1/$2 $3")
	text = fractions.ReplaceAllString(text, "${1}s")
	return AbbreviateRevision(text)
}

// AbbreviateRevision is a revision of a source, "main@sha1:<40 hex>" (from Flux 2.0 on)
// or "main/<40 hex>", with seven digits, as is usual for commits.
func AbbreviateRevision(revision string) string {
	return digest.ReplaceAllString(revision, "$1")
}
