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

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	hostsLong = templates.LongDesc(`
		Write the tenants' host names to this machine's hosts file, where DNS does
		not have them.

		Each cluster has one block in the file; the rest of the file is not changed,
		and a name that you have mapped yourself is never overridden. A name that
		two tenants claim is written for neither; a domain that is new on this machine
		is written when you have accepted it.
		The cluster is read with your credentials. Only writing the file requires more
		permissions: 'hosts sync' offers to run that step, and nothing else, under
		sudo.`)
	hostsExample = templates.Examples(`
		# Print the lines, to inspect or to paste
		kubectl orthweb hosts list

		# Show what would change, then change it
		kubectl orthweb hosts diff
		kubectl orthweb hosts sync

		# In a script: accept the domain of a tenant, and the lab's addresses
		kubectl orthweb hosts sync --allow-domain=bhs.orthweb.com --allow-address=127.0.0.0/8

		# Remove one tenant's names, or all
		kubectl orthweb hosts remove bhs
		kubectl orthweb hosts remove`)
)

func newHosts(call *command.Call) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "hosts",
		Short:   "Manage tenant names in the hosts file",
		Long:    hostsLong,
		Example: hostsExample,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newHostsList(call), newHostsDiff(call), newHostsSync(call), newHostsRemove(call), newHostsApply(call))
	return cmd
}

// hostsFile is the path of a hosts file, and a block in it.
type hostsFile struct {
	path  string
	block string
}

// hostsFileVariable names the file without --hosts-file.
const hostsFileVariable = "ORTHWEB_HOSTS_FILE"

func (f *hostsFile) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "hosts-file", "", "Path of the hosts file; $"+hostsFileVariable+" or the system's by default")
	flags.StringVar(&f.block, "block", "", "Block of the hosts file; the one of the kubeconfig's context by default")
}

// settle fills in defaults. It reads the kubeconfig, not the cluster.
func (f *hostsFile) settle(call *command.Call) error {
	f.settlePath()
	if f.block != "" {
		return nil
	}
	if err := call.CheckKubeconfig(); err != nil {
		return err
	}
	config, err := call.Kube.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return advice.Add(fmt.Errorf("reading the kubeconfig: %w", err), "Choose one with --kubeconfig, or specify the block with --block.")
	}
	name := config.CurrentContext
	if call.Kube.Context != nil && *call.Kube.Context != "" {
		name = *call.Kube.Context
	}
	cluster := ""
	if context := config.Contexts[name]; context != nil {
		cluster = context.Cluster
	}
	if call.Kube.ClusterName != nil && *call.Kube.ClusterName != "" {
		cluster = *call.Kube.ClusterName
	}
	switch {
	case name != "" && cluster != "" && name != cluster:
		f.block = name + " (" + cluster + ")"
	case name+cluster != "":
		f.block = name
		if name == "" {
			f.block = cluster
		}
	case call.Kube.APIServer != nil && *call.Kube.APIServer != "":
		f.block = *call.Kube.APIServer
	default:
		return advice.Add(errors.New("naming the block: the kubeconfig has no current context"), "Choose one with --context, or specify the block with --block.")
	}
	return nil
}

// compare reads the file, before anything else, and the entries that it should have.
func (f *hostsFile) compare(ctx context.Context, call *command.Call, wants *wantedHosts) (before []byte, w wanted, err error) {
	if err := f.settle(call); err != nil {
		return nil, wanted{}, err
	}
	if before, err = hosts.Read(f.path); err != nil {
		return nil, wanted{}, explainHosts(err)
	}
	file, err := hosts.Parse(before)
	if err != nil {
		return nil, wanted{}, err
	}
	w, err = wants.read(ctx, call, entriesOf(file, f.block))
	return before, w, err
}

// entriesOf are the entries in a block of the file.
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

// undo is the command that removes the tenants' names.
func (f *hostsFile) undo(tenants []string, call *command.Call) string {
	return f.command("remove", tenants, call)
}

// command is a hosts command for the same file and cluster.
func (f *hostsFile) command(verb string, tenants []string, call *command.Call, flags ...string) string {
	command := []string{call.Name, "hosts", verb}
	for _, name := range tenants {
		command = append(command, escape.ShellWord(name))
	}
	command = append(command, flags...)
	if f.path != hosts.DefaultPath() && os.Getenv(hostsFileVariable) == "" {
		command = append(command, "--hosts-file="+escape.ShellWord(f.path))
	}
	if call.Kube.Context != nil && *call.Kube.Context != "" {
		command = append(command, "--context="+escape.ShellWord(*call.Kube.Context))
	}
	return strings.Join(command, " ")
}

// explainHosts adds a hint to an error of the hosts file.
func explainHosts(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hosts.ErrMissing):
		return advice.Add(err, "Specify it with --hosts-file, or create an empty one first.")
	case errors.Is(err, hosts.ErrNotWritable):
		return advice.Add(err, "This requires administrator permissions: add --sudo, or paste the lines of 'kubectl orthweb hosts list'.")
	case errors.Is(err, hosts.ErrConcurrentWrites):
		return advice.Add(err, "Find out which program writes it, then run the command again.")
	case errors.Is(err, hosts.ErrNotRegular), errors.Is(err, hosts.ErrTooLarge):
		return advice.Add(err, "Check the value of --hosts-file.")
	}
	return err
}

// warnOfSudo warns a user who runs the whole command under sudo that it does not read
// their kubeconfig.
func warnOfSudo(call *command.Call) {
	if os.Geteuid() != 0 || os.Getenv("SUDO_USER") == "" || os.Getenv("KUBECONFIG") != "" {
		return
	}
	if call.Kube.KubeConfig != nil && *call.Kube.KubeConfig != "" {
		return
	}
	escape.Fprintf(call.Streams.ErrOut, "Warning: under sudo the kubeconfig of root is read, not that of %s. Run the command without sudo: it uses sudo only to write the file.\n", os.Getenv("SUDO_USER"))
}
