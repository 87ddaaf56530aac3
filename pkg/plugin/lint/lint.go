// Package lint is the command "lint".
package lint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/lintreport"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
)

var (
	lintLong = templates.LongDesc(`
		Find defects in a GitOps repository before Flux applies them.

		The command builds each Kustomization as Flux does, follows those that they
		apply, and checks the objects. It needs no cluster, and does not use the
		network unless --allow-remote names hosts of remote bases. Each finding has a
		code, a file and line, and a fix.

		PATH is a directory or file of a repository, or - for rendered manifests on
		standard input; by default the working directory. The whole repository is
		read, but only findings below PATH are shown.

		A comment ignores a finding: '# orthweb:ignore RULE: REASON', at the end of the
		line, or before a field for everything below it. The file .orthweb-lint.yaml
		at the root of the repository configures the rules.

		The severities are Critical, Warning and Info; docs/findings.md describes each
		code. The exit status is 0 if no finding has the severity of --fail-on or a
		worse one, 1 if one has, 2 if none has, but something could not be checked.`)
	lintExample = templates.Examples(`
		# Check the repository in the working directory
		kubectl orthweb lint

		# Check what Flux 2.8 no longer serves
		kubectl orthweb lint --flux-version=2.8 --only=removed-api

		# Show what can be fixed automatically, then fix it
		kubectl orthweb lint --fix
		kubectl orthweb lint --fix --yes

		# Show the findings in a pull request on GitHub
		kubectl orthweb lint -o github

		# Download the remote bases that are on GitHub
		kubectl orthweb lint --allow-remote=github.com

		# Check rendered manifests
		kubectl kustomize gitops/application/bhs | kubectl orthweb lint -`)
)

// The formats besides the table.
const (
	sarif  = "sarif"
	github = "github"
)

type options struct {
	call   *command.Call
	output *command.Output
	paths  []string
	failOn string
	config string
	list   bool
	fix    bool
	yes    bool
	remote command.RemoteFlag
	rules  lint.Config
	charts *chart.Renderer
}

// New is the command "lint".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, output: command.NewFormats(command.Table, command.Wide, command.JSON, command.YAML, sarif, command.JUnit, github)}
	cmd := &cobra.Command{
		Use:     "lint [PATH...]",
		Short:   "Find defects in a GitOps repository",
		Long:    lintLong,
		Example: lintExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.paths = args
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd)
		},
	}
	o.output.AddTo(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.failOn, "fail-on", "", "Lowest severity for which the exit status is 1: critical, warning, info or never (default warning)")
	flags.StringSliceVar(&o.rules.Only, "only", nil, "Rules to check, by name or code; all by default")
	flags.StringSliceVar(&o.rules.Skip, "skip", nil, "Rules not to check, by name or code")
	flags.StringVar(&o.rules.Flux, "flux-version", "", "Version of Flux that will apply the repository (default: that in the repository, or the newest)")
	flags.StringVar(&o.rules.Kubernetes, "kube-version", "", "Version of Kubernetes that will run (default: the newest)")
	flags.StringVar(&o.config, "config", "", "Configuration file (default "+lint.ConfigFile+" at the root of the repository)")
	flags.BoolVar(&o.fix, "fix", false, "Show the changes that fix findings as a diff, and make them after a question")
	flags.BoolVarP(&o.yes, "yes", "y", false, "Don't ask before --fix changes files")
	o.remote.AddTo(flags)
	flags.BoolVar(&o.list, "list-rules", false, "List the rules, and check nothing")
	return cmd
}

// severities are the values of --fail-on.
var severities = map[string]finding.Severity{
	"critical": finding.Critical, "warning": finding.Warning, "info": finding.Info,
}

// validate rejects wrong flags before anything is read.
func (o *options) validate() error {
	if err := o.output.Validate(); err != nil {
		return err
	}
	if _, ok := severities[o.failOn]; !ok && o.failOn != "" && o.failOn != "never" {
		return advice.Add(fmt.Errorf("unknown severity %q", o.failOn), "Use critical, warning, info or never.")
	}
	if o.fix && (o.output.Format != command.Table || slices.Contains(o.paths, "-")) {
		return advice.Add(errors.New("--fix changes files: it can't be used with -o or standard input"), "Remove --fix, or name a repository.")
	}
	if o.list && (len(o.paths) > 0 || o.output.Format != command.Table) {
		return advice.Add(errors.New("--list-rules checks nothing and prints text only"), "Remove the path and -o.")
	}
	if slices.Contains(o.paths, "-") && len(o.paths) > 1 {
		return advice.Add(errors.New("- can't be used together with other paths"), "Check them separately.")
	}
	if o.remote.Set() && (o.list || slices.Contains(o.paths, "-")) {
		return advice.Add(errors.New("--allow-remote has no effect without a repository"), "Remove it, or name a repository.")
	}
	if err := o.remote.Validate(); err != nil {
		return err
	}
	if err := o.rules.Validate(); err != nil {
		return advice.Add(err, "List the rules with 'kubectl orthweb lint --list-rules'.")
	}
	return nil
}

func (o *options) run(cmd *cobra.Command) error {
	if o.list {
		return o.listRules()
	}
	defer collectLess()()
	o.rules.Remote = o.remote.Fetcher(cmd.Context())
	defer o.rules.Remote.Close()
	o.charts = chart.NewRenderer()
	defer o.charts.Close()
	if o.fix {
		return o.fixAll(cmd.Context(), cmd.Flags().Changed)
	}
	report, err := o.check(cmd.Context(), cmd.Flags().Changed)
	if err != nil {
		return err
	}
	if err := o.print(o.call.Streams.Out, report); err != nil {
		return err
	}
	if err := o.call.Hooks.Deliver(func() (runtime.Object, error) { return versioned.Lint(report) }); err != nil {
		return err
	}
	o.summarize(report)
	return o.exit(report)
}

// check checks all repositories.
func (o *options) check(ctx context.Context, changed func(string) bool) (*lint.Report, error) {
	if slices.Contains(o.paths, "-") {
		return o.checkInput(ctx)
	}
	repositories, err := command.Repositories(o.paths)
	if err != nil {
		return nil, err
	}
	all := &lint.Report{}
	for _, r := range repositories {
		report, err := o.checkRepository(ctx, r, changed)
		if err != nil {
			return nil, err
		}
		if len(repositories) > 1 || o.output.Table() || o.output.Format == command.Table {
			report.Move(r.Shown)
		}
		all.Add(report)
	}
	if all.Empty() {
		return nil, nothingFound(repositories[0])
	}
	return all, nil
}

// nothingFound is the error of a repository, or of paths in it, in which nothing is checked.
func nothingFound(r command.Repository) error {
	if len(r.Below) == 0 || slices.Contains(r.Below, ".") {
		return advice.Add(fmt.Errorf("no Kubernetes manifests were found in %s", r.Shown), "Name a directory or a file of a GitOps repository.")
	}
	return advice.Add(fmt.Errorf("no Kustomization of %s uses %s, so it was not checked", r.Shown, escape.List(r.Below)),
		"Check a manifest alone with 'kubectl orthweb lint - < FILE', or name another path.")
}

func (o *options) print(w io.Writer, report *lint.Report) error {
	switch o.output.Format {
	case command.Table, command.Wide:
		style := o.output.Style(w)
		return lintreport.Print(w, report, style)
	case sarif:
		return versioned.LintSARIF(w, report, o.call.Build)
	case command.JUnit:
		return versioned.LintJUnit(w, report, o.fails)
	case github:
		return versioned.LintGitHub(w, report)
	}
	object, err := versioned.Lint(report)
	return o.output.Print(w, object, err)
}

// fails reports whether a finding of a severity fails the check.
func (o *options) fails(s finding.Severity) bool {
	least, ok := severities[o.failOn]
	if o.failOn == "" {
		least, ok = finding.Warning, true
	}
	return ok && (s == finding.Critical || s == least || least == finding.Info)
}

func (o *options) exit(report *lint.Report) error {
	switch {
	case slices.ContainsFunc(report.Findings, func(f lint.Finding) bool { return o.fails(f.Severity) }):
		return command.No
	case report.Unclear(), report.Objects == 0 && len(report.OtherSources) > 0:
		return command.Unclear
	}
	return nil
}

// listUnknown prints what was not checked, and how to download what is on other hosts. Several tenants can have the same reason because of the
// same line.
func (o *options) listUnknown(report *lint.Report) {
	type reason struct {
		at      tree.Position
		message string
	}
	counts := map[reason]int{}
	for _, u := range report.Unknown {
		counts[reason{u.At, u.Message}]++
	}
	var refused []string
	for _, u := range report.Unknown {
		refused = append(refused, u.Host)
		n := counts[reason{u.At, u.Message}]
		if n == 0 { // it was listed with another object
			continue
		}
		counts[reason{u.At, u.Message}] = 0
		others := ""
		if n > 1 {
			others = " (also " + finding.Count(n-1, "other object") + ")"
		}
		about := ""
		if u.Ref.Name != "" {
			about = u.Ref.String() + others + ": "
		}
		escape.Fprintf(o.call.Streams.ErrOut, "Not checked: %s%s: %s\n", about, u.At, u.Message)
	}
	o.remote.Advise(o.call.Streams.ErrOut, o.again(), refused)
}

// summarize prints on standard error what was checked, and what was not.
func (o *options) summarize(report *lint.Report) {
	w := o.call.Streams.ErrOut
	o.listUnknown(report)
	if n := len(report.OtherSources); n > 0 {
		sources := map[string]int{}
		for _, e := range report.OtherSources {
			sources[e.Source]++
		}
		var names []string
		for source := range sources {
			names = append(names, source)
		}
		slices.Sort(names)
		escape.Fprintf(w, "%s not checked, of other sources or for other clusters: %s\n", finding.Count(n, "Kustomization"), strings.Join(names, ", "))
	}
	counts := map[finding.Severity]int{}
	for _, f := range report.Findings {
		counts[f.Severity]++
	}
	var parts []string
	for _, s := range []finding.Severity{finding.Critical, finding.Warning, finding.Info} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], strings.ToLower(string(s))))
		}
	}
	fixable := 0
	for _, f := range report.Findings {
		if len(f.Changes) > 0 {
			fixable++
		}
	}
	found := "no findings"
	if len(parts) > 0 {
		found = strings.Join(parts, ", ")
	}
	if len(report.Ignored) > 0 {
		found += fmt.Sprintf(", %d ignored", len(report.Ignored))
	}
	if len(report.Unknown) > 0 {
		found += " in what could be checked"
	}
	escape.Fprintf(w, "Checked %s with %s: %s.\n", finding.Count(report.Kustomizations, "Kustomization"), finding.Count(report.Objects, "object"), found)
	if fixable > 0 {
		escape.Fprintf(w, "%d can be fixed automatically: %s --fix\n", fixable, escape.Composed(o.again()))
	}
}

// again is the command with its paths.
func (o *options) again() string {
	words := []string{o.call.Name + " lint"}
	for _, path := range o.paths {
		words = append(words, escape.ShellWord(path))
	}
	return strings.Join(words, " ")
}

// listRules prints all rules.
func (o *options) listRules() error {
	rules := lint.Rules()
	slices.SortFunc(rules, func(a, b *lint.Rule) int { return strings.Compare(string(a.Code), string(b.Code)) })
	widest := 0
	for _, r := range rules {
		widest = max(widest, len(r.Name))
	}
	for _, r := range rules {
		escape.Fprintf(o.call.Streams.Out, "%s  %-*s  %-8s  %s\n", r.Code, widest, r.Name, r.Severity, r.Title)
	}
	return nil
}
