// Package peers configures the servers at a tenant's addresses: a real Orthanc, and a real TLS
// proxy in front of it, which replaces the tenant's ingress gateway. The proxy, HAProxy,
// follows the cluster's objects: it listens at the load balancer's address, at the ports of the
// Gateways, with the certificates of their Secrets, and requests client certificates where they
// do.
//
// Unlike Istio, it applies a Gateway in its own namespace only, and doesn't read
// VirtualServices. It routes HTTPS to Orthanc's HTTP port, and TLS to its DICOM port, as
// Korthweb's routes do.
package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// debian are the directories in which Debian installs them.
var debian = "/usr/sbin"

// Find finds the programs in PATH, or where Debian installs them, which is only in the PATH of
// root. The error names missing programs, and how to install them.
func Find() (state.Peers, error) {
	var p state.Peers
	var missing []string
	for _, one := range []struct {
		name string
		into *string
	}{{"Orthanc", &p.Orthanc}, {"haproxy", &p.HAProxy}} {
		path, err := look(one.name)
		if err != nil {
			missing = append(missing, one.name)
		}
		*one.into = path
	}
	if len(missing) > 0 {
		return state.Peers{}, fmt.Errorf("%s not found in PATH or %s: on Debian, apt-get install orthanc haproxy",
			strings.Join(missing, " and "), debian)
	}
	return p, nil
}

func look(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return filepath.Abs(path)
	}
	path = filepath.Join(debian, name)
	if info, statErr := os.Stat(path); statErr == nil && info.Mode()&0o111 != 0 {
		return path, nil
	}
	return "", errors.Join(exec.ErrNotFound, err)
}
