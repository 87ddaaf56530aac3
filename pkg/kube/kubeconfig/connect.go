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
	if c := config.Contexts[name]; c != nil && config.Clusters[c.Cluster] != nil && config.Clusters[c.Cluster].Server == "" {
		return nil, errors.New("the cluster of the kubeconfig's context has no server")
	}
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
