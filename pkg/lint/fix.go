package lint

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

// Fixed is a tree without the defects that can be fixed automatically.
type Fixed struct {
	// Files are the new contents of the files that change, by path.
	Files map[string][]byte
	// Findings are those that the changes fix.
	Findings []rule.Finding
}

// Fix makes the changes of findings. A finding is left if its changes can't be made, or if something
// would be lost: a Kustomization no longer builds, or a patch that selects an API version no longer
// applies.
func Fix(ctx context.Context, t *tree.Tree, config Config, findings []rule.Finding) (*Fixed, error) {
	f := &fixer{ctx: ctx, tree: t, options: config.build(), fixed: &Fixed{Files: map[string][]byte{}}, builds: maxBuilds}
	var fixable []rule.Finding
	for _, found := range findings {
		if len(found.Changes) == 0 || slices.ContainsFunc(found.Changes, func(c edit.Change) bool { return !config.within(c.At.File) }) {
			continue
		}
		if texts, ok := try(t, found.Changes); ok && isChanged(t, texts) {
			fixable = append(fixable, found)
		}
	}
	if len(fixable) == 0 {
		return f.fixed, nil
	}
	var err error
	if f.before, err = outcomeOf(ctx, t, f.options); err != nil {
		return nil, err
	}
	return f.fixed, f.accept(fixable)
}

// maxBuilds is how often a tree is built to find the findings that can't be fixed.
const maxBuilds = 50

type fixer struct {
	ctx  context.Context
	tree *tree.Tree
	// options are those of the builds.
	options cluster.Options
	before  outcome
	fixed   *Fixed
	builds  int
}

// accept fixes findings besides those that are fixed. If that is not possible for all together, it
// tries each half.
func (f *fixer) accept(more []rule.Finding) error {
	all := slices.Concat(f.fixed.Findings, more)
	var changes []edit.Change
	for _, found := range all {
		changes = append(changes, found.Changes...)
	}
	texts, ok := try(f.tree, changes)
	if ok {
		var err error
		if ok, err = f.keeps(texts, changes); err != nil {
			return err
		}
	}
	switch {
	case ok:
		f.fixed.Files, f.fixed.Findings = texts, all
		return nil
	case len(more) == 1:
		return nil
	}
	if err := f.accept(more[:len(more)/2]); err != nil {
		return err
	}
	return f.accept(more[len(more)/2:])
}

// keeps reports whether nothing is lost with changed files, except for the values that change.
func (f *fixer) keeps(files map[string][]byte, changes []edit.Change) (bool, error) {
	if f.builds--; f.builds < 0 {
		return false, nil
	}
	after, err := outcomeOf(f.ctx, f.tree.With(files), f.options)
	if err != nil {
		return false, err
	}
	var old []string
	for _, c := range changes {
		if value := valueAt(f.tree, c.At); c.Op == edit.Set && value != "" {
			old = append(old, value)
		}
	}
	for v, n := range f.before {
		changed := slices.ContainsFunc(old, func(text string) bool { return strings.Contains(v.value, text) })
		if after[v] < n && !changed {
			return false, nil
		}
	}
	return true, nil
}

// valueAt is the scalar at a position, "" if there is none.
func valueAt(t *tree.Tree, at tree.Position) string {
	documents, _ := t.Documents(at.File)
	var value string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Line == at.Line && n.Column == at.Column {
			value = n.Value
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	for _, d := range documents {
		walk(d.Node)
	}
	return value
}

// outcome is how often each value occurs in the objects that the Kustomizations of a tree apply.
type outcome map[occurrence]int

// occurrence is a scalar in an object, in any field: a fix can rename fields.
type occurrence struct {
	entry  string
	by     object.Key
	object object.Key
	value  string
}

func outcomeOf(ctx context.Context, t *tree.Tree, options cluster.Options) (outcome, error) {
	clusters, err := cluster.DiscoverWith(ctx, t, options)
	if err != nil {
		return nil, err
	}
	all := outcome{}
	for _, c := range clusters {
		for _, k := range c.Kustomizations {
			if k.Built != nil {
				all[occurrence{entry: c.Entry, by: k.Ref().Key()}]++
			}
		}
		for _, o := range c.Objects {
			at := occurrence{entry: c.Entry, object: o.Ref().Key()}
			if o.By != nil {
				at.by = o.By.Ref().Key()
			}
			all[at]++
			rule.Walk(o.Unstructured.Object, "", func(_, _ string, value any) bool {
				switch value.(type) {
				case map[string]any, []any:
				default:
					at.value = fmt.Sprint(value)
					all[at]++
				}
				return true
			})
		}
	}
	return all, nil
}

// isChanged reports whether texts are other than those of the files.
func isChanged(t *tree.Tree, texts map[string][]byte) bool {
	for file, text := range texts {
		if before, err := t.ReadFile(file); err != nil || !bytes.Equal(before, text) {
			return true
		}
	}
	return false
}

// try makes changes, and returns the new texts of the files that they are about.
func try(t *tree.Tree, changes []edit.Change) (map[string][]byte, bool) {
	byFile := map[string][]edit.Change{}
	for _, c := range changes {
		byFile[c.At.File] = append(byFile[c.At.File], c)
	}
	texts := map[string][]byte{}
	for file, all := range byFile {
		text, err := t.ReadFile(file)
		if err != nil {
			return nil, false
		}
		if texts[file], err = edit.Apply(file, text, all); err != nil {
			return nil, false
		}
	}
	return texts, true
}
