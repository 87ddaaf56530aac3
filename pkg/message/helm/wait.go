package helm

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// helm.sh/helm/v4 4.2.4, pkg/kube/statuswait.go: one line each; a
	// cluster's own object is "Kind//name".
	waitedObject = match.Wording(`(?m)(?:^|: )resource (` + match.KindShape + `/[-a-z0-9]*/` + match.NameShape + `) (?:not ready|still exists)\. status: (InProgress|Failed|NotFound|Unknown|Terminating|Current), message: (.*)$`)
	// Helm 3.18 to 4.0.
	waitedNamed = match.Wording(`(?m)(?:^|: )resource not ready, name: (` + match.NameShape + `), kind: (` + match.KindShape + `), status: (InProgress|Failed|NotFound|Unknown|Terminating|Current)$`)
	// Kubernetes' wait.ErrWaitTimeout, Go's context.DeadlineExceeded and the client's own
	// messages.
	timedOut = match.Wording(`(?m)(?:^|: )(?:timed out waiting for the condition|context deadline exceeded|client rate limiter Wait returned an error: [^\n]*)$`)
)

// notReady parses a wait that failed.
func (h *Failure) notReady(cause string) bool {
	h.Objects = waitedFor(cause)
	if len(h.Objects) > 0 {
		return true
	}
	// A timeout of one request to the API server is not a wait for objects.
	if _, refused := apierror.Unwrap(cause, &apierror.Error{}); refused {
		return false
	}
	return timedOut.MatchString(cause)
}

func waitedFor(cause string) []healthcheck.Item {
	var items []healthcheck.Item
	for _, found := range waitedObject.FindAllStringSubmatch(cause, match.MaxItems) {
		if object, ok := match.Slashed(strings.Replace(found[1], "//", "/", 1)); ok {
			items = append(items, healthcheck.Item{Object: object, Status: found[2], Error: match.Detail(found[3])})
		}
	}
	for _, found := range waitedNamed.FindAllStringSubmatch(cause, match.MaxItems) {
		if match.IsName(found[1]) && match.IsKind(found[2]) {
			items = append(items, healthcheck.Item{Object: match.Object{Kind: found[2], Name: found[1]}, Status: found[3]})
		}
	}
	return items
}
