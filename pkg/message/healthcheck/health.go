// Package healthcheck parses the messages of failed health checks, in the
// wordings of Flux and Helm.
package healthcheck

import (
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Failure is what kustomize-controller reports about objects that did not become
// ready in time.
type Failure struct {
	// After is how long it waited; zero if the message is only the list, as in the
	// Healthy condition.
	After time.Duration
	// Stalled is set if it stopped early because objects had failed (from
	// kustomize-controller 1.1.0 on).
	Stalled bool
	Items   []Item
	// Truncated is set if the list is incomplete: kustomize-controller keeps 20,000
	// characters.
	Truncated bool
	// Other is the text in place of a list, for example that the API server did not
	// answer.
	Other string
}

// Item is an object that a message reports as not ready.
type Item struct {
	match.Object
	// Status is InProgress, Failed, NotFound, Unknown, Terminating or Current; empty
	// if the message does not have it.
	Status string
	// Error is the error of the object, often empty.
	Error string
}

// What comes before the list of objects (fluxcd/pkg/ssa v0.76, manager_wait.go).
const (
	// WaitingFor begins the list of objects that did not become ready in time.
	WaitingFor = "timeout waiting for: ["
	// StalledOn begins the list of objects that failed.
	StalledOn = "failed early due to stalled resources: ["
)

var (
	// "Health check failed after 5m0s, " up to kustomize-controller 0.29,
	// with a colon from 0.30 on, in lower case from 1.2 on.
	healthPrefix = match.Wording(`^[Hh]ealth check failed after ([0-9a-zµ.]+)(?:: |, )`)
	// Before kustomize-controller 0.15.
	healthOld = match.Wording(`(?s)^Health check timed out for \[(.*)$`)
)

// Parse reads a failed health check, "health check failed after
// 5m0s: timeout waiting for: [Deployment/ns/name status: 'InProgress']"
// (kustomize-controller 1.9.6, kustomization_controller.go; the list is of
// fluxcd/pkg/ssa v0.76, manager_wait.go), and its older wordings.
func Parse(message string) (Failure, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if old := healthOld.FindStringSubmatch(text); old != nil {
		return oldHealthCheck(old[1])
	}
	var check Failure
	prefix := healthPrefix.FindStringSubmatch(text)
	if prefix != nil {
		after, err := time.ParseDuration(prefix[1])
		if err != nil {
			return Failure{}, false
		}
		check.After = after
		text = text[len(prefix[0]):]
	}
	list, waiting := strings.CutPrefix(text, WaitingFor)
	if !waiting {
		list, check.Stalled = strings.CutPrefix(text, StalledOn)
	}
	if !waiting && !check.Stalled {
		check.Other = match.Detail(text)
		return check, prefix != nil && check.Other != ""
	}
	check.Items, check.Truncated = splitItems(list)
	return check, len(check.Items) > 0
}
