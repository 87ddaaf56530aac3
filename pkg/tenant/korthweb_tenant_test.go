package tenant

import "fmt"

// tenantData fills the template of a tenant.
type tenantData struct {
	korthweb
	Name, Namespace, Address string
}

// tenant returns the tenant with that index.
func (k korthweb) tenant(i int) tenantData {
	name := k.Tenants[i]
	return tenantData{korthweb: k, Name: name, Namespace: fmt.Sprintf(k.Namespace, name),
		Address: fmt.Sprintf("192.168.%d.%d", 64+i/200, 16+i%200)}
}

// ids are the objects of the tenant's two layers, in the form of Flux's inventory.
func (t tenantData) ids() []string {
	return append(t.below(),
		t.Namespace+"_web-gw_networking.istio.io_Gateway",
		t.Namespace+"_orthanc_apps_Deployment")
}

func (t tenantData) below() []string {
	return []string{
		"_" + t.Namespace + "__Namespace",
		t.Namespace + "_orthweb-cert_cert-manager.io_Certificate",
		t.Namespace + "_postgres-ha_helm.toolkit.fluxcd.io_HelmRelease",
	}
}

func (t tenantData) folder(layer string) string { return fmt.Sprintf(t.Path, t.Name, layer) }

// Dependency is the tenant's first layer.
func (t tenantData) Dependency() layerData {
	return t.layer(fmt.Sprintf(t.korthweb.Dependency, t.Name), t.folder("dependency"), "observability", t.below()...)
}

// Application is the tenant's second layer.
func (t tenantData) Application() layerData {
	return t.layer(fmt.Sprintf(t.korthweb.Application, t.Name), t.folder("application"), t.Dependency().Name, t.ids()[3:]...)
}

// Releases are the tenant's Helm releases.
func (t tenantData) Releases() []string {
	return []string{"istio-egress", "istio-ingress", "postgres-ha"}
}

// Issuers are the tenant's issuers, the self-signed one first.
func (t tenantData) Issuers() []string { return []string{"selfsigned-root-issuer", "int-ca-issuer"} }
