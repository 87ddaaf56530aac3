package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
)

// RemoteFlag is the flag that allows hosts from which remote bases are downloaded.
type RemoteFlag struct{ hosts []string }

// AddTo adds the flag to those of a command.
func (f *RemoteFlag) AddTo(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.hosts, "allow-remote", nil, "Download the remote bases of kustomizations from this host, or from all with * (default: nothing is downloaded)")
}

// Validate rejects what is no host.
func (f *RemoteFlag) Validate() error {
	for _, host := range f.hosts {
		if err := remote.CheckHost(host); err != nil {
			return advice.Add(fmt.Errorf("--allow-remote: %w", err), "Specify the name of a host, such as github.com, without a scheme, port or path.")
		}
	}
	return nil
}

// Set reports whether hosts are allowed.
func (f *RemoteFlag) Set() bool { return len(f.hosts) > 0 }

// Fetcher downloads from the allowed hosts. It is nil if there are none. The caller closes it.
func (f *RemoteFlag) Fetcher(ctx context.Context) *remote.Fetcher {
	if !f.Set() {
		return nil
	}
	return remote.NewFetcher(ctx, f.hosts)
}

// Advise prints how to download from hosts that were not allowed. The command is the one that the
// user called, with its arguments, quoted for a shell.
func (f *RemoteFlag) Advise(w io.Writer, command string, refused []string) {
	hosts := slices.Clone(f.hosts)
	for _, host := range refused {
		if host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) > len(f.hosts) {
		escape.Fprintf(w, "To download the remote references: %s --allow-remote=%s\n", escape.Composed(command), escape.ShellWord(strings.Join(hosts, ",")))
	}
}
