package diagnose

import (
	"regexp"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// aboutConnection matches messages of a container whose connection was not answered,
// was closed by the other side, or was denied by an Istio proxy.
var aboutConnection = regexp.MustCompile(`(?i)connection (refused|reset|timed out|closed|terminated)|timed? ?out|could not connect|cannot connect|` +
	`failed to connect|closed the connection|no route to host|deadline exceeded|broken pipe|\bEOF\b|RBAC: access denied|no healthy upstream`)

// deniedConnections are the objects that certainly deny a connection that the workload
// of the pod requires: policies, and Services whose pods accept only mutual TLS. A pod
// whose last message is about something else does not fail because of them.
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

// mayLackConnection reports whether the last messages of the containers of the pod are
// about a connection, or there are none.
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
