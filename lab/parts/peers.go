package parts

import "path/filepath"

// OrthancName is the name of a tenant's Orthanc, and that of its HTTP port.
func OrthancName(tenant string) string { return "orthanc-" + tenant }

// DICOMPortName is the name of the DICOM port of a tenant's Orthanc.
func DICOMPortName(tenant string) string { return OrthancName(tenant) + "-dicom" }

// GatewayName is the name of a tenant's proxy.
func GatewayName(tenant string) string { return "gateway-" + tenant }

// OrthancDir is where a tenant's Orthanc keeps its studies.
func (c Config) OrthancDir(tenant string) string { return c.path(OrthancName(tenant)) }

// Orthanc serves a tenant's web and DICOM at the ports inside of its network.
// Its configuration is orthanc.json in OrthancDir; health is what it answers
// 200 to on its HTTP port, with a user.
func (c Config) Orthanc(tenant, program, user string, http, dicom int) Part {
	name := OrthancName(tenant)
	return Part{
		Name: name, Program: program,
		Args:   []string{filepath.Join(c.OrthancDir(tenant), "orthanc.json")},
		Ports:  []string{name, DICOMPortName(tenant)},
		Inside: []int{http, dicom},
		Health: "http://" + user + "@" + c.Ports.Addr(name) + "/system",
		// The gateways are its users.
		Store: true,
	}
}

// Gateway is a tenant's proxy, with the configuration in dir. Its listeners are
// given to it when it is started.
func (c Config) Gateway(tenant, program, dir string) Part {
	// -db: one process, in the foreground.
	return Part{Name: GatewayName(tenant), Program: program, Args: []string{"-db", "-f", "haproxy.cfg"}, Dir: dir}
}
