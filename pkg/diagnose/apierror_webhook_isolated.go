package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// isolating is a NetworkPolicy that selects the webhook's pods, if no NetworkPolicy that
// selects them allows the API server to connect to the port; nil otherwise. The API
// server is no pod: only rules without "from", or with an ipBlock, allow it.
func (c webhookCall) isolating(port int64) *unstructured.Unstructured {
	var first *unstructured.Unstructured
	listing := c.x.snap.List(networkPolicyKind, c.service.Namespace)
	behind := c.behind()
	for _, policy := range listing.Objects {
		types := field.Texts(policy.Object, "spec", "policyTypes")
		selects := slices.ContainsFunc(behind, func(workload *unstructured.Unstructured) bool {
			return labelsMatch(field.Map(policy.Object, "spec", "podSelector"), podLabels(workload)) == yes
		})
		if !selects || len(types) > 0 && !slices.Contains(types, "Ingress") {
			continue
		}
		for _, rule := range field.List(policy.Object, "spec", "ingress") {
			if admitsAPIServer(rule, port) {
				return nil
			}
		}
		if first == nil {
			first = policy
		}
	}
	return first
}

func admitsAPIServer(rule map[string]any, port int64) bool {
	from := field.List(rule, "from")
	blocks := slices.ContainsFunc(from, func(peer map[string]any) bool { return field.Map(peer, "ipBlock") != nil })
	if len(from) > 0 && !blocks {
		return false
	}
	ports := field.List(rule, "ports")
	for _, p := range ports {
		low, high := field.Int(p, "port"), field.Int(p, "endPort")
		if low == 0 || port == 0 || low == port || high > 0 && low <= port && port <= high {
			return true // by name, or it can't be told
		}
	}
	return len(ports) == 0
}
