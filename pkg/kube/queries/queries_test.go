package queries

import (
	"os"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// TestViewerRole checks that the viewer role allows to list and watch exactly the kinds that the
// commands read, except Secrets.
func TestViewerRole(t *testing.T) {
	text, err := os.ReadFile("../../../deploy/rbac/viewer.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(text, &role); err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, rule := range role.Rules {
		if !slices.Equal(rule.Verbs, []string{"list", "watch"}) {
			t.Errorf("%v is not to list and watch", rule)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				allowed = append(allowed, resource+"."+group)
			}
		}
	}
	var read []string
	for _, want := range Snapshot(diagnose.Kinds()) {
		if want.Kind != "Secret" {
			read = append(read, object.PluralOf(want.Kind)+"."+want.Group)
		}
	}
	for _, resource := range read {
		if !slices.Contains(allowed, resource) {
			t.Errorf("%s is read, and the role does not allow to list it", resource)
		}
	}
	for _, resource := range allowed {
		if !slices.Contains(read, resource) {
			t.Errorf("the role allows to list %s, which is not read", resource)
		}
	}
}
