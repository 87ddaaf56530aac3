package diagnose

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// artifactPort is the port at which the pods of source-controller serve artifacts.
const artifactPort = 9090

// policyBlock is the result of the NetworkPolicies for a connection between the pods of
// two Deployments.
type policyBlock struct {
	// policy selects the pods of one side and, like all other policies that do, does
	// not allow the connection; nil if the connection is allowed.
	policy    *unstructured.Unstructured
	direction string
	unknown   []snapshot.Failure
}

// blockingPolicy evaluates the NetworkPolicies of both sides for a download of
// artifacts. What can't be evaluated, such as an IP block, counts as allowed.
func (x *examiner) blockingPolicy(client, server finding.Ref) policyBlock {
	from, to := x.snap.Lookup(client).Object, x.snap.Lookup(server).Object
	if from == nil || to == nil {
		return policyBlock{unknown: x.unreadable(health.DeploymentKind, server.Namespace)}
	}
	c := connection{from: from, to: to, port: artifactPort}
	for _, side := range []struct {
		of, peer  *unstructured.Unstructured
		direction string
	}{{to, from, "Ingress"}, {from, to, "Egress"}} {
		if unreadable := x.unreadable(networkPolicyKind, side.of.GetNamespace()); len(unreadable) > 0 {
			return policyBlock{unknown: unreadable}
		}
		if policy := x.networkDenies(side.of, side.peer, side.direction, c); policy != nil {
			return policyBlock{policy: policy, direction: side.direction}
		}
	}
	return policyBlock{}
}
