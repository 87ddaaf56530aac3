package peers

import (
	"context"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// suffix is the end of the name of a tenant's namespace.
const suffix = "-orthweb"

// Namespace is the namespace of a tenant.
func Namespace(tenant string) string { return tenant + suffix }

// Tenants are the tenants of a cluster.
type Tenants struct {
	// Served have a Deployment orthanc or a Gateway, by name.
	Served []string
	// namespaces exist, with or without such objects.
	namespaces map[string]bool
}

// HasNamespace reports whether the tenant's namespace exists: it may contain the data of a tenant
// whose application was removed.
func (t Tenants) HasNamespace(tenant string) bool { return t.namespaces[Namespace(tenant)] }

// FindTenants finds the tenants of the cluster, without copies. An error means that they are unknown, not that
// there are none.
func FindTenants(ctx context.Context, from Finder) (Tenants, error) {
	t := Tenants{namespaces: map[string]bool{}}
	served := map[string]bool{}
	for _, o := range []cluster.Objects{
		{APIVersion: "v1", Kind: "Namespace"},
		{APIVersion: "apps/v1", Kind: "Deployment", Name: orthanc},
		{APIVersion: gatewayVersion, Kind: "Gateway"},
	} {
		o.Without = cluster.CopyLabel
		list, err := from.Find(ctx, o)
		if err != nil && !meta.IsNoMatchError(err) { // Istio's definitions may not be installed yet
			return Tenants{}, err
		}
		for i := range list {
			if o.Kind == "Namespace" {
				t.namespaces[list[i].GetName()] = true
			} else if tenant, ok := strings.CutSuffix(list[i].GetNamespace(), suffix); ok {
				served[tenant] = true
			}
		}
	}
	t.Served = slices.Sorted(maps.Keys(served))
	return t, nil
}
