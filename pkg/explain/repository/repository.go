// Package repository finds what causes an explained problem in the Git repository that Flux
// applies: the file and line of each fix, and the change if no decision is needed.
package repository

import (
	"context"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

// Result is what was found in a repository.
type Result struct {
	// Files are the new contents of the files that change, by path.
	Files map[string][]byte
	// Located is how many fixes have a line of the repository.
	Located int
}

// Locate writes the lines of a repository into the fixes of an explanation, and the changes that
// need no decision. The snapshot tells which cluster of the repository is explained. Without a
// Kustomization that both have, found is false, and nothing is changed.
func Locate(ctx context.Context, e *diagnose.Explanation, snap *snapshot.Snapshot, t *tree.Tree) (r Result, found bool, err error) {
	clusters, err := cluster.DiscoverWith(ctx, t, cluster.Options{Artifacts: true})
	if err != nil {
		return Result{}, false, err
	}
	c := matching(clusters, snap)
	if c == nil {
		return Result{}, false, nil
	}
	report, err := lint.Check(ctx, t, lint.Config{})
	if err != nil {
		return Result{}, false, err
	}
	l := &locator{tree: t, cluster: c, findings: report.Findings}
	var fixed []rule.Finding
	for i := range e.Subjects {
		for j := range e.Subjects[i].Causes {
			fixed = append(fixed, l.cause(&e.Subjects[i].Causes[j])...)
		}
	}
	changes, err := lint.Fix(ctx, t, lint.Config{}, fixed)
	if err != nil {
		return Result{}, true, err
	}
	return Result{Files: changes.Files, Located: l.located}, true, nil
}

// matching is the cluster that has the most Kustomizations with the path that they have in the
// snapshot, nil if none has one.
func matching(clusters []*cluster.Cluster, snap *snapshot.Snapshot) *cluster.Cluster {
	var best *cluster.Cluster
	most := 0
	for _, c := range clusters {
		same := 0
		for _, k := range c.Kustomizations {
			live := snap.Lookup(k.Ref()).Object
			if live != nil && pathOf(live.Object) == pathOf(k.Unstructured.Object) {
				same++
			}
		}
		if same > most {
			best, most = c, same
		}
	}
	return best
}

func pathOf(obj map[string]any) string {
	return strings.Trim(strings.TrimPrefix(object.Text(obj, "spec", "path"), "./"), "/")
}

// locator finds the lines of causes.
type locator struct {
	tree     *tree.Tree
	cluster  *cluster.Cluster
	findings []rule.Finding
	located  int
}

// cause writes lines and changes into the fixes of a cause that are about files, and returns the
// findings whose changes fix it.
func (l *locator) cause(c *diagnose.Cause) []rule.Finding {
	o := l.object(c)
	if o == nil {
		return nil
	}
	at := l.position(o, c)
	i := slices.IndexFunc(c.Fixes, func(f finding.Fix) bool { return f.File != "" })
	if i < 0 {
		return nil
	}
	for j := range c.Fixes {
		if c.Fixes[j].File != "" {
			c.Fixes[j].File = at.String()
			l.located++
		}
	}
	fixing := l.fixing(o, c, at)
	if fixing == nil {
		return nil
	}
	c.Fixes[i].File = fixing.At.String()
	c.Fixes[i].Diff = l.diff(fixing.Changes)
	return []rule.Finding{*fixing}
}

// object is the object of the tree that a cause is about: its own, or the nearest one above it.
func (l *locator) object(c *diagnose.Cause) *cluster.Object {
	refs := []object.Ref{c.Ref}
	for _, step := range slices.Backward(c.Path) {
		refs = append(refs, step.Ref)
	}
	for _, ref := range refs {
		for _, o := range l.cluster.Objects {
			if o.Ref().Key() == ref.Key() {
				return o
			}
		}
		for _, k := range l.cluster.Kustomizations {
			if k.Ref().Key() == ref.Key() && k.Declared() {
				return k.Object
			}
		}
	}
	return nil
}

// position is the line of the field that the evidence of a cause names, or that of the object.
func (l *locator) position(o *cluster.Object, c *diagnose.Cause) tree.Position {
	for _, evidence := range c.Evidence {
		field := evidence.Field
		if evidence.Ref.Key() != o.Ref().Key() {
			field = "spec.template." + field // of a pod
		}
		if _, ok := object.Read(o.Unstructured.Object, field); !ok || !strings.HasPrefix(field, "spec.") {
			continue
		}
		if at, sure := o.Locate(field); sure {
			return at
		}
	}
	return o.Start()
}

// fixing is the finding of lint that is the cause, and has changes.
func (l *locator) fixing(o *cluster.Object, c *diagnose.Cause, at tree.Position) *rule.Finding {
	for i, f := range l.findings {
		if f.Code == c.Code && len(f.Changes) > 0 && (f.Ref.Key() == o.Ref().Key() || len(f.Others) > 0 && f.At == at) {
			return &l.findings[i]
		}
	}
	return nil
}

// diff is the change of all files.
func (l *locator) diff(changes []edit.Change) string {
	var b strings.Builder
	byFile := map[string][]edit.Change{}
	var files []string
	for _, c := range changes {
		if byFile[c.At.File] == nil {
			files = append(files, c.At.File)
		}
		byFile[c.At.File] = append(byFile[c.At.File], c)
	}
	for _, file := range files {
		before, err := l.tree.ReadFile(file)
		if err != nil {
			return ""
		}
		after, err := edit.Apply(file, before, byFile[file])
		if err != nil {
			return ""
		}
		b.WriteString(edit.Diff(file, before, after))
	}
	return b.String()
}
