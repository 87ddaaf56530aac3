package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var hostsSyncLong = templates.LongDesc(`
	Update the cluster's block of the hosts file.

	Without TENANT, tenants that the cluster no longer has are removed. The names
	of a tenant that currently has no address are not changed. A name that you
	have mapped yourself is a conflict: it is shown and not changed.

	Domains that are not accepted on this machine yet are shown with their names
	and addresses, and written when you confirm, or with --yes or --allow-domain.
	All tenants are read: a name that two of them claim is written for neither.

	The exit status is 0 when the file has all names, 1 when one is missing.`)

type hostsSyncOptions struct {
	call   *command.Call
	file   hostsFile
	wanted wantedHosts
	writer hostsWriter
	yes    bool
}

func newHostsSync(call *command.Call) *cobra.Command {
	o := &hostsSyncOptions{call: call}
	cmd := &cobra.Command{
		Use:     "sync [TENANT...]",
		Short:   "Update the hosts file",
		Long:    hostsSyncLong,
		Example: hostsExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.wanted.names = args
			if err := o.wanted.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.file.addTo(cmd.Flags())
	o.wanted.addTo(cmd.Flags())
	o.writer.addTo(cmd.Flags())
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "Accept domains that are new on this machine without a prompt; they are shown")
	return cmd
}

func (o *hostsSyncOptions) run(ctx context.Context) error {
	warnOfSudo(o.call)
	_, w, err := o.file.compare(ctx, o.call, &o.wanted)
	if err != nil {
		return err
	}
	w.say(o.call.Streams.ErrOut)
	o.confirm(&w)
	w.sayPending(o.call.Streams.ErrOut, func(flags ...string) string {
		return o.file.command("sync", o.wanted.names, o.call, o.wanted.flags(flags)...)
	})
	report, err := o.writer.write(ctx, o.call.Streams, o.file, w.change(o.file.block))
	if err != nil {
		return err
	}
	if len(report.Conflicts) > 0 {
		return command.No
	}
	if !o.writer.dryRun && len(report.Added)+len(report.Changed) > 0 {
		escape.Fprintf(o.call.Streams.ErrOut, "Undo it: %s\n", o.file.undo(o.wanted.names, o.call))
	}
	return w.answer()
}

// confirm prompts the user to accept domains that are new on this machine. They are
// also shown when --yes accepts them.
func (o *hostsSyncOptions) confirm(w *wanted) {
	asked := w.askable()
	if len(asked) == 0 {
		return
	}
	var lines strings.Builder
	for _, p := range asked {
		escape.Fprintln(&lines, p)
	}
	if o.yes {
		escape.Fprintf(o.call.Streams.ErrOut, "Accepted by --yes (tenant, domain, address, names):\n%s", escape.Composed(lines.String()))
		w.acceptAll()
		return
	}
	if o.writer.dryRun {
		return
	}
	if command.Confirm(o.call.Streams, escape.Sprintf("New in %s (tenant, domain, address, names):\n%sAccept them?", o.file.path, escape.Composed(lines.String()))) {
		w.acceptAll()
	}
}

type hostsRemoveOptions struct {
	call   *command.Call
	file   hostsFile
	writer hostsWriter
}

func newHostsRemove(call *command.Call) *cobra.Command {
	o := &hostsRemoveOptions{call: call}
	cmd := &cobra.Command{
		Use:     "remove [TENANT...]",
		Aliases: []string{"rm"},
		Short:   "Remove the tenants' names from the hosts file",
		Long: templates.LongDesc(`
			Remove tenants from the cluster's block of the hosts file, or the whole
			block without TENANT. No request is sent to the cluster, which may no
			longer exist.`),
		Example: hostsExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args)
		},
	}
	o.file.addTo(cmd.Flags())
	o.writer.addTo(cmd.Flags())
	return cmd
}

func (o *hostsRemoveOptions) run(ctx context.Context, tenants []string) error {
	warnOfSudo(o.call)
	if err := o.file.settle(o.call); err != nil {
		return err
	}
	before, err := hosts.Read(o.file.path)
	if err != nil {
		return explainHosts(err)
	}
	if err := o.has(before, tenants); err != nil {
		return err
	}
	change := hostsChange{Block: o.file.block, Remove: tenants, RemoveBlock: len(tenants) == 0}
	_, err = o.writer.write(ctx, o.call.Streams, o.file, change)
	return err
}

// has returns an error for tenants that the file does not have: the user may have
// named the wrong block.
func (o *hostsRemoveOptions) has(content []byte, tenants []string) error {
	file, err := hosts.Parse(content)
	if err != nil {
		return err
	}
	var there, ids []string
	for _, block := range file.Blocks() {
		ids = append(ids, fmt.Sprintf("%q", block.ID))
		if block.ID == o.file.block {
			there = append(there, block.Tenants()...)
		}
	}
	for _, name := range tenants {
		if len(there) > 0 && !slices.Contains(there, name) {
			return advice.Add(fmt.Errorf("%s has no entries of tenant %q in the block %q", o.file.path, name, o.file.block), "Tenants in the block: %s.", escape.List(there))
		}
	}
	if len(there) > 0 {
		return nil
	}
	if len(ids) == 0 {
		escape.Fprintf(o.call.Streams.ErrOut, "%s has no block of any cluster: nothing to remove.\n", o.file.path)
		return command.Yes
	}
	return advice.Add(fmt.Errorf("%s has no block %q", o.file.path, o.file.block), "Blocks: %s. Specify one with --block.", escape.List(ids))
}

func newHostsApply(call *command.Call) *cobra.Command {
	path := ""
	cmd := &cobra.Command{
		Use:    applyCommand,
		Hidden: true,
		Short:  "Make the change on standard input",
		Args:   command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, report, err := applyChange(cmd.Context(), call.Streams.In, path)
			if err != nil {
				return explainHosts(err)
			}
			sayChange(call.Streams.Out, result, report)
			sayConflicts(call.Streams.ErrOut, path, report)
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "hosts-file", "", "Path of the hosts file")
	return cmd
}

var errDeclined = errors.New("nothing was written")
