package tenant

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// HostName is a name under which clients reach a tenant. It is as in the cluster, and
// may be a pattern ("*.bhs.org") or not a valid name.
type HostName struct {
	Name string
	// From are the Gateways, VirtualServices and Certificates that have it.
	From []object.Ref
}

// HostNames are the host names of each tenant, in the order of the tenants: the hosts
// of its Gateways, of the VirtualServices bound to them, and of the certificates that
// they serve.
func HostNames(snap *snapshot.Snapshot, tenants []Tenant) [][]HostName {
	cluster := newCluster(snap)
	all := make([][]HostName, len(tenants))
	for i, t := range tenants {
		all[i] = (&chain{cluster: cluster, tenant: t}).hostNames()
	}
	return all
}

func (c *chain) hostNames() []HostName {
	var found []HostName
	// literal reports whether the object itself has the name. A name that it gets from the
	// routes bound to it belongs to the routes.
	add := func(names []string, from *unstructured.Unstructured, literal func(name string) bool) {
		for _, name := range names {
			i := slices.IndexFunc(found, func(h HostName) bool { return h.Name == name })
			if i < 0 {
				i, found = len(found), append(found, HostName{Name: name})
			}
			if ref := object.RefOf(from); literal(name) && !slices.ContainsFunc(found[i].From, ref.Same) {
				found[i].From = append(found[i].From, ref)
			}
		}
	}
	written := func(string) bool { return true }
	d := c.tenantIngress()
	for _, gateway := range d.gateways {
		for _, server := range object.List(gateway.Object, "spec", "servers") {
			server = c.served(server)
			add(hostsOf(gateway, server, d.routes), gateway, func(name string) bool { return slices.Contains(hostsOf(gateway, server, nil), name) })
		}
	}
	for _, route := range d.routes {
		if slices.ContainsFunc(d.gateways, func(gateway *unstructured.Unstructured) bool { return isBound(route, gateway) }) {
			add(object.Texts(route.Object, "spec", "hosts"), route, written)
		}
	}
	certificates, _ := c.list(Certificates, object.CertificateKind)
	for _, certificate := range append(certificates, c.centralCertificates(d)...) {
		if d.serves(certificate) {
			add(object.Texts(certificate.Object, "spec", "dnsNames"), certificate, written)
		}
	}
	// A server that accepts any host adds nothing if there are names.
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(h HostName) bool { return h.Name == "*" })
	}
	return found
}

// served is a Gateway's server without the hosts that it has for routes in namespaces of
// other tenants ("mhr-orthweb/web.mhr.orthweb.com"): these names belong to the tenant of the
// route.
func (c *chain) served(server map[string]any) map[string]any {
	var hosts []any
	for _, host := range object.Texts(server, "hosts") {
		namespace, _, ok := strings.Cut(host, "/")
		if !ok || namespace == "*" || namespace == "." || slices.Contains(c.tenant.Namespaces, namespace) {
			hosts = append(hosts, host)
		}
	}
	own := maps.Clone(server)
	own["hosts"] = hosts
	return own
}
