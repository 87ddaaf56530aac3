package hosts

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts/entries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var syncLong = templates.LongDesc(`
	Update the cluster's block of the hosts file.

	Without TENANT, tenants that the cluster no longer has are removed. The names
	of a tenant that currently has no address are not changed. A name that you
	have mapped yourself is a conflict: it is shown and not changed.

	If a domain has not been accepted on this machine, its names and addresses are
	shown. They are written only after you confirm, or with --yes or --allow-domain.
	All tenants are read: if two of them claim the same name, it is not written.

	The exit status is 0 when the file has all names, 1 when one is missing.`)

type syncOptions struct {
	derived
	writer writer
	yes    bool
}

func newSync(call *command.Call) *cobra.Command {
	o := &syncOptions{}
	cmd := newDerived(call, &o.derived, "sync", "Update the hosts file", syncLong, o.run)
	o.writer.addTo(cmd.Flags())
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "Accept domains that are new on this machine without a prompt; they are shown")
	return cmd
}

func (o *syncOptions) run(ctx context.Context) error {
	_, result, err := o.compare(ctx)
	if err != nil {
		return err
	}
	o.say(result)
	if o.confirm(result.Acceptable()) {
		result.AcceptAll()
	}
	o.sayPending("sync", result)
	report, err := o.writer.write(ctx, o.call.Streams, o.path, result.Change(o.id))
	if err != nil {
		return err
	}
	if len(report.Conflicts) > 0 {
		return command.No
	}
	if !o.writer.dryRun && len(report.Added)+len(report.Changed) > 0 {
		escape.Fprintf(o.call.Streams.ErrOut, "Undo it: %s\n", o.command("remove", o.tenants))
	}
	return answer(result)
}

// confirm prompts the user to accept domains that are new on this machine. They are
// also shown when --yes accepts them.
func (o *syncOptions) confirm(pending []entries.PendingDomain) bool {
	if len(pending) == 0 {
		return false
	}
	var lines strings.Builder
	for _, p := range pending {
		escape.Fprintf(&lines, "  %s\n", p)
	}
	if o.yes {
		escape.Fprintf(o.call.Streams.ErrOut, "Accepted by --yes (tenant, domain, address, names):\n%s", escape.Composed(lines.String()))
		return true
	}
	return !o.writer.dryRun &&
		command.Confirm(o.call.Streams, escape.Sprintf("New in %s (tenant, domain, address, names):\n%sAccept them?", o.path, escape.Composed(lines.String())))
}
