package hosts

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

type removeOptions struct {
	block
	writer writer
}

func newRemove(call *command.Call) *cobra.Command {
	o := &removeOptions{block: block{call: call}}
	cmd := newSubcommand("remove", "Remove the tenants' names from the hosts file", templates.LongDesc(`
		Remove tenants from the cluster's block of the hosts file, or the whole
		block without TENANT. No request is sent to the cluster, which may no
		longer exist.`), &o.block, o.run)
	cmd.Aliases = []string{"rm"}
	o.writer.addTo(cmd.Flags())
	return cmd
}

func (o *removeOptions) run(ctx context.Context, tenants []string) error {
	warnOfSudo(o.call)
	if err := o.settle(); err != nil {
		return err
	}
	before, err := hostsfile.Read(o.path)
	if err != nil {
		return explain(err)
	}
	if err := o.has(before, tenants); err != nil {
		return err
	}
	change := hostsfile.Change{Block: o.id, Remove: tenants, RemoveBlock: len(tenants) == 0}
	_, err = o.writer.write(ctx, o.call.Streams, o.path, change)
	return err
}

// has returns an error for tenants that the file does not have: the user may have
// named the wrong block.
func (o *removeOptions) has(content []byte, tenants []string) error {
	file, err := hostsfile.Parse(content)
	if err != nil {
		return err
	}
	var there, ids []string
	for _, block := range file.Blocks() {
		ids = append(ids, fmt.Sprintf("%q", block.ID))
		if block.ID == o.id {
			there = append(there, block.Tenants()...)
		}
	}
	for _, name := range tenants {
		if len(there) > 0 && !slices.Contains(there, name) {
			return advice.Add(fmt.Errorf("%s has no entries of tenant %q in the block %q", o.path, name, o.id), "Tenants in the block: %s.", escape.List(there))
		}
	}
	if len(there) > 0 {
		return nil
	}
	if len(ids) == 0 {
		escape.Fprintf(o.call.Streams.ErrOut, "%s has no block of any cluster: nothing to remove.\n", o.path)
		return command.Yes
	}
	return advice.Add(fmt.Errorf("%s has no block %q", o.path, o.id), "Blocks: %s. Specify one with --block.", escape.List(ids))
}
