package pod

import (
	"regexp"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// aboutConnection matches messages of a container whose connection was not answered,
// was closed by the other side, or was denied by an Istio proxy.
var aboutConnection = regexp.MustCompile(`(?i)connection (refused|reset|timed out|closed|terminated)|timed? ?out|could not connect|cannot connect|` +
	`failed to connect|closed the connection|no route to host|deadline exceeded|broken pipe|\bEOF\b|RBAC: access denied|no healthy upstream`)

// deniedConnections are the objects that certainly deny a connection that the workload
// of the pod requires: policies, and Services whose pods accept only mutual TLS. A pod
// whose last message is about something else does not fail because of them.
func deniedConnections(x *engine.Context, s pods.View) []object.Ref {
	if s.Work == nil || !mayLackConnection(s) {
		return nil
	}
	var denied []object.Ref
	for _, c := range traffic.Connections(x, s.Work.GetNamespace()) {
		if c.From != s.Work {
			continue
		}
		if policy := traffic.NetworkDenies(x, c.To, c.From, "Ingress", c); policy != nil {
			denied = engine.AddRef(denied, object.RefOf(policy))
		}
		if policy := traffic.NetworkDenies(x, c.From, c.To, "Egress", c); policy != nil {
			denied = engine.AddRef(denied, object.RefOf(policy))
		}
		if d, ok := traffic.MeshDenies(x, c); ok {
			denied = engine.AddRef(denied, object.RefOf(d.Policy))
		}
		if _, strict := traffic.SentPlaintext(x, c); strict {
			denied = engine.AddRef(denied, object.RefOf(c.Service))
		}
	}
	return denied
}

// mayLackConnection reports whether the last messages of the containers of the pod are
// about a connection, or there are none.
func mayLackConnection(s pods.View) bool {
	silent := true
	for _, statuses := range []string{"initContainerStatuses", "containerStatuses"} {
		for _, status := range object.List(s.Pod.Object, "status", statuses) {
			words := (pods.Container{Status: status}).LastTermination().Message
			if aboutConnection.MatchString(words) || pods.AboutDatabase.MatchString(words) {
				return true
			}
			silent = silent && words == ""
		}
	}
	return silent
}
