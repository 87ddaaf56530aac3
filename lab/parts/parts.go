// Package parts says what the processes of a lab are: their flags, where they
// listen and how to ask whether they are well. The flags are those of the
// versions in go.mod.
package parts

import (
	"os"
	"path/filepath"

	"github.com/digihunch/kubectl-orthweb/lab/pki"
)

// Part is one process.
type Part struct {
	// Name is the part's name, and its program's among the binaries.
	Name string
	// Program is the path of one that isn't among them.
	Program string
	Args    []string
	// Dir is where it runs, the lab's directory when empty.
	Dir string
	// Env is added to what every part gets, see Env.
	Env []string
	// Pod is the namespace that the part would run in as a pod, when it has to
	// find its name in a file; see the package pod.
	Pod string
	// Ports are the names of the ports that it listens on, the main one first.
	Ports []string
	// Inside are the ports on which it listens in its own network namespace, one for each
	// of Ports; see the package pod.
	Inside []int
	// Files are open files that it is given, from number 3 on.
	Files []*os.File
	// Health is a URL that answers 200 once the part is well.
	Health string
	// Client says that Health asks for a client certificate of the lab.
	Client bool
	// Store says that the other parts can't end in order without this one.
	Store bool
}

// Config is what the parts of one lab have in common.
type Config struct {
	// Dir is the lab's directory.
	Dir   string
	Files pki.Files
	Ports *Ports
	// NoPods says that the system lets no process see a pod's file, so that
	// Flux's controllers must do without leader election; see the package pod.
	NoPods bool
}

// PortNames are the names of all ports that the parts of a lab listen on, with
// an Orthanc for each of the tenants.
func PortNames(tenants ...string) []string {
	names := []string{
		"etcd", "etcd-peer", "etcd-metrics", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok",
		"source-controller", "source-controller-health", "source-controller-metrics",
		"kustomize-controller-health", "kustomize-controller-metrics",
		"helm-controller-health", "helm-controller-metrics",
		"cert-manager", "git", "helm",
	}
	for _, t := range tenants {
		names = append(names, OrthancName(t), DICOMPortName(t))
	}
	return names
}

// Server is the address of the API server.
func (c Config) Server() string { return "https://" + c.Ports.Addr("kube-apiserver") }

// Env is the environment that every part gets: nothing of the caller's but
// PATH, so that its proxies, kubeconfigs and credentials change nothing.
func (c Config) Env() []string {
	tmp := c.path("tmp")
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + tmp, "TMPDIR=" + tmp, "LANG=C"}
}

// Dirs are the directories that must be there before the parts start.
func (c Config) Dirs() []string {
	return []string{c.path("tmp"), c.path("logs"), c.path("artifacts")}
}

// Log is where a part's output goes.
func (c Config) Log(part string) string { return c.path("logs", part+".log") }

func (c Config) path(elem ...string) string {
	return filepath.Join(append([]string{c.Dir}, elem...)...)
}

func (c Config) url(port, path string) string { return "http://" + c.Ports.Addr(port) + path }
