package hosts

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// block is the path of a hosts file, and the ID of a block in it.
type block struct {
	call *command.Call
	path string
	id   string
	// flag is the ID that the user specified, empty without one.
	flag string
	// context is that of one of several clusters.
	context string
}

// FileVariable is the environment variable with the path of the hosts file, for commands
// without --hosts-file.
const FileVariable = "ORTHWEB_HOSTS_FILE"

func (b *block) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&b.path, "hosts-file", "", "Path of the hosts file; $"+FileVariable+" or the system's by default")
	flags.StringVar(&b.flag, "block", "", "Name of the block in the hosts file; the block of the kubeconfig's current context by default")
}

// errNoContext is the error of a kubeconfig that does not name a block.
var errNoContext = errors.New("naming the block: the kubeconfig has no current context")

// settle fills in defaults. It reads the kubeconfig, not the cluster.
func (b *block) settle() error {
	b.locate()
	if b.id = b.flag; b.id != "" {
		return nil
	}
	id, err := b.ofContext()
	if err != nil {
		return err
	}
	if b.id = id; id == "" {
		return advice.Add(errNoContext, "Choose one with --context, or specify the block with --block.")
	}
	return nil
}

// locate fills in the default path.
func (b *block) locate() {
	b.path = cmp.Or(b.path, os.Getenv(FileVariable), hostsfile.DefaultPath())
}

// ofContext is the block of the kubeconfig's context and cluster, empty without both.
func (b *block) ofContext() (string, error) {
	if err := b.call.CheckKubeconfig(); err != nil {
		return "", err
	}
	kube := b.call.Kube
	config, err := kube.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return "", advice.Add(fmt.Errorf("reading the kubeconfig: %w", err), "Choose one with --kubeconfig, or specify the block with --block.")
	}
	name := cmp.Or(valueOf(kube.Context), config.CurrentContext)
	cluster := ""
	if context := config.Contexts[name]; context != nil {
		cluster = context.Cluster
	}
	return cmp.Or(idOf(name, cmp.Or(valueOf(kube.ClusterName), cluster)), valueOf(kube.APIServer)), nil
}

// idOf is the block of a context and its cluster.
func idOf(context, cluster string) string {
	if context != "" && cluster != "" && context != cluster {
		return context + " (" + cluster + ")"
	}
	return cmp.Or(context, cluster)
}

// valueOf is the value of a flag that kubectl's library may not have.
func valueOf(flag *string) string {
	if flag == nil {
		return ""
	}
	return *flag
}

// read reads the file, and the entries that the block has.
func (b *block) read() (before []byte, has []hostsfile.Entry, err error) {
	if before, err = hostsfile.Read(b.path); err != nil {
		return nil, nil, explain(err)
	}
	file, err := hostsfile.Parse(before)
	if err != nil {
		return nil, nil, err
	}
	return before, file.EntriesOf(b.id), nil
}

// command is a hosts command for the same block and cluster, to copy.
func (b *block) command(verb string, tenants []string, flags ...string) string {
	words := []string{b.call.Name, "hosts", verb}
	for _, name := range tenants {
		words = append(words, escape.ShellWord(name))
	}
	if b.flag != "" {
		words = append(words, "--block="+escape.ShellWord(b.flag))
	}
	words = append(words, flags...)
	if b.path != hostsfile.DefaultPath() && os.Getenv(FileVariable) == "" {
		words = append(words, "--hosts-file="+escape.ShellWord(b.path))
	}
	if context := cmp.Or(b.context, valueOf(b.call.Kube.Context)); context != "" {
		words = append(words, "--context="+escape.ShellWord(context))
	}
	return strings.Join(words, " ")
}

// explain adds a hint to an error of the hosts file.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hostsfile.ErrMissing):
		return advice.Add(err, "Specify it with --hosts-file, or create an empty one first.")
	case errors.Is(err, hostsfile.ErrNotWritable):
		return advice.Add(err, "This requires administrator permissions: add --sudo, or paste the lines of 'kubectl orthweb hosts list'.")
	case errors.Is(err, hostsfile.ErrConcurrentWrites):
		return advice.Add(err, "Find out which program writes it, then run the command again.")
	case errors.Is(err, hostsfile.ErrNotRegular), errors.Is(err, hostsfile.ErrTooLarge):
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
	if valueOf(call.Kube.KubeConfig) != "" {
		return
	}
	escape.Fprintf(call.Streams.ErrOut, "Warning: under sudo the kubeconfig of root is read, not that of %s. Run the command without sudo: it uses sudo only to write the file.\n", os.Getenv("SUDO_USER"))
}
