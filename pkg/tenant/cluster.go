package tenant

import (
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// cluster is what the chains of all tenants share. Everything that requires the whole
// cluster is computed here once, and not for each tenant.
type cluster struct {
	snap     *snapshot.Snapshot
	assessor *health.Assessor
	// moreLayers is why there may be more Kustomizations, moreTenants why there
	// may be more namespaces.
	moreLayers, moreTenants []snapshot.Failure
	// installed are the HelmReleases that install into another namespace than
	// their own, by that namespace.
	installed map[string][]*unstructured.Unstructured
	layers    map[object.Key]*layer
	central   func() map[string][]*unstructured.Unstructured
	secrets   func() map[string][]*unstructured.Unstructured
}

func newCluster(snap *snapshot.Snapshot) *cluster {
	c := &cluster{
		snap: snap, assessor: health.New(snap),
		moreLayers:  snap.List(object.KustomizationKind, "").Unknown,
		moreTenants: snap.List(object.NamespaceKind, "").Unknown,
		installed:   map[string][]*unstructured.Unstructured{},
		layers:      map[object.Key]*layer{},
	}
	for _, release := range snap.List(object.HelmReleaseKind, "").Objects {
		if target := targetOf(release); target != release.GetNamespace() {
			c.installed[target] = append(c.installed[target], release)
		}
	}
	c.central = sync.OnceValue(c.centralServices)
	c.secrets = sync.OnceValue(c.certificatesBySecret)
	return c
}

// layer is what the Kustomization declares, nil if it does not exist.
func (c *cluster) layer(ref object.Ref) *layer {
	if l, ok := c.layers[ref.Key()]; ok {
		return l
	}
	var l *layer
	if obj := c.snap.Lookup(ref).Object; obj != nil {
		l = readLayer(c.snap, obj)
	}
	c.layers[ref.Key()] = l
	return l
}

// centralServices are the Services that may serve several tenants, by each label of
// their selectors: those outside of the namespaces of all tenants. The ingress of one
// tenant never serves another.
func (c *cluster) centralServices() map[string][]*unstructured.Unstructured {
	tenants := tenantNamespaces(c.snap, readLayers(c.snap))
	found := map[string][]*unstructured.Unstructured{}
	for _, service := range c.snap.List(object.ServiceKind, "").Objects {
		if tenants[service.GetNamespace()] {
			continue
		}
		for key := range object.Map(service.Object, "spec", "selector") {
			label := labelOf(service, key)
			found[label] = append(found[label], service)
		}
	}
	return found
}

// certificatesBySecret are all certificates, by their Secret, as namespace/name.
func (c *cluster) certificatesBySecret() map[string][]*unstructured.Unstructured {
	found := map[string][]*unstructured.Unstructured{}
	for _, certificate := range c.snap.List(object.CertificateKind, "").Objects {
		secret := secretOf(certificate)
		found[secret] = append(found[secret], certificate)
	}
	return found
}
