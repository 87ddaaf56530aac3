// Package peers has what answers at a tenant's addresses: a real Orthanc, and a
// real TLS proxy in front of it that stands in for the tenant's ingress
// gateway. The proxy, HAProxy, does what the cluster's objects say: it listens
// at the load balancer's address, at the ports of the Gateways, with the
// certificates of their Secrets, and asks for client certificates where they
// do.
//
// Not like Istio's: a Gateway is obeyed in its own namespace only, and
// VirtualServices aren't read. HTTPS goes to Orthanc's HTTP port, TLS to its
// DICOM port, as Korthweb's routes have it.
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

// debian is where Debian puts them.
var debian = "/usr/sbin"

// Find finds the programs in PATH, or where Debian puts them, which is in the
// PATH of root alone. The error names those that are missing, and says how to
// get them.
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
