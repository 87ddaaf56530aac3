package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/file"
)

var (
	snapshotLong = templates.LongDesc(`
		Record the cluster, to inspect it later or on another machine.

		A snapshot contains the objects that states and causes are derived from, and
		records what could not be read. It contains no secrets: of a Secret it keeps
		the names of the keys and public certificates, of environment variables and
		ConfigMaps the names; passwords and tokens in messages and addresses are
		masked. It contains the names of objects, hosts and images.`)
	snapshotExample = templates.Examples(`
		# Record the cluster, for a support ticket
		kubectl orthweb snapshot save tuesday.tgz

		# Inspect it
		kubectl orthweb status --from=tuesday.tgz`)
)

func newSnapshot(facts *factsFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "snapshot",
		Short:   "Record the cluster without secrets",
		Long:    snapshotLong,
		Example: snapshotExample,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSnapshotSave(facts))
	return cmd
}

func newSnapshotSave(facts *factsFlags) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:     "save FILE",
		Short:   "Save a snapshot of the cluster",
		Long:    snapshotLong,
		Example: snapshotExample,
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSave(cmd.Context(), facts, args[0], force)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "Replace the file if it exists")
	return cmd
}

func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return advice.Add(fmt.Errorf("%s takes one FILE, not %d arguments", cmd.CommandPath(), len(args)),
		"See '%s --help' for usage.", cmd.CommandPath())
}

func runSave(ctx context.Context, facts *factsFlags, file string, force bool) error {
	if err := vacant(file, force); err != nil {
		return err
	}
	wants := queries.Snapshot(diagnose.Kinds())
	escape.Fprintf(facts.streams.ErrOut, "Reading %s…\n", plural(len(wants), "kind"))
	snap, err := facts.collect(ctx, wants, true)
	if err != nil {
		return err
	}
	if err := saveSnapshot(file, force, snap); err != nil {
		return err
	}
	objects, unread := 0, 0
	for _, asked := range snap.Asked() {
		if asked.Failure == nil {
			objects += len(snap.List(asked.GroupKind(), asked.Namespace).Objects)
			continue
		}
		unread++
		escape.Fprintf(facts.streams.ErrOut, "Could not be read: %s\n", asked.Failure)
	}
	escape.Fprintf(facts.streams.ErrOut, "Saved %s of %s to %s. Inspect it: %s status --from=%s\n",
		plural(objects, "object"), plural(len(wants)-unread, "kind"), file, facts.name, escape.ShellWord(file))
	return nil
}

// vacant rejects a file that exists, unless it may be replaced. It accepts an empty name.
func vacant(file string, force bool) error {
	if file == "" || force {
		return nil
	}
	return whenTaken(atomicfile.Vacant(file))
}

// whenTaken adds a hint to the error of a file that already exists.
func whenTaken(err error) error {
	var taken *atomicfile.ExistsError
	if errors.As(err, &taken) {
		return advice.Add(err, "Choose another name, or add --force to replace it.")
	}
	return err
}

func saveSnapshot(path string, force bool, snap *snapshot.Snapshot) error {
	err := atomicfile.Create(force, atomicfile.File{Path: path, Mode: 0o600, Write: func(w io.Writer) error {
		return file.Write(w, snap)
	}})
	if err != nil {
		return whenTaken(fmt.Errorf("saving the snapshot: %w", err))
	}
	return nil
}
