// Package tenant has the commands that create, remove and compare the tenants of a GitOps
// repository.
package tenant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

var (
	long = templates.LongDesc(`
		Create, remove and compare tenants in a GitOps repository.

		The commands change files of the working directory's repository, after they
		show what changes. They never commit and never push. No cluster is needed.`)
	example = templates.Examples(`
		# Show the files of a new tenant, a copy of bhs
		kubectl orthweb tenant create nhs --domain=nhs.orthweb.com --dry-run

		# Show in what two tenants differ
		kubectl orthweb tenant compare bhs mhr

		# Remove a tenant, and keep its data
		kubectl orthweb tenant remove nhs`)
)

// New is the command "tenant", with its subcommands.
func New(call *command.Call) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "tenant",
		Short:   "Manage tenants in a GitOps repository",
		Long:    long,
		Example: example,
		Args:    command.NoArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCreate(call), newRemove(call), newCompare(call))
	return cmd
}

// repository is the repository and the cluster in it.
type repository struct {
	command.Checkout
	entry string
}

func (r *repository) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&r.Path, "repo", "", "Directory of the GitOps repository; the one that contains the working directory by default")
	flags.StringVar(&r.entry, "entry", "", "Directory of the cluster's first Kustomization, if several clusters of the repository have the tenant")
}

// names requires a number of names.
func names(n int, placeholder string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return advice.Add(fmt.Errorf("%s requires %s, not %d arguments", cmd.CommandPath(), placeholder, len(args)), "See '%s --help' for usage.", cmd.CommandPath())
	}
}

// change writes changes after the user has agreed.
type change struct {
	call   *command.Call
	dryRun bool
	yes    bool
}

func (c *change) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&c.dryRun, "dry-run", false, "Show what would change and write nothing")
	flags.BoolVarP(&c.yes, "yes", "y", false, "Write the files without a prompt")
}

// show prints the differences of all files.
func (c *change) show(changes []scaffold.Change) {
	for _, change := range changes {
		escape.Fprintf(c.call.Streams.Out, "%s", escape.Composed(escape.Lines(strings.TrimSuffix(change.Diff(), "\n"), "")))
		escape.Fprintln(c.call.Streams.Out)
	}
}

// places prints positions under a heading.
func (c *change) places(heading string, list []tree.Position) {
	var lines []string
	for _, p := range list {
		lines = append(lines, escape.Sprintf("%s", p))
	}
	c.list(heading, lines)
}

// list prints lines under a heading, at most ten.
func (c *change) list(heading string, list []string) {
	const most = 10
	if len(list) == 0 {
		return
	}
	escape.Fprintf(c.call.Streams.ErrOut, "%s\n", heading)
	for _, line := range list[:min(len(list), most)] {
		escape.Fprintf(c.call.Streams.ErrOut, "  %s\n", escape.Composed(line))
	}
	if more := len(list) - most; more > 0 {
		escape.Fprintf(c.call.Streams.ErrOut, "  and %d more\n", more)
	}
}

// next prints the commands that commit the changes.
func (c *change) next(r *repository, changes []scaffold.Change, message string, more ...string) {
	var paths []string
	for _, change := range changes {
		paths = append(paths, change.Path)
	}
	slices.Sort(paths)
	git := escape.Shell("git")
	if r.Path != "" {
		git = escape.Shell("git -C " + escape.ShellWord(r.Root))
	}
	commands := []string{
		escape.Command("%s add %s", git, escape.ShellWords(paths)),
		escape.Command("%s commit -m %s", git, message),
		escape.Command("%s push", git),
	}
	w := c.call.Streams.ErrOut
	escape.Fprintf(w, "Next:\n")
	for _, line := range append(commands, more...) {
		escape.Fprintf(w, "  %s\n", escape.Composed(strings.ReplaceAll(line, command.UsualName, c.call.Name)))
	}
}
