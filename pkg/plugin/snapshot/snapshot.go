// Package snapshot is the command "snapshot".
package snapshot

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	snapshotLong = templates.LongDesc(`
		Record the cluster, to inspect it later or on another machine.

		A snapshot contains the objects that 'status' and 'explain' read, and records
		what could not be read. Secrets are removed: from a Secret, it keeps only the
		names of the keys and the public certificates; from environment variables and
		ConfigMaps, it keeps only the names. Passwords and tokens in messages and
		addresses are masked if they can be recognized: read a snapshot before you
		share it. It contains the names of objects, hosts and images.`)
	snapshotExample = templates.Examples(`
		# Record the cluster, for a support ticket
		kubectl orthweb snapshot save tuesday.tgz

		# Inspect it
		kubectl orthweb status --from=tuesday.tgz`)
)

// New is the command "snapshot".
func New(call *command.Call) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "snapshot",
		Short:   "Record the cluster without secrets",
		Long:    snapshotLong,
		Example: snapshotExample,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSnapshotSave(call))
	return cmd
}

func newSnapshotSave(call *command.Call) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:     "save FILE",
		Short:   "Save a snapshot of the cluster",
		Long:    snapshotLong,
		Example: snapshotExample,
		Args:    command.OneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSave(cmd.Context(), call, args[0], force)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "Replace the file if it exists")
	return cmd
}

func runSave(ctx context.Context, call *command.Call, file string, force bool) error {
	if err := command.Vacant(file, force); err != nil {
		return err
	}
	required := queries.Snapshot(diagnose.Kinds())
	escape.Fprintf(call.Streams.ErrOut, "Reading %s…\n", finding.Count(len(required), "kind"))
	snap, err := call.Collect(ctx, required, true)
	if err != nil {
		return err
	}
	if err := command.SaveSnapshot(file, force, snap); err != nil {
		return err
	}
	objects, unread := 0, 0
	for _, request := range snap.Requests() {
		if request.Failure == nil {
			objects += len(snap.List(request.GroupKind(), request.Namespace).Objects)
			continue
		}
		unread++
		escape.Fprintf(call.Streams.ErrOut, "Could not be read: %s\n", request.Failure)
	}
	escape.Fprintf(call.Streams.ErrOut, "Saved %s of %s to %s. Inspect it: %s status --from=%s\n",
		finding.Count(objects, "object"), finding.Count(len(required)-unread, "kind"), file, call.Name, escape.ShellWord(file))
	return nil
}
