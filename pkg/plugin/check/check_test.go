package check

import (
	"os"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
)

// TestRoles checks that the roles that a fix names have all permissions that are checked, so
// that a user who gets the role passes the check.
func TestRoles(t *testing.T) {
	files := map[string]string{"orthweb-viewer": "viewer", "orthweb-operator": "operator", "orthweb-cert-issuer": "cert-issuer"}
	snap := fakeapi.Example(t, "healthy")
	for _, command := range check.CommandsOf(snap, "", kindsOf(queries.Status()), diagnose.Kinds(), false) {
		text, err := os.ReadFile("../../../deploy/rbac/" + files[command.Role] + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict(text, &role); err != nil {
			t.Fatal(err)
		}
		if role.Name != command.Role || len(command.Permissions) == 0 {
			t.Errorf("%s: role %s, %d permissions", command.Name, role.Name, len(command.Permissions))
		}
		for _, p := range command.Permissions {
			if !slices.ContainsFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
				return slices.Contains(rule.Verbs, p.Verb) && slices.Contains(rule.APIGroups, p.Group) && slices.Contains(rule.Resources, p.Resource)
			}) {
				t.Errorf("%s requires to %s, which %s does not have", command.Name, p, command.Role)
			}
		}
	}
}
