package parts

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// SourceController fetches the tree and the charts.
func (c Config) SourceController() Part {
	p := c.flux("source-controller",
		"--storage-path="+c.path("artifacts"), "--storage-addr="+c.Ports.Addr("source-controller"),
		"--storage-adv-addr="+c.Ports.Addr("source-controller"))
	p.Ports = append([]string{"source-controller"}, p.Ports...)
	return p
}

// KustomizeController applies the tree.
func (c Config) KustomizeController() Part {
	return c.flux("kustomize-controller", "--requeue-dependency=1s",
		// A pushed fix ends the health checks of the layers that it fixes.
		"--feature-gates=CancelHealthCheckOnNewRevision=true")
}

// HelmController installs the charts. It does not use CancelHealthCheckOnNewRevision: in
// helm-controller that cancels a running first install whenever the HelmChart is reconciled
// again.
func (c Config) HelmController() Part {
	return c.flux("helm-controller", "--requeue-dependency=1s", "--graceful-shutdown-timeout=5s")
}

// flux has the common settings of the three. They elect a leader as in a real cluster: their
// Leases are heartbeats that other programs read. They ignore copied tenants.
func (c Config) flux(name string, args ...string) Part {
	namespace := "flux-system"
	if c.NoPods {
		namespace = ""
	}
	return Part{
		Name: name,
		Args: append([]string{
			fmt.Sprintf("--enable-leader-election=%v", !c.NoPods), "--watch-all-namespaces=true", "--watch-label-selector=!" + cluster.CopyLabel, "--events-addr=", "--log-level=info", "--log-encoding=json",
			"--metrics-addr=" + c.Ports.Addr(name+"-metrics"), "--health-addr=" + c.Ports.Addr(name+"-health"),
		}, args...),
		Pod:       namespace,
		Container: &Container{Namespace: "flux-system", Labels: map[string]string{"app": name}, Name: "manager"},
		Env:       []string{"KUBECONFIG=" + c.Files.Kubeconfigs[name], "RUNTIME_NAMESPACE=flux-system"},
		Ports:     []string{name + "-health", name + "-metrics"},
		Health:    c.url(name+"-health", "/readyz"),
	}
}

// CertManager issues the certificates.
func (c Config) CertManager() Part {
	return Part{
		Name: "cert-manager",
		Args: []string{"--kubeconfig=" + c.Files.Kubeconfigs["cert-manager"], "--health-addr=" + c.Ports.Addr("cert-manager")},
		// Charts install its CRDs and roles later; cert-manager waits for them.
		Ports:  []string{"cert-manager"},
		Health: c.url("cert-manager", "/healthz"),
		Container: &Container{
			Namespace: "cert-manager", Name: "cert-manager-controller",
			Labels: map[string]string{"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"},
		},
	}
}
