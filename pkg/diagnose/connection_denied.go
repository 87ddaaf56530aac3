package diagnose

import (
	"regexp"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// aboutConnection are words of a container whose connection was not answered, was
// ended by the other side, or was denied by a proxy of Istio's.
var aboutConnection = regexp.MustCompile(`(?i)connection (refused|reset|timed out|closed|terminated)|timed? ?out|could not connect|cannot connect|` +
	`failed to connect|closed the connection|no route to host|deadline exceeded|broken pipe|\bEOF\b|RBAC: access denied|no healthy upstream`)

// deniedConnections are the objects that surely deny a connection which the pod's
// workload needs: policies, and Services whose pods accept mutual TLS alone. A pod
// whose last words are about something else does not fail because of them.
func (x *examiner) deniedConnections(s podView) []finding.Ref {
	if s.work == nil || !s.mayLackConnection() {
		return nil
	}
	var denied []finding.Ref
	for _, c := range x.connections(s.work.GetNamespace()) {
		if c.from != s.work {
			continue
		}
		if policy := x.networkDenies(c.to, c.from, "Ingress", c); policy != nil {
			denied = addRef(denied, finding.RefOf(policy))
		}
		if policy := x.networkDenies(c.from, c.to, "Egress", c); policy != nil {
			denied = addRef(denied, finding.RefOf(policy))
		}
		if d, ok := x.meshDenies(c); ok {
			denied = addRef(denied, finding.RefOf(d.policy))
		}
		if _, strict := x.sentPlaintext(c); strict {
			denied = addRef(denied, finding.RefOf(c.service))
		}
	}
	return denied
}

// mayLackConnection tells whether the last words of the pod's containers are about
// a connection, or there are none.
func (s podView) mayLackConnection() bool {
	silent := true
	for _, statuses := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, status := range field.List(s.pod.Object, "status", statuses) {
			words := (container{status: status}).lastTermination().message
			if aboutConnection.MatchString(words) || aboutDatabase.MatchString(words) {
				return true
			}
			silent = silent && words == ""
		}
	}
	return silent
}
