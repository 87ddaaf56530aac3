// Package fleet runs a command for several clusters of the kubeconfig at the same time. No cluster
// delays or fails the others, and the output says which clusters are missing.
package fleet

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/kubeconfig"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// Timeout is the default of --cluster-timeout for commands that only read.
const Timeout = 30 * time.Second

// Flags are the flags that select clusters.
type Flags struct {
	contexts []string
	all      bool
	timeout  time.Duration
}

// AddTo adds the flags to those of a command, with a default of --cluster-timeout.
func (f *Flags) AddTo(flags *pflag.FlagSet, timeout time.Duration) {
	flags.StringSliceVar(&f.contexts, "contexts", nil, "Read the clusters of these contexts of the kubeconfig, at the same time: names, or patterns such as 'prod-*' (separate them with commas, or repeat the flag)")
	flags.BoolVar(&f.all, "all-contexts", false, "Read the clusters of all contexts of the kubeconfig, at the same time")
	flags.DurationVar(&f.timeout, "cluster-timeout", timeout, "How long each of several clusters may take, with the login")
}

// Set reports whether several clusters are selected.
func (f *Flags) Set() bool { return f.all || len(f.contexts) > 0 }

// Validate rejects wrong flags before anything is read. flags are those of the command.
func (f *Flags) Validate(flags *pflag.FlagSet) error {
	const hint = "Specify names of contexts, or patterns: --contexts=east,'prod-*'."
	if flags.Changed("contexts") && len(f.contexts) == 0 {
		return advice.Add(errors.New("--contexts: the name of a context is empty"), hint)
	}
	for i, pattern := range f.contexts {
		f.contexts[i] = strings.TrimSpace(pattern)
		if err := kubeconfig.CheckPattern(f.contexts[i]); err != nil {
			return advice.Add(fmt.Errorf("--contexts: %w", err), hint)
		}
	}
	if f.timeout <= 0 {
		return advice.Add(errors.New("--cluster-timeout must be above 0"), "For example: --cluster-timeout=10s.")
	}
	return nil
}

// read reads the kubeconfig once, and selects the contexts.
func (f *Flags) read(call *command.Call) (kubeconfig.Config, []kubeconfig.Context, error) {
	config, err := call.Kubeconfig()
	if err != nil {
		return config, nil, err
	}
	patterns := f.contexts
	if f.all {
		patterns = []string{"*"}
	}
	contexts, err := kubeconfig.Select(config, patterns)
	if err != nil {
		err = fmt.Errorf("selecting contexts: %w", err)
		if _, ok := advice.Of(err); !ok {
			err = advice.Add(err, "Choose a kubeconfig with --kubeconfig or $KUBECONFIG.")
		}
		return config, nil, err
	}
	if namespace := call.Namespace(); namespace != "" {
		for i := range contexts {
			contexts[i].Namespaces = []string{namespace}
		}
	}
	return config, contexts, nil
}

// connectionFlags are kubectl's flags that apply to every cluster.
func connectionFlags(call *command.Call) (kubeconfig.Flags, error) {
	kube := call.Kube
	flags := kubeconfig.Flags{
		RequestTimeout: *kube.Timeout, DisableCompression: *kube.DisableCompression,
		As: *kube.Impersonate, AsUID: *kube.ImpersonateUID, AsGroups: *kube.ImpersonateGroup,
	}
	if flags.RequestTimeout != "" {
		if err := kubeconfig.CheckTimeout(flags.RequestTimeout); err != nil {
			return flags, advice.Add(fmt.Errorf("--request-timeout: %w", err), "For example: --request-timeout=10s.")
		}
	}
	for _, extra := range *kube.ImpersonateUserExtra {
		if key, value, ok := strings.Cut(extra, "="); ok {
			if flags.AsExtra == nil {
				flags.AsExtra = map[string][]string{}
			}
			flags.AsExtra[key] = append(flags.AsExtra[key], value)
		}
	}
	return flags, nil
}
