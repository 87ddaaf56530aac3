package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
)

var hostsSyncLong = templates.LongDesc(`
	Bring the cluster's block of the hosts file up to date.

	With no TENANT, tenants that the cluster has no more are taken out. Of a
	tenant that has no address at the moment the file keeps what it has. A name
	that you have mapped by hand is a conflict: it is shown and left as it is.

	The exit status is 0 when all names are there, 1 when one is not.`)

type hostsSyncOptions struct {
	facts  *factsFlags
	file   hostsFile
	wanted wantedHosts
	writer hostsWriter
}

func newHostsSync(facts *factsFlags) *cobra.Command {
	o := &hostsSyncOptions{facts: facts}
	cmd := &cobra.Command{
		Use:     "sync [TENANT...]",
		Short:   "Bring the hosts file up to date",
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
	return cmd
}

func (o *hostsSyncOptions) run(ctx context.Context) error {
	warnOfSudo(o.facts)
	_, w, err := o.file.compare(ctx, o.facts, &o.wanted)
	if err != nil {
		return err
	}
	w.say(o.facts.streams.ErrOut)
	report, err := o.writer.write(ctx, o.facts.streams, o.file, w.change(o.file.block))
	if err != nil {
		return err
	}
	if len(report.Conflicts) > 0 {
		return answer(exitNo)
	}
	if !o.writer.dryRun && len(report.Added)+len(report.Changed) > 0 {
		escape.Fprintf(o.facts.streams.ErrOut, "Undo it: %s\n", o.file.undo(o.wanted.names, o.facts))
	}
	return w.answer()
}

type hostsRemoveOptions struct {
	facts  *factsFlags
	file   hostsFile
	writer hostsWriter
}

func newHostsRemove(facts *factsFlags) *cobra.Command {
	o := &hostsRemoveOptions{facts: facts}
	cmd := &cobra.Command{
		Use:     "remove [TENANT...]",
		Aliases: []string{"rm"},
		Short:   "Remove the tenants' names from the hosts file",
		Long: templates.LongDesc(`
			Take tenants out of the cluster's block of the hosts file, or the whole
			block when none are named. The cluster is not asked: it may be gone.`),
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
	warnOfSudo(o.facts)
	if err := o.file.settle(o.facts); err != nil {
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
	_, err = o.writer.write(ctx, o.facts.streams, o.file, change)
	return err
}

// has refuses to take out what the file doesn't have: the block may have another
// name than was thought.
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
			return withHint(fmt.Errorf("%s has nothing of the tenant %q in the block %q", o.file.path, name, o.file.block), "It has: %s.", quoted(there))
		}
	}
	if len(there) > 0 {
		return nil
	}
	if len(ids) == 0 {
		escape.Fprintf(o.facts.streams.ErrOut, "%s has no block of any cluster: there is nothing to remove.\n", o.file.path)
		return answer(exitYes)
	}
	return withHint(fmt.Errorf("%s has no block %q", o.file.path, o.file.block), "It has: %s. Name one with --block.", quoted(ids))
}

func newHostsApply(facts *factsFlags) *cobra.Command {
	file := hostsFile{}
	cmd := &cobra.Command{
		Use:    applyCommand,
		Hidden: true,
		Short:  "Write the hosts file as standard input says",
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			change, err := readChange(facts.streams.In)
			if err != nil {
				return err
			}
			file.settlePath()
			result, report, err := change.write(cmd.Context(), file.path)
			if err != nil {
				return explainHosts(err)
			}
			sayChange(facts.streams.Out, result, report)
			sayConflicts(facts.streams.ErrOut, file.path, report)
			return nil
		},
	}
	cmd.Flags().StringVar(&file.path, "hosts-file", "", "The hosts file")
	return cmd
}

var errDeclined = errors.New("nothing was written")
