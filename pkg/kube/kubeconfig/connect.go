package kubeconfig

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Flags are the flags of the command line that apply to the connection to every cluster.
type Flags struct {
	// RequestTimeout is --request-timeout.
	RequestTimeout     string
	DisableCompression bool
	As, AsUID          string
	AsGroups           []string
	AsExtra            map[string][]string
}

// CheckTimeout rejects a wrong --request-timeout.
func CheckTimeout(text string) error {
	_, err := clientcmd.ParseTimeout(text)
	return err
}

// Connect returns the connection of a context. It runs the program that returns the credentials, if
// the context's user has one; the program has no terminal, and ends with ctx.
func Connect(ctx context.Context, config Config, name string, flags Flags) (*rest.Config, error) {
	if err := checkCluster(config, name); err != nil {
		return nil, err
	}
	// client-go writes the cluster's configuration of a plugin into the user, whom several contexts
	// may share (clientcmd, getUserIdentificationPartialConfig).
	config = *config.DeepCopy()
	overrides := &clientcmd.ConfigOverrides{CurrentContext: name, Timeout: flags.RequestTimeout}
	overrides.ClusterInfo.DisableCompression = flags.DisableCompression
	overrides.AuthInfo.Impersonate, overrides.AuthInfo.ImpersonateUID = flags.As, flags.AsUID
	overrides.AuthInfo.ImpersonateGroups, overrides.AuthInfo.ImpersonateUserExtra = flags.AsGroups, flags.AsExtra
	// Non-interactive: client-go prompts for no user name and no password.
	connection, err := clientcmd.NewNonInteractiveClientConfig(config, name, overrides, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if err := authenticate(ctx, connection, name); err != nil {
		return nil, err
	}
	return connection, nil
}

// checkCluster rejects a context without a cluster or a server, for which client-go has no clear error.
func checkCluster(config Config, name string) error {
	context := config.Contexts[name]
	if context == nil {
		return fmt.Errorf("context %q does not exist", name)
	}
	switch cluster := config.Clusters[context.Cluster]; {
	case cluster == nil:
		return fmt.Errorf("the kubeconfig has no cluster %q, which the context names", context.Cluster)
	case cluster.Server == "":
		return errors.New("the cluster of the kubeconfig's context has no server")
	}
	return nil
}
