package health

import (
	"reflect"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

func TestParseInventory(t *testing.T) {
	for _, c := range []struct {
		id   string
		want object.Ref
	}{
		{"bhs-orthweb_orthanc_apps_Deployment", object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "bhs-orthweb", Name: "orthanc"}},
		{"bhs-orthweb_orthweb__Service", object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "bhs-orthweb", Name: "orthweb"}},
		{"_bhs-orthweb__Namespace", object.Ref{APIVersion: "v1", Kind: "Namespace", Name: "bhs-orthweb"}},
		{"_system__node_rbac.authorization.k8s.io_ClusterRole",
			object.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Name: "system:node"}},
	} {
		if got, ok := ParseInventoryID(c.id, "v1"); !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("ParseInventoryID(%q) = %+v, %v", c.id, got, ok)
		}
	}
	for _, id := range []string{"", "_", "a_b", "a_b_c", "a_b_c_", "nothing"} {
		if got, ok := ParseInventoryID(id, "v1"); ok {
			t.Errorf("ParseInventoryID(%q) = %+v, want none", id, got)
		}
	}
}
