package diagnose

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// artifactPort is where source-controller's pods serve artifacts, and its name.
const (
	artifactPort     = 9090
	artifactPortName = "http"
)

// blocked is what NetworkPolicies say of a connection between the pods of two
// Deployments.
type blocked struct {
	// policy selects the pods of one side and, like all others that do, does
	// not allow the connection; nil when it is allowed.
	policy    *unstructured.Unstructured
	direction string
	unknown   []snapshot.Failure
}

// blockedBy judges a connection by the NetworkPolicies on both sides. What can't
// be told, such as a range of addresses, counts as allowed.
func (x *examiner) blockedBy(client, server finding.Ref) blocked {
	from, to := x.snap.Lookup(client).Object, x.snap.Lookup(server).Object
	if from == nil || to == nil {
		return blocked{unknown: x.unreadable(health.DeploymentKind, server.Namespace)}
	}
	for _, side := range []struct {
		of, peer  *unstructured.Unstructured
		direction string
	}{{to, from, "Ingress"}, {from, to, "Egress"}} {
		list := x.snap.List(networkPolicyKind, side.of.GetNamespace())
		if unreadable := x.unreadable(networkPolicyKind, side.of.GetNamespace()); len(unreadable) > 0 {
			return blocked{unknown: unreadable}
		}
		if policy := x.deniedBy(list.Objects, side.of, side.peer, side.direction); policy != nil {
			return blocked{policy: policy, direction: side.direction}
		}
	}
	return blocked{}
}

// deniedBy is the first policy that selects the pods in the direction, where no
// policy allows the peer.
func (x *examiner) deniedBy(policies []*unstructured.Unstructured, of, peer *unstructured.Unstructured, direction string) *unstructured.Unstructured {
	var first *unstructured.Unstructured
	for _, policy := range policies {
		if !restricts(policy, direction) || !selects(field.Map(policy.Object, "spec", "podSelector"), templateLabels(of)) {
			continue
		}
		if first == nil {
			first = policy
		}
		rules, peers := "ingress", "from"
		if direction == "Egress" {
			rules, peers = "egress", "to"
		}
		for _, rule := range field.List(policy.Object, "spec", rules) {
			if allowsPort(rule) && x.allowsPeer(field.List(rule, peers), policy.GetNamespace(), peer) {
				return nil
			}
		}
	}
	return first
}

// restricts tells whether a policy is about a direction (networking.k8s.io/v1:
// without policyTypes it is about ingress, and about egress if it has rules).
func restricts(policy *unstructured.Unstructured, direction string) bool {
	types := field.Texts(policy.Object, "spec", "policyTypes")
	if len(types) > 0 {
		return slices.Contains(types, direction)
	}
	return direction == "Ingress" || len(field.List(policy.Object, "spec", "egress")) > 0
}

func templateLabels(deployment *unstructured.Unstructured) labels.Set {
	set := labels.Set{}
	for key, value := range field.Map(deployment.Object, "spec", "template", "metadata", "labels") {
		if text, ok := value.(string); ok {
			set[key] = text
		}
	}
	return set
}

// selects tells whether a label selector matches; one that can't be read does.
func selects(selector map[string]any, set labels.Set) bool {
	var typed metav1.LabelSelector
	if runtime.DefaultUnstructuredConverter.FromUnstructured(selector, &typed) != nil {
		return true
	}
	compiled, err := metav1.LabelSelectorAsSelector(&typed)
	return err != nil || compiled.Matches(set)
}

// allowsPort tells whether a rule is about the port of artifacts, or all ports.
func allowsPort(rule map[string]any) bool {
	ports := field.List(rule, "ports")
	for _, port := range ports {
		number := field.Int(port, "port")
		last := max(number, field.Int(port, "endPort"))
		if number == 0 && (field.Text(port, "port") == "" || field.Text(port, "port") == artifactPortName) || number <= artifactPort && artifactPort <= last {
			return true
		}
	}
	return len(ports) == 0
}

// allowsPeer tells whether one of a rule's peers is the Deployment's pods.
func (x *examiner) allowsPeer(peers []map[string]any, home string, peer *unstructured.Unstructured) bool {
	for _, p := range peers {
		if p["ipBlock"] != nil {
			return true
		}
		near := peer.GetNamespace() == home
		if selector := field.Map(p, "namespaceSelector"); selector != nil {
			namespace := x.snap.Lookup(finding.Ref{APIVersion: "v1", Kind: health.NamespaceKind.Kind, Name: peer.GetNamespace()}).Object
			near = namespace == nil || selects(selector, namespace.GetLabels())
		}
		if near && selects(field.Map(p, "podSelector"), templateLabels(peer)) {
			return true
		}
	}
	return len(peers) == 0
}
