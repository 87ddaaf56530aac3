// Package parts defines the processes of a lab: their flags, their ports and their health
// checks. The flags are those of the versions in go.mod.
package parts

import (
	"os"
	"path/filepath"

	"github.com/digihunch/kubectl-orthweb/lab/pki"
)

// Part is one process.
type Part struct {
	// Name is the part's name, and the name of its program among the binaries.
	Name string
	// Program is the path of a program that isn't among the binaries.
	Program string
	Args    []string
	// Dir is the working directory; the default is the lab's directory.
	Dir string
	// Env is added to the environment of all parts, see Env.
	Env []string
	// Pod is the namespace of the part's pod, if the part must find that name in a file; see
	// the package pod.
	Pod string
	// Ports are the names of the ports that it listens on, the main one first.
	Ports []string
	// Inside are the ports on which it listens in its own network namespace, one for each
	// of Ports; see the package pod.
	Inside []int
	// Files are open files that it inherits, starting with number 3.
	Files []*os.File
	// Container is the container of a Pod whose log is the part's output, nil if there is none.
	Container *Container
	// Health is a URL that answers 200 when the part is healthy.
	Health string
	// Client means that Health requires a client certificate of the lab.
	Client bool
	// Store means that the other parts can't stop in order without this one.
	Store bool
}

// Container is a container of a Pod that a part stands for.
type Container struct {
	Namespace string
	// Labels are those of the Pods. The part stands for one of them.
	Labels map[string]string
	// Name is the name of the container.
	Name string
}

// Config is the common configuration of the parts of one lab.
type Config struct {
	// Dir is the lab's directory.
	Dir   string
	Files pki.Files
	Ports *Ports
	// NoPods means that the system can't show a pod's file to a process, so that Flux's
	// controllers run without leader election; see the package pod.
	NoPods bool
}

// PortNames are the names of the ports of the parts that every lab has.
func PortNames() []string {
	return []string{
		"etcd", "etcd-peer", "etcd-metrics", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok",
		"source-controller", "source-controller-health", "source-controller-metrics",
		"kustomize-controller-health", "kustomize-controller-metrics",
		"helm-controller-health", "helm-controller-metrics",
		"cert-manager", "git", "helm",
	}
}

// Server is the address of the API server.
func (c Config) Server() string { return "https://" + c.Ports.Addr("kube-apiserver") }

// Env returns the environment of every part: only PATH of the caller's, so that its proxies,
// kubeconfigs and credentials have no effect.
func (c Config) Env() []string {
	tmp := c.path("tmp")
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + tmp, "TMPDIR=" + tmp, "LANG=C"}
}

// Dirs are the directories that must exist before the parts start.
func (c Config) Dirs() []string {
	return []string{c.path("tmp"), c.path("logs"), c.path("artifacts")}
}

// PodLogs is the directory of a part's output as the log of a Pod.
func (c Config) PodLogs(part string) string { return c.path("podlogs", part) }

// Log is the path of a part's log.
func (c Config) Log(part string) string { return c.path("logs", part+".log") }

func (c Config) path(elem ...string) string {
	return filepath.Join(append([]string{c.Dir}, elem...)...)
}

func (c Config) url(port, path string) string { return "http://" + c.Ports.Addr(port) + path }
