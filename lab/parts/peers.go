package parts

import "path/filepath"

// OrthancName is the name of a tenant's Orthanc, and that of its HTTP port.
func OrthancName(tenant string) string { return "orthanc-" + tenant }

// DICOMPortName is the name of the DICOM port of a tenant's Orthanc.
func DICOMPortName(tenant string) string { return OrthancName(tenant) + "-dicom" }

// TenantPortNames are the names of the ports of a tenant's Orthanc.
func TenantPortNames(tenant string) []string {
	return []string{OrthancName(tenant), DICOMPortName(tenant)}
}

// GatewayName is the name of a tenant's proxy.
func GatewayName(tenant string) string { return "gateway-" + tenant }

// OrthancDir is the directory of a tenant's studies.
func (c Config) OrthancDir(tenant string) string { return c.path(OrthancName(tenant)) }

// Orthanc serves a tenant's web and DICOM at the ports inside of its network. Its configuration
// is orthanc.json in OrthancDir. user is the user and password of its health check.
func (c Config) Orthanc(tenant, program, user string, http, dicom int) Part {
	name := OrthancName(tenant)
	return Part{
		Name: name, Program: program,
		Args:      []string{filepath.Join(c.OrthancDir(tenant), "orthanc.json")},
		Ports:     TenantPortNames(tenant),
		Inside:    []int{http, dicom},
		Health:    "http://" + user + "@" + c.Ports.Addr(name) + "/system",
		Container: &Container{Namespace: tenant + "-orthweb", Labels: map[string]string{"app": "orth"}, Name: "orthanc"},
		// The gateways use it, so it ends after them.
		Store: true,
	}
}

// Gateway is a tenant's proxy, with the configuration in dir. It inherits its listeners.
func (c Config) Gateway(tenant, program, dir string) Part {
	// -db runs one process, in the foreground.
	return Part{
		Name: GatewayName(tenant), Program: program, Args: []string{"-db", "-f", "haproxy.cfg"}, Dir: dir,
		Container: &Container{Namespace: tenant + "-orthweb", Labels: map[string]string{"istio": "ingressgateway"}, Name: "istio-proxy"},
	}
}
