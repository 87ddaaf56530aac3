package traffic

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ArtifactPort is the port at which the pods of source-controller serve artifacts.
const ArtifactPort = 9090

// PolicyBlock is the result of the NetworkPolicies for a connection between the pods of
// two Deployments.
type PolicyBlock struct {
	// Policy selects the pods of one side and, like all other policies that do, does
	// not allow the connection; nil if the connection is allowed.
	Policy    *unstructured.Unstructured
	Direction string
	Unknown   []snapshot.Failure
}

// BlockingPolicy evaluates the NetworkPolicies of both sides for a download of
// artifacts. What can't be evaluated, such as an IP block, counts as allowed.
func BlockingPolicy(x *engine.Context, client, server object.Ref) PolicyBlock {
	from, to := x.Snap.Lookup(client).Object, x.Snap.Lookup(server).Object
	if from == nil || to == nil {
		return PolicyBlock{Unknown: x.Unreadable(object.DeploymentKind, server.Namespace)}
	}
	c := Connection{From: from, To: to, port: ArtifactPort}
	for _, side := range []struct {
		of, peer  *unstructured.Unstructured
		direction string
	}{{to, from, "Ingress"}, {from, to, "Egress"}} {
		if unreadable := x.Unreadable(object.NetworkPolicyKind, side.of.GetNamespace()); len(unreadable) > 0 {
			return PolicyBlock{Unknown: unreadable}
		}
		if policy := NetworkDenies(x, side.of, side.peer, side.direction, c); policy != nil {
			return PolicyBlock{Policy: policy, Direction: side.direction}
		}
	}
	return PolicyBlock{}
}
