// Package diff is the command "diff".
package diff

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/diff"
	"github.com/digihunch/kubectl-orthweb/pkg/diff/execute"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/dryrun"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var (
	diffLong = templates.LongDesc(`
		Show what a GitOps repository would change in the cluster.

		The command builds each Kustomization of the repository as Flux does, and sends
		each object to the API server as a dry run with Flux's field manager: webhooks
		and validation run, nothing is stored. It shows by tenant and layer which objects
		would be added, changed, deleted, or could not be applied, for example because a
		field is immutable. Values of Secrets are never shown.

		With tenants, only objects of their layers and namespaces are compared. A dry run
		requires permission to patch the objects: see the role orthweb-differ.

		The exit status is 0 without changes, 1 with changes, 2 when something could not
		be determined, whatever else changes.`)
	diffExample = templates.Examples(`
		# Show what merging the branch in the working directory would change
		kubectl orthweb diff

		# Show what it would change for one tenant
		kubectl orthweb diff bhs --repo .

		# Write a comment for a pull request
		kubectl orthweb diff -o markdown >comment.md`)
)

// text is the default format.
const text = "text"

type options struct {
	call    *command.Call
	output  *command.Output
	tenants []string
	repo    string
	path    string
	remote  command.RemoteFlag
	// refused are the hosts from which remote bases were not downloaded.
	refused []string
}

// New is the command "diff".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, output: command.NewFormats(text, command.JSON, command.YAML, command.Markdown)}
	cmd := &cobra.Command{
		Use:     "diff [TENANT...]",
		Short:   "Show what a repository would change",
		Long:    diffLong,
		Example: diffExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.tenants = args
			if err := errors.Join(o.output.Validate(), o.remote.Validate()); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	cmd.Flags().StringVar(&o.repo, "repo", ".", "Directory of the GitOps repository; the root of the Git repository that has it is read")
	cmd.Flags().StringVar(&o.path, "path", "", "Directory in the repository that Flux applies to the cluster, if it has several clusters (spec.path of the first Kustomization)")
	o.remote.AddTo(cmd.Flags())
	return cmd
}

func (o *options) run(ctx context.Context) error {
	t, err := o.open()
	if err != nil {
		return err
	}
	defer t.Close()
	report, err := o.compare(ctx, t)
	if err != nil {
		return err
	}
	if err := o.print(o.call.Streams.Out, report); err != nil {
		return err
	}
	o.summarize(report)
	switch {
	case report.Unclear():
		return command.Unclear
	case report.Differs():
		return command.No
	}
	return nil
}

// open opens the repository.
func (o *options) open() (*tree.Tree, error) {
	repositories, err := command.Repositories([]string{o.repo})
	if err != nil {
		return nil, err
	}
	t, err := tree.Open(repositories[0].Root)
	if err != nil {
		return nil, advice.Add(err, "Name the directory of a GitOps repository with --repo.")
	}
	return t, nil
}

// compare reads the cluster, and compares it with the tree.
func (o *options) compare(ctx context.Context, t *tree.Tree) (*diff.Report, error) {
	fetcher := o.remote.Fetcher(ctx)
	defer fetcher.Close()
	clusters, err := cluster.DiscoverWith(ctx, t, cluster.Options{Remote: fetcher, Artifacts: true})
	if err != nil {
		return nil, err
	}
	if err := diff.CheckEntry(clusters, o.path); err != nil {
		return nil, explainChoice(err)
	}
	session, err := o.call.Session(ctx, false)
	if err != nil {
		return nil, err
	}
	live, err := session.Read(ctx, queries.Names())
	if err != nil {
		return nil, command.WhenUnreachable(ctx, err)
	}
	chosen, err := diff.Choose(clusters, live, o.path)
	if err != nil {
		return nil, explainChoice(err)
	}
	config, err := o.call.Config()
	if err != nil {
		return nil, err
	}
	client, err := dryrun.NewClient(config)
	if err != nil {
		return nil, err
	}
	requests := execute.NewCluster(client, session.Served)
	opts := diff.Options{Tenants: o.tenants, Scope: requests.Scope}
	origin := object.Ref{}
	if ref, ok := diff.Root(chosen, live); ok {
		if opts.Root, err = readRoot(ctx, requests, ref); err != nil {
			return nil, err
		}
		origin = cluster.SourceOf(opts.Root)
	}
	variables := &variables{cluster: requests, remote: fetcher}
	if chosen, err = variables.complete(ctx, t, chosen, origin); err != nil {
		return nil, err
	}
	opts.Secrets, o.refused = variables.secrets, chosen.Refused()
	plan, err := diff.NewPlan(chosen, live, opts)
	if err != nil {
		return nil, err
	}
	answers, err := requests.Answer(ctx, plan.Requests)
	if err != nil {
		return nil, err
	}
	return plan.Compare(answers), nil
}

// readRoot reads the Kustomization that applies the tree but is not in it.
func readRoot(ctx context.Context, requests *execute.Cluster, ref object.Ref) (*unstructured.Unstructured, error) {
	obj, failure := requests.Get(ctx, ref)
	switch {
	case failure != nil:
		return nil, advice.Add(fmt.Errorf("read %s: %s", ref, failure.Message), "Request permission to get Kustomizations (docs/rbac.md has the role, orthweb-differ).")
	case obj == nil:
		return nil, advice.Add(fmt.Errorf("read %s: it no longer exists", ref), "Try again.")
	}
	return obj, nil
}

// explainChoice adds to the error how to choose the part of the tree.
func explainChoice(err error) error {
	var entry *diff.EntryError
	switch {
	case errors.Is(err, diff.ErrUnreadable):
		return advice.Add(err, "Request permission to list Kustomizations (docs/rbac.md has the role, orthweb-viewer).")
	case errors.As(err, &entry) && len(entry.Entries) > 0:
		return advice.Add(err, "Choose the directory that Flux applies with --path: %s. Check that --context names the correct cluster.", escape.Composed(escape.List(entry.Entries)))
	case errors.As(err, &entry):
		return advice.Add(err, "Name the directory of a GitOps repository with --repo.")
	}
	return err
}

func (o *options) print(w io.Writer, report *diff.Report) error {
	switch o.output.Format {
	case text:
		return render.Diff(w, report, o.output.Style(w))
	case command.Markdown:
		return render.DiffMarkdown(w, report)
	}
	object, err := versioned.Diff(report)
	return o.output.Print(w, object, err)
}

// summarize prints on standard error what was compared, and what was not.
func (o *options) summarize(report *diff.Report) {
	w := o.call.Streams.ErrOut
	for _, note := range render.DiffNotes(report) {
		escape.Fprintf(w, "%s\n", note)
	}
	o.remote.Advise(w, o.call.Name+" diff", o.refused)
	if report.Forbidden() {
		escape.Fprintf(w, "Request the missing permissions (docs/rbac.md has the role, orthweb-differ).\n")
	}
	escape.Fprintf(w, "Compared %s of %s: %s.\n", finding.Count(len(report.Layers), "layer"), report.Entry, render.DiffSummary(report))
}
