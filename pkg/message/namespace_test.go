package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
)

func TestNamespaceContent(t *testing.T) {
	parsecheck.Check(t, parseNamespaceContent, []parsecheck.Case[NamespaceContent]{
		{"kubernetes 1.36, status_condition_utils.go: the core group has no name", `Some resources are remaining: helmreleases.helm.toolkit.fluxcd.io has 1 resource instances, pods. has 2 resource instances`,
			NamespaceContent{Resources: []RemainingResource{{Resource: "helmreleases", Group: "helm.toolkit.fluxcd.io", Count: 1}, {Resource: "pods", Count: 2}}}},
		{"kubernetes 1.36", `Some content in the namespace has finalizers remaining: example.com/cleanup in 3 resource instances, finalizers.fluxcd.io in 1 resource instances`,
			NamespaceContent{Finalizers: []RemainingFinalizer{{"example.com/cleanup", 3}, {"finalizers.fluxcd.io", 1}}}},
		{"the same, shorter", `Some finalizers are remaining: foregroundDeletion in 1 resource instances`, NamespaceContent{Finalizers: []RemainingFinalizer{{"foregroundDeletion", 1}}}},
		{"client-go 0.36, ErrGroupDiscoveryFailed; an error that names the group version again", `Discovery failed for some groups, 2 failing: unable to retrieve the complete list of server APIs: custom.metrics.k8s.io/v1beta1: stale GroupVersion discovery: custom.metrics.k8s.io/v1beta1, metrics.k8s.io/v1beta1: the server is currently unable to handle the request`,
			NamespaceContent{Undiscovered: []string{"custom.metrics.k8s.io/v1beta1", "metrics.k8s.io/v1beta1"}}},
		{"no group version", `Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: x`, NamespaceContent{}},
		{"nothing is left", `All content successfully removed`, NamespaceContent{}},
		{"nothing that can be read", `Some resources are remaining: all sorts of things`, NamespaceContent{}},
		{"nothing", ``, NamespaceContent{}},
	})
}
