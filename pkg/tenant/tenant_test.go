package tenant

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// TestOrderDoesNotMatter puts the objects of each case into the snapshot in
// several orders.
func TestOrderDoesNotMatter(t *testing.T) {
	for _, path := range casePaths(t) {
		c := readCase(t, path)
		want := describe(c, c.snapshot(c.objects(t)))
		for seed := range uint64(5) {
			objects := c.objects(t)
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(objects), func(i, j int) {
				objects[i], objects[j] = objects[j], objects[i]
			})
			if got := describe(c, c.snapshot(objects)); got != want {
				t.Fatalf("%s, seed %d: got\n%s\nwant\n%s", path, seed, got, want)
			}
		}
	}
}

func TestFind(t *testing.T) {
	tenants := []Tenant{
		{Name: "bhs", Namespaces: []string{"bhs-archive", "mhr"}},
		{Name: "mhr", Namespaces: []string{"mhr-orthweb"}},
	}
	for _, c := range []struct{ asked, want string }{
		{"bhs", "bhs"},
		{"bhs-archive", "bhs"},
		{"mhr-orthweb", "mhr"},
		{"mhr", "mhr"}, // a name comes before a namespace
		{"bh", ""},
	} {
		got, ok := Find(tenants, c.asked)
		if got.Name != c.want || ok != (c.want != "") {
			t.Errorf("Find(%q) = %q, %v, want %q", c.asked, got.Name, ok, c.want)
		}
	}
}

func TestParseInventory(t *testing.T) {
	for _, c := range []struct {
		id   string
		want finding.Ref
	}{
		{"bhs-orthweb_orthanc_apps_Deployment", finding.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "bhs-orthweb", Name: "orthanc"}},
		{"bhs-orthweb_orthweb__Service", finding.Ref{APIVersion: "v1", Kind: "Service", Namespace: "bhs-orthweb", Name: "orthweb"}},
		{"_bhs-orthweb__Namespace", finding.Ref{APIVersion: "v1", Kind: "Namespace", Name: "bhs-orthweb"}},
		{"_system__node_rbac.authorization.k8s.io_ClusterRole",
			finding.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Name: "system:node"}},
	} {
		if got, ok := parseInventory(c.id, "v1"); !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("parseInventory(%q) = %+v, %v", c.id, got, ok)
		}
	}
	for _, id := range []string{"", "_", "a_b", "a_b_c", "a_b_c_", "nothing"} {
		if got, ok := parseInventory(id, "v1"); ok {
			t.Errorf("parseInventory(%q) = %+v, want none", id, got)
		}
	}
}
