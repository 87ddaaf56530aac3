package diagnose

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// fluxAsked are the kinds that are requested from the clusters in testdata/flux.
var fluxAsked = slices.Concat(workloadAsked, []schema.GroupKind{
	object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.ExternalArtifactKind, object.HelmRepositoryKind, object.HelmChartKind,
	object.LeaseKind, object.GatewayKind, object.VirtualServiceKind, object.ServiceEntryKind, object.EndpointSliceKind,
	object.ValidatingWebhookKind, object.MutatingWebhookKind, object.DefinitionKind, object.NetworkPolicyKind,
})

// TestFlux explains an object of Flux in each of several small clusters.
func TestFlux(t *testing.T) {
	for name, file := range readClusters(t, "testdata/flux/*.yaml") {
		for _, c := range file.Cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				if c.Of == "" {
					c.Of = file.Of
				}
				snap := clusterAsked(fluxAsked, c.cluster(t, file.Base), c.Forbidden)
				x := newContext(snap, tenant.Discover(snap))
				ref := refNamed(t, snap, c.Of)
				c.check(t, x, ref)
				for _, cause := range engine.NewWalk(x).From(ref, c.Failing).Causes {
					sound(t, cause.Finding)
				}
			})
		}
	}
}

// sound checks the required fields of every cause.
func sound(t *testing.T, f finding.Finding) {
	t.Helper()
	if len(f.Evidence) == 0 || len(f.Fixes) == 0 || f.Severity == "" || f.Ref.Kind == "" || f.Reason == "" {
		t.Errorf("%s lacks something: %+v", f.Code, f)
	}
}
