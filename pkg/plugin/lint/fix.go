package lint

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

// fixAll shows the changes that fix findings, and with --yes makes them.
func (o *options) fixAll(ctx context.Context, changed func(string) bool) error {
	repositories, err := command.Repositories(o.paths)
	if err != nil {
		return err
	}
	left, unclear := 0, false
	for _, r := range repositories {
		n, report, err := o.fixRepository(ctx, r, changed)
		if err != nil {
			return err
		}
		left += n
		o.listUnknown(report)
		unclear = unclear || report.Unclear()
	}
	switch {
	case left > 0:
		return command.No
	case unclear:
		return command.Unclear
	}
	return nil
}

// fixRepository fixes a repository, and returns the number of findings that are left, and what was
// found.
func (o *options) fixRepository(ctx context.Context, r command.Repository, changed func(string) bool) (left int, report *lint.Report, err error) {
	t, config, err := o.open(r, changed)
	if err != nil {
		return 0, nil, err
	}
	defer t.Close()
	if report, err = lint.Check(ctx, t, config); err != nil {
		return 0, nil, err
	}
	if report.Empty() {
		return 0, nil, nothingFound(r)
	}
	fixed, err := lint.Fix(ctx, t, config, report.Findings)
	if err != nil {
		return 0, nil, advice.Add(err, "Nothing was changed. Fix the findings manually.")
	}
	if err := o.showDiff(t, fixed.Files); err != nil {
		return 0, nil, err
	}
	w := o.call.Streams.ErrOut
	counted := fmt.Sprintf("%d of %s in %s", len(fixed.Findings), finding.Count(len(report.Findings), "finding"), finding.Count(len(fixed.Files), "file"))
	switch {
	case len(report.Findings) == 0:
		escape.Fprintf(w, "Nothing to fix.\n")
		return 0, report, nil
	case len(fixed.Files) == 0:
		escape.Fprintf(w, "%s can't be fixed automatically.\n", finding.Count(len(report.Findings), "finding"))
		return len(report.Findings), report, nil
	case !o.yes && !command.Confirm(o.call.Streams, escape.Sprintf("Change %s in %s?", finding.Count(len(fixed.Files), "file"), r.Shown)):
		escape.Fprintf(w, "The changes fix %s. Nothing was changed: add --yes to change the files.\n", counted)
		return len(report.Findings), report, nil
	}
	if err := command.ReplaceFiles(r.Root, fixed.Files); err != nil {
		return 0, nil, advice.Add(fmt.Errorf("change the files: %w", err), "All files are as before.")
	}
	escape.Fprintf(w, "Fixed %s. Nothing was committed.\n", counted)
	return len(report.Findings) - len(fixed.Findings), report, nil
}

// showDiff prints the changes of files.
func (o *options) showDiff(t *tree.Tree, files map[string][]byte) error {
	for _, file := range slices.Sorted(maps.Keys(files)) {
		before, err := t.ReadFile(file)
		if err != nil {
			return err
		}
		escape.Fprintf(o.call.Streams.Out, "%s", escape.Composed(escape.Lines(edit.Diff(file, before, files[file]), "")))
	}
	return nil
}
