package tenant

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// tenantIngress is how clients outside of the cluster reach a tenant: Istio Gateways,
// what they serve, and the Services of the pods that serve them.
type tenantIngress struct {
	gateways, routes []*unstructured.Unstructured
	services         []*unstructured.Unstructured
	credentials      []string // names of the Secrets with the certificates
	unread           []Link   // what could not be read of it
}

// tenantIngress reads the ingress of the tenant without changing the chain:
// certificates come before it in the chain, but depend on it.
func (c *chain) tenantIngress() *tenantIngress {
	aside := &chain{cluster: c.cluster, tenant: c.tenant, unknown: c.unknown}
	d := &tenantIngress{}
	d.gateways, _ = aside.list(Gateways, object.GatewayKind)
	d.routes, _ = aside.list(Gateways, object.VirtualServiceKind)
	services, complete := aside.list(Ingress, object.ServiceKind)
	d.services = servicesOf(services, d.gateways)
	if len(d.services) == 0 && complete && len(d.gateways) > 0 {
		d.services = c.centralServicesOf(d.gateways)
		if len(d.services) == 0 {
			aside.readable(Ingress, object.ServiceKind, "", c.snap.List(object.ServiceKind, "").Unknown)
		}
	}
	for _, gateway := range d.gateways {
		for _, server := range object.List(gateway.Object, "spec", "servers") {
			for _, name := range credentialsOf(server) {
				if !slices.Contains(d.credentials, name) {
					d.credentials = append(d.credentials, name)
				}
			}
		}
	}
	d.unread, c.unknown = aside.links, aside.unknown
	return d
}

// credentialsOf are the Secrets with the certificates of a server of a Gateway: one, or
// from Istio 1.27 on one for each type of key.
func credentialsOf(server map[string]any) []string {
	names := object.Texts(server, "tls", "credentialNames")
	if name := object.Text(server, "tls", "credentialName"); name != "" {
		names = append(names, name)
	}
	return names
}

// namespaces are those of the ingress, sorted.
func (d *tenantIngress) namespaces() []string {
	found := set{}
	for _, service := range d.services {
		found[service.GetNamespace()] = true
	}
	return found.sorted()
}

// serves reports whether a Gateway serves the certificate. If no ingress is known, the
// certificate is searched in the namespace of the Gateway.
func (d *tenantIngress) serves(certificate *unstructured.Unstructured) bool {
	beside := func(o *unstructured.Unstructured) bool { return o.GetNamespace() == certificate.GetNamespace() }
	return slices.Contains(d.credentials, object.Text(certificate.Object, "spec", "secretName")) &&
		(slices.ContainsFunc(d.gateways, beside) || slices.ContainsFunc(d.services, beside))
}

func (d *tenantIngress) unreadOf(section Section) []Link {
	return slices.DeleteFunc(slices.Clone(d.unread), func(l Link) bool { return l.Section != section })
}
