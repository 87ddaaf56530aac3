package diagnose

import (
	"bytes"
	"slices"
	"testing"

	"github.com/digihunch/kubectl-orthweb/examples"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestBlockedTenants takes a recording of a failing tenant, and explains its failing object,
// and objects that are ready with a warning: the latter block no tenant.
func TestBlockedTenants(t *testing.T) {
	content, err := examples.Open("failing")
	if err != nil {
		t.Fatal(err)
	}
	snap, err := file.Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	autoscaler := object.Ref{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler", Namespace: "bhs-orthweb", Name: "orthanc"}
	deployment := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "bhs-orthweb", Name: "orthanc"}
	for _, c := range []struct {
		newObject object.Ref
		status    health.Status
		blocks    []string
	}{{autoscaler, health.Ready, nil}, {deployment, health.Failing, []string{"bhs"}}} {
		t.Run(c.newObject.Kind, func(t *testing.T) {
			s := Object(snap, tenant.Discover(snap), c.newObject).Subjects[0]
			if s.Verdict.Status != c.status || len(s.Causes) != 1 || len(s.Causes[0].Fixes) != 1 || !slices.Equal(s.Causes[0].Tenants, c.blocks) {
				t.Errorf("%s with the causes %+v; want %s, and one that blocks %q", s.Verdict.Status, s.Causes, c.status, c.blocks)
			}
		})
	}
}
