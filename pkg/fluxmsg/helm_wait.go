package fluxmsg

import (
	"strings"
)

var (
	// helm.sh/helm/v4 4.2.4, pkg/kube/statuswait.go: one line each; a
	// cluster's own object is "Kind//name".
	waitedObject = wording(`(?m)(?:^|: )resource (` + kindShape + `/[-a-z0-9]*/` + nameShape + `) (?:not ready|still exists)\. status: (InProgress|Failed|NotFound|Unknown|Terminating|Current), message: (.*)$`)
	// Helm 3.18 to 4.0.
	waitedNamed = wording(`(?m)(?:^|: )resource not ready, name: (` + nameShape + `), kind: (` + kindShape + `), status: (InProgress|Failed|NotFound|Unknown|Terminating|Current)$`)
	// Kubernetes' wait.ErrWaitTimeout, Go's context.DeadlineExceeded and the
	// client's own words.
	timedOut = wording(`(?m)(?:^|: )(?:timed out waiting for the condition|context deadline exceeded|client rate limiter Wait returned an error: [^\n]*)$`)
)

// notReady parses a wait that failed.
func (h *Helm) notReady(cause string) bool {
	h.Objects = waitedFor(cause)
	if len(h.Objects) > 0 {
		return true
	}
	// A time-out of one request to the API server is no wait for objects.
	if _, refused := unwrap(cause, &APIError{}); refused {
		return false
	}
	return timedOut.MatchString(cause)
}

func waitedFor(cause string) []Item {
	var items []Item
	for _, found := range waitedObject.FindAllStringSubmatch(cause, maxItems) {
		if object, ok := slashed(strings.Replace(found[1], "//", "/", 1)); ok {
			items = append(items, Item{Object: object, Status: found[2], Error: detail(found[3])})
		}
	}
	for _, found := range waitedNamed.FindAllStringSubmatch(cause, maxItems) {
		if isName(found[1]) && isKind(found[2]) {
			items = append(items, Item{Object: Object{Kind: found[2], Name: found[1]}, Status: found[3]})
		}
	}
	return items
}
