package build

import (
	"fmt"
	"strings"
)

// Program is a program that the lab builds.
type Program struct {
	// Name is the file's name among the binaries.
	Name string
	// Package is the import path of its main package.
	Package string
	// Module is the module that contains the package.
	Module string
}

// Programs are the programs of a lab in the order of the build: most packages of each program
// are already compiled for those before it.
func Programs() []Program {
	const k8s, kwok = "k8s.io/kubernetes", "sigs.k8s.io/kwok"
	return []Program{
		{"etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"},
		{"kube-apiserver", k8s + "/cmd/kube-apiserver", k8s},
		{"kube-controller-manager", k8s + "/cmd/kube-controller-manager", k8s},
		{"kube-scheduler", k8s + "/cmd/kube-scheduler", k8s},
		{"kubectl", k8s + "/cmd/kubectl", k8s},
		{"kwok", kwok + "/cmd/kwok", kwok},
		{"source-controller", "github.com/fluxcd/source-controller", "github.com/fluxcd/source-controller"},
		{"kustomize-controller", "github.com/fluxcd/kustomize-controller", "github.com/fluxcd/kustomize-controller"},
		{"helm-controller", "github.com/fluxcd/helm-controller", "github.com/fluxcd/helm-controller"},
		{"cert-manager", "./cmd/cert-manager", modulePath},
	}
}

// linkerFlags omit symbols and set the version of Kubernetes. Without it the version is
// v0.0.0-master, and Helm refuses to install charts with a kubeVersion. The variables are those
// of k8s.io/component-base/version/base.go and k8s.io/client-go/pkg/version/base.go at v0.36.4.
func linkerFlags(version string) (string, error) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) != 3 {
		return "", fmt.Errorf("the version of Kubernetes in go.mod, %q, isn't of the form v1.2.3", version)
	}
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, kv := range []string{
			"gitVersion=" + version, "gitMajor=" + parts[0], "gitMinor=" + parts[1],
			// The module has no commit; the build must not depend on the date.
			"gitCommit=module", "gitTreeState=archive", "buildDate=1970-01-01T00:00:00Z",
		} {
			flags = append(flags, "-X", pkg+"."+kv)
		}
	}
	return strings.Join(flags, " "), nil
}
