package peers

import (
	"encoding/json"
	"fmt"
	"path/filepath"
)

// These are the ports that Orthanc listens on in its own network: those of Korthweb's Service
// orthweb.
const (
	HTTPPort  = 8042
	DICOMPort = 4242
)

// This is the user of Korthweb's Orthanc (gitops/application/base/orthanc/orthanc.json), who is
// the same in every installation.
const (
	User     = "admin"
	Password = "orthanc"
)

// OrthancConfiguration is Orthanc's configuration file, JSON, for one tenant:
// Korthweb's without plugins and database, with the studies below dir. The
// names are those of Orthanc 1.10.1 (OrthancServer/Resources/Configuration.json).
func OrthancConfiguration(dir string) ([]byte, error) {
	data, err := json.MarshalIndent(map[string]any{
		"Name":                              "Orthanc Configuration",
		"RemoteAccessAllowed":               true,
		"SslEnabled":                        false,
		"AuthenticationEnabled":             true,
		"RegisteredUsers":                   map[string]string{User: Password},
		"DicomTlsEnabled":                   false,
		"DicomTlsRemoteCertificateRequired": false,
		"HttpServerEnabled":                 true,
		"HttpPort":                          HTTPPort,
		"DicomServerEnabled":                true,
		"DicomAet":                          "ORTHANC",
		"DicomPort":                         DICOMPort,
		"DicomAlwaysAllowEcho":              true,
		"DicomAlwaysAllowStore":             true,
		"StorageDirectory":                  filepath.Join(dir, "storage"),
		"IndexDirectory":                    filepath.Join(dir, "storage"),
		"TemporaryDirectory":                filepath.Join(dir, "tmp"),
		"Plugins":                           []string{},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding Orthanc's configuration: %w", err)
	}
	return append(data, '\n'), nil
}
