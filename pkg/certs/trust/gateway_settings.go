package trust

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// modeOf is the server's mode. An HTTP server may have TLS settings too, to redirect clients
// to HTTPS; it does not use TLS for that.
func modeOf(settings map[string]any) Mode {
	_, has := settings["tls"].(map[string]any)
	mode := Mode(object.Text(settings, "tls", "mode"))
	switch protocol := strings.ToUpper(object.Text(settings, "port", "protocol")); {
	case !has, protocol == "HTTP", protocol == "HTTP2", protocol == "GRPC":
		return Plain
	case mode == "":
		return Passthrough
	}
	return mode
}

// credentialNames are the Secrets of a server, without those of another scheme
// ("builtin://").
func credentialNames(tls map[string]any) []string {
	names := object.Texts(tls, "credentialNames")
	if name := object.Text(tls, "credentialName"); name != "" && len(names) == 0 {
		names = []string{name}
	}
	return slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, "://") })
}

// hostsOf are the hosts of a server. If it accepts any, they are the tenant's hosts at that
// port.
func hostsOf(settings map[string]any, port int64, s tenant.Status) []string {
	var hosts []string
	for _, host := range object.Texts(settings, "hosts") {
		if _, name, scoped := strings.Cut(host, "/"); scoped {
			host = name
		}
		named := []string{host}
		for _, known := range []tenant.Endpoint{s.Web, s.DICOM} {
			if strings.HasPrefix(host, "*") && known.Port == port && len(known.Hosts) > 0 {
				named = known.Hosts
			}
		}
		for _, name := range named {
			if !slices.Contains(hosts, name) {
				hosts = append(hosts, name)
			}
		}
	}
	return hosts
}
