package plugin

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
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// applyCommand is the step that sudo runs.
const applyCommand = "apply"

// hostsWriter writes the file, with more permissions where needed.
type hostsWriter struct {
	dryRun bool
	sudo   bool
}

func (w *hostsWriter) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&w.dryRun, "dry-run", false, "Show what would change and write nothing")
	flags.BoolVar(&w.sudo, "sudo", false, "Write under sudo without a prompt when this requires it")
}

// write makes the change, or shows it. The report describes the file afterwards.
func (w *hostsWriter) write(ctx context.Context, streams genericiooptions.IOStreams, file hostsFile, change hostsChange) (hosts.Report, error) {
	before, err := hosts.Read(file.path)
	if err != nil {
		return hosts.Report{}, explainHosts(err)
	}
	after, report, err := change.apply(before)
	if err != nil {
		return report, err
	}
	if w.dryRun {
		err := printDiff(streams.Out, file.path, before, after)
		sayConflicts(streams.ErrOut, file.path, report)
		return report, err
	}
	var result hosts.Result
	if !bytes.Equal(before, after) {
		if why := hosts.Writable(file.path); why != nil {
			return report, w.writeAsRoot(ctx, streams, file, change, explainHosts(why))
		}
	}
	result, report, err = change.write(ctx, file.path)
	if err != nil {
		return report, explainHosts(err)
	}
	sayChange(streams.Out, result, report)
	sayConflicts(streams.ErrOut, file.path, report)
	return report, nil
}

// writeAsRoot runs this program under sudo to write the file, if the user agrees. That
// program gets the change on its standard input, reads no kubeconfig, and touches
// nothing but the file.
func (w *hostsWriter) writeAsRoot(ctx context.Context, streams genericiooptions.IOStreams, file hostsFile, change hostsChange, why error) error {
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
	path, err := filepath.Abs(file.path)
	if err != nil {
		return fmt.Errorf("finding the hosts file: %w", err)
	}
	payload, err := json.Marshal(change)
	if err != nil {
		return fmt.Errorf("encoding the change: %w", err)
	}
	cmd := exec.CommandContext(ctx, "sudo", "--", self, "hosts", applyCommand, "--hosts-file="+path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload), streams.Out, streams.ErrOut
	cmd.WaitDelay = time.Second // this program may not be allowed to signal sudo
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return advice.Add(fmt.Errorf("writing %s under sudo: %w", file.path, err), "Paste the lines of 'kubectl orthweb hosts list' instead.")
	}
	return nil
}
