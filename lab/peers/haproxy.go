package peers

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

// ConfigFile is the name of HAProxy's configuration among Files.
const ConfigFile = "haproxy.cfg"

//go:embed haproxy.cfg.tmpl
var haproxy string

var config = template.Must(template.New(ConfigFile).Parse(haproxy))

// Orthanc has the loopback ports of a tenant's Orthanc.
type Orthanc struct{ HTTP, DICOM int }

// Files are the files that HAProxy 2.6 needs in its working directory to serve the plan:
// ConfigFile, certificates and CAs. HAProxy must inherit a listening socket for each of the
// plan's endpoints, in their order, from file 3 on (configuration manual, "bind", fd@). The files
// include the keys: only their owner may read them.
func (p Plan) Files(orthanc Orthanc) (map[string][]byte, error) {
	files := map[string][]byte{}
	var endpoints []endpointConfig
	for i, d := range p.Endpoints {
		c := endpointConfig{FD: 3 + i, Port: d.Addr.Port(), Name: "https", Mode: "http", ClientCA: d.clientCA != nil}
		backend := orthanc.HTTP
		if d.Protocol == "TLS" {
			c.Name, c.Mode, backend = "dicom", "tcp", orthanc.DICOM
		}
		if p.Forward {
			c.Backend = backend
		}
		for _, h := range d.Hosts {
			c.Hosts = append(c.Hosts, pattern(h))
		}
		endpoints = append(endpoints, c)
		files[fmt.Sprintf("%d.pem", c.Port)] = d.serving
		if c.ClientCA {
			files[fmt.Sprintf("%d.ca.pem", c.Port)] = d.clientCA
		}
	}
	var out bytes.Buffer
	if err := config.Execute(&out, struct{ Endpoints []endpointConfig }{endpoints}); err != nil {
		return nil, fmt.Errorf("writing HAProxy's configuration: %w", err)
	}
	files[ConfigFile] = out.Bytes()
	return files, nil
}

// endpointConfig is the configuration of a Endpoint.
type endpointConfig struct {
	FD       int
	Port     uint16
	Name     string
	Mode     string
	Hosts    []string
	ClientCA bool
	Backend  int // 0 for none
}

// pattern is the form of a server name in HAProxy's configuration.
func pattern(host string) string {
	if suffix, ok := strings.CutPrefix(host, "*"); ok {
		return "-m end " + suffix
	}
	return "-m str " + host
}
