package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/kubeconfig"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// maxKubeconfig bounds a kubeconfig, in bytes: client-go reads whole files.
const maxKubeconfig = 16 << 20

// clusterHint describes how to choose a cluster, or a recording in commands that read one.
func (c *Call) clusterHint() string {
	const choose = "Choose a cluster with --kubeconfig, $KUBECONFIG or --context"
	if !c.ReadsRecordings {
		return choose + "."
	}
	return choose + ", or try a recorded one with --from=example:healthy."
}

// Config is the connection to the cluster that the user's kubeconfig names.
func (c *Call) Config() (*request.Config, error) {
	if c.cluster != nil {
		config := *c.cluster.Config
		return &config, nil
	}
	if err := c.CheckKubeconfig(); err != nil {
		return nil, err
	}
	config, err := c.Kube.ToRESTConfig()
	if err != nil {
		return nil, advice.Add(fmt.Errorf("reading the kubeconfig: %w", err), c.clusterHint())
	}
	if config.Host == defaultServer && os.Getenv("KUBERNETES_MASTER") == "" && !c.serverNamed() {
		return nil, advice.Add(c.noServer(), c.clusterHint())
	}
	return config, nil
}

// Kubeconfig is the content of the user's kubeconfig.
func (c *Call) Kubeconfig() (kubeconfig.Config, error) {
	if err := c.CheckKubeconfig(); err != nil {
		return kubeconfig.Config{}, err
	}
	config, err := c.Kube.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return config, advice.Add(fmt.Errorf("reading the kubeconfig: %w", err), c.clusterHint())
	}
	if len(config.Contexts) == 0 && len(config.Clusters) == 0 {
		return config, advice.Add(c.noServer(), c.clusterHint())
	}
	return config, nil
}

// defaultServer is client-go's default for a kubeconfig without a server
// (k8s.io/client-go/tools/clientcmd, ClusterDefaults).
const defaultServer = "http://localhost:8080"

// serverNamed reports whether the user has named the default server.
func (c *Call) serverNamed() bool {
	if c.Kube.APIServer != nil && *c.Kube.APIServer != "" {
		return true
	}
	raw, err := c.Kube.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return false
	}
	for _, cluster := range raw.Clusters {
		if cluster.Server == defaultServer {
			return true
		}
	}
	return false
}

// noServer is the error if there is no server to send requests to.
func (c *Call) noServer() error {
	paths := c.Kubeconfigs()
	if len(paths) == 0 {
		return errors.New("no kubeconfig was found")
	}
	found := slices.ContainsFunc(paths, func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	})
	raw, err := c.Kube.ToRawKubeConfigLoader().RawConfig()
	switch list := strings.Join(paths, ", "); {
	case !found:
		return fmt.Errorf("no kubeconfig was found (looked for %s)", list)
	case err != nil || len(raw.Clusters) == 0:
		return fmt.Errorf("the kubeconfig (%s) has no clusters", list)
	case raw.CurrentContext == "" && (c.Kube.Context == nil || *c.Kube.Context == ""):
		return fmt.Errorf("the kubeconfig (%s) has no current context", list)
	default:
		return fmt.Errorf("the cluster of the kubeconfig's context (%s) has no server", list)
	}
}

// Kubeconfigs are the files that the kubeconfig is read from.
func (c *Call) Kubeconfigs() []string {
	access := c.Kube.ToRawKubeConfigLoader().ConfigAccess()
	if access.IsExplicitFile() {
		return []string{access.GetExplicitFile()}
	}
	return access.GetLoadingPrecedence()
}

// CheckKubeconfig rejects files that have no end, or are too large for a kubeconfig.
// A pipe is accepted, as by kubectl.
func (c *Call) CheckKubeconfig() error {
	for _, path := range c.Kubeconfigs() {
		info, err := os.Stat(path)
		if err != nil {
			continue // client-go reports what is wrong with it
		}
		null, err := os.Stat(os.DevNull)
		switch {
		case err == nil && os.SameFile(info, null):
		case info.Mode()&fs.ModeDevice != 0:
			return advice.Add(fmt.Errorf("reading the kubeconfig: %s is a device", path), c.clusterHint())
		case info.Size() > maxKubeconfig && info.Mode().IsRegular():
			return advice.Add(fmt.Errorf("reading the kubeconfig: %s is larger than %d MiB", path, maxKubeconfig>>20), c.clusterHint())
		}
	}
	return nil
}

// Context is the name of the context of the kubeconfig, or the server if there is none.
func (c *Call) Context() string {
	if c.Kube.Context != nil && *c.Kube.Context != "" {
		return *c.Kube.Context
	}
	if raw, err := c.Kube.ToRawKubeConfigLoader().RawConfig(); err == nil && raw.CurrentContext != "" {
		return raw.CurrentContext
	}
	config, err := c.Config()
	if err != nil {
		return ""
	}
	return config.Host
}
