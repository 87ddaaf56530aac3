package hosts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// errDeclined is the error of a user who does not agree to write the file under sudo.
var errDeclined = errors.New("nothing was written")

// writer writes the file, with more permissions where needed.
type writer struct {
	dryRun bool
	sudo   bool
}

func (w *writer) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&w.dryRun, "dry-run", false, "Show what would change and write nothing")
	flags.BoolVar(&w.sudo, "sudo", false, "Write with sudo, without a prompt, if you lack permission")
}

// write makes the change, or shows it. The report describes the file afterwards.
func (w *writer) write(ctx context.Context, streams genericiooptions.IOStreams, path string, change hostsfile.Change) (hostsfile.Report, error) {
	before, err := hostsfile.Read(path)
	if err != nil {
		return hostsfile.Report{}, explain(err)
	}
	after, report, err := change.Apply(before)
	if err != nil {
		return report, err
	}
	if w.dryRun {
		err := printDiff(streams.Out, path, before, after)
		sayConflicts(streams.ErrOut, path, report)
		return report, err
	}
	var result hostsfile.Result
	if !bytes.Equal(before, after) {
		if why := hostsfile.Writable(path); why != nil {
			return report, w.writeAsRoot(ctx, streams, path, change, explain(why))
		}
	}
	result, report, err = change.Write(ctx, path)
	if err != nil {
		return report, explain(err)
	}
	sayChange(streams.Out, result, report)
	sayConflicts(streams.ErrOut, path, report)
	return report, nil
}

// writeAsRoot runs this program under sudo to write the file, if the user agrees. That
// program gets the change on its standard input, reads no kubeconfig, and changes only the
// file.
func (w *writer) writeAsRoot(ctx context.Context, streams genericiooptions.IOStreams, path string, change hostsfile.Change, why error) error {
	if !errors.Is(why, fs.ErrPermission) || errors.Is(why, syscall.EROFS) || runtime.GOOS == "windows" || os.Geteuid() == 0 {
		return why
	}
	if !w.sudo && !command.Confirm(streams, escape.Sprintf("%v.\nWrite it under sudo?", why)) {
		return advice.Add(fmt.Errorf("%w; %w", errDeclined, why), "Add --sudo, or paste the lines of 'kubectl orthweb hosts list'.")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("finding the hosts file: %w", err)
	}
	payload, err := json.Marshal(change)
	if err != nil {
		return fmt.Errorf("encoding the change: %w", err)
	}
	cmd := exec.CommandContext(ctx, "sudo", "--", self, "hosts", applyVerb, "--hosts-file="+absolute)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload), streams.Out, streams.ErrOut
	cmd.WaitDelay = time.Second // this program may not be allowed to signal sudo
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return advice.Add(fmt.Errorf("writing %s under sudo: %w", path, err), "Paste the lines of 'kubectl orthweb hosts list' instead.")
	}
	return nil
}
