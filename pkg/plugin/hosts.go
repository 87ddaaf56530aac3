package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
)

var (
	hostsLong = templates.LongDesc(`
		Put the tenants' host names into this machine's hosts file, where no DNS
		has them.

		The names stand in one block for each cluster; whatever else is in the file
		stays as it is, and a name that you have mapped by hand is never overruled.
		A name that two tenants claim is written for neither; a domain that is new on
		this machine is written when you have accepted it.
		The cluster is read as you. Only writing the file takes more rights: 'hosts
		sync' offers to run that step, and nothing else, under sudo.`)
	hostsExample = templates.Examples(`
		# The lines, to look at or to paste
		kubectl orthweb hosts list

		# What would change, then change it
		kubectl orthweb hosts diff
		kubectl orthweb hosts sync

		# In a script: accept the domain of a tenant, and the lab's addresses
		kubectl orthweb hosts sync --allow-domain=bhs.orthweb.com --allow-address=127.0.0.0/8

		# Take one tenant's names out again, or all
		kubectl orthweb hosts remove bhs
		kubectl orthweb hosts remove`)
)

func newHosts(facts *factsFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "hosts",
		Short:   "Manage the tenants' names in the hosts file",
		Long:    hostsLong,
		Example: hostsExample,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newHostsList(facts), newHostsDiff(facts), newHostsSync(facts), newHostsRemove(facts), newHostsApply(facts))
	return cmd
}

// hostsFile is which file, and which block of it.
type hostsFile struct {
	path  string
	block string
}

// hostsFileVariable names the file where --hosts-file does not.
const hostsFileVariable = "ORTHWEB_HOSTS_FILE"

func (f *hostsFile) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "hosts-file", "", "The hosts file; $"+hostsFileVariable+" or the system's by default")
	flags.StringVar(&f.block, "block", "", "The block of the file to work on; the one of the kubeconfig's context by default")
}

// settle fills in what was not said. It reads the kubeconfig, not the cluster.
func (f *hostsFile) settle(facts *factsFlags) error {
	f.settlePath()
	if f.block != "" {
		return nil
	}
	if err := facts.checkKubeconfig(); err != nil {
		return err
	}
	config, err := facts.kube.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return withHint(fmt.Errorf("reading the kubeconfig: %w", err), "Choose one with --kubeconfig, or name the block with --block.")
	}
	name := config.CurrentContext
	if facts.kube.Context != nil && *facts.kube.Context != "" {
		name = *facts.kube.Context
	}
	cluster := ""
	if context := config.Contexts[name]; context != nil {
		cluster = context.Cluster
	}
	if facts.kube.ClusterName != nil && *facts.kube.ClusterName != "" {
		cluster = *facts.kube.ClusterName
	}
	switch {
	case name != "" && cluster != "" && name != cluster:
		f.block = name + " (" + cluster + ")"
	case name+cluster != "":
		f.block = name
		if name == "" {
			f.block = cluster
		}
	case facts.kube.APIServer != nil && *facts.kube.APIServer != "":
		f.block = *facts.kube.APIServer
	default:
		return withHint(errors.New("the kubeconfig has no current context to name the block after"), "Choose one with --context, or name the block with --block.")
	}
	return nil
}

// compare reads the file, before anything else is, and what it should say.
func (f *hostsFile) compare(ctx context.Context, facts *factsFlags, wants *wantedHosts) (before []byte, w wanted, err error) {
	if err := f.settle(facts); err != nil {
		return nil, wanted{}, err
	}
	if before, err = hosts.Read(f.path); err != nil {
		return nil, wanted{}, explainHosts(err)
	}
	file, err := hosts.Parse(before)
	if err != nil {
		return nil, wanted{}, err
	}
	w, err = wants.read(ctx, facts, entriesOf(file, f.block))
	return before, w, err
}

// entriesOf are what the file has in a block.
func entriesOf(file *hosts.File, block string) []hosts.Entry {
	for _, b := range file.Blocks() {
		if b.ID == block {
			return b.Entries
		}
	}
	return nil
}

func (f *hostsFile) settlePath() {
	if f.path == "" {
		f.path = os.Getenv(hostsFileVariable)
	}
	if f.path == "" {
		f.path = hosts.DefaultPath()
	}
}

// undo is the command that takes the tenants' names out again.
func (f *hostsFile) undo(tenants []string, facts *factsFlags) string {
	return f.command("remove", tenants, facts)
}

// command is a hosts command on the same file and cluster.
func (f *hostsFile) command(verb string, tenants []string, facts *factsFlags, flags ...string) string {
	command := []string{facts.name, "hosts", verb}
	for _, name := range tenants {
		command = append(command, shellWord(name))
	}
	command = append(command, flags...)
	if f.path != hosts.DefaultPath() && os.Getenv(hostsFileVariable) == "" {
		command = append(command, "--hosts-file="+shellWord(f.path))
	}
	if facts.kube.Context != nil && *facts.kube.Context != "" {
		command = append(command, "--context="+shellWord(*facts.kube.Context))
	}
	return strings.Join(command, " ")
}

// explainHosts adds what to do to an error of the hosts file.
func explainHosts(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hosts.ErrMissing):
		return withHint(err, "Name it with --hosts-file, or make an empty one first.")
	case errors.Is(err, hosts.ErrNotWritable):
		return withHint(err, "It takes an administrator: add --sudo, or paste the lines of 'kubectl orthweb hosts list'.")
	case errors.Is(err, hosts.ErrRestless):
		return withHint(err, "Find out which program writes it, and try again.")
	case errors.Is(err, hosts.ErrNotRegular), errors.Is(err, hosts.ErrTooLarge):
		return withHint(err, "Is --hosts-file right?")
	}
	return err
}

// warnOfSudo tells who runs all of it under sudo that their kubeconfig is not
// the one that is read.
func warnOfSudo(facts *factsFlags) {
	if os.Geteuid() != 0 || os.Getenv("SUDO_USER") == "" || os.Getenv("KUBECONFIG") != "" {
		return
	}
	if facts.kube.KubeConfig != nil && *facts.kube.KubeConfig != "" {
		return
	}
	escape.Fprintf(facts.streams.ErrOut, "Warning: under sudo root's kubeconfig is read, not that of %s. Run it without: it asks for sudo just to write the file.\n", os.Getenv("SUDO_USER"))
}
