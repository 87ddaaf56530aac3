// Command orthweb-lab runs a Korthweb cluster of real parts on this machine,
// on loopback and without containers: etcd, the Kubernetes control plane,
// kwok for the kubelets, Flux and cert-manager, following a Git repository of
// its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := newRoot().ExecuteContext(ctx)
	if err == nil {
		return
	}
	if !errors.Is(err, errNotReady) {
		_, _ = fmt.Fprintln(os.Stderr, "orthweb-lab:", err)
	}
	stop()
	os.Exit(1)
}

// errNotReady ends a command with status 1 after it has printed what isn't ready.
var errNotReady = errors.New("not ready")

// options are the options of every command.
type options struct {
	dir    string
	source string
}

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:           "orthweb-lab",
		Short:         "A Korthweb cluster of real parts on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) (err error) {
			o.dir, err = filepath.Abs(o.dir)
			return err
		},
	}
	root.PersistentFlags().StringVar(&o.dir, "dir", defaultDir(), "the lab's directory; another one is another lab")
	root.PersistentFlags().StringVar(&o.source, "source", "", "the directory of the lab's module (default: found from the program or the current directory)")
	root.AddCommand(newUp(o), newDown(o), newStatus(o), newKubeconfig(o), newLogs(o), newFault(o), newLoad(o),
		newPause(o), newResume(o), newCrash(o), newRestart(o), newBuild(o), newSupervise(o), newInPod(), newInNetwork(), newRelay())
	return root
}

// defaultDir is the directory for a user's state according to the XDG base directories.
func defaultDir() string {
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "orthweb-lab")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "orthweb-lab"
	}
	return filepath.Join(home, ".local", "state", "orthweb-lab")
}

func say(format string, args ...any) {
	_, _ = fmt.Fprintf(os.Stderr, format+"\n", args...)
}
