package scaffold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// positionOf is the first place of a name in a text outside of comments' lines, if it has one.
func positionOf(file string, text []byte, name string) (tree.Position, bool) {
	w := compare.Words{}
	w.Name(name, name+"\x00")
	line := 0
	for content := range bytes.Lines(text) {
		line++
		if trimmed := bytes.TrimSpace(content); bytes.HasPrefix(trimmed, []byte("#")) {
			continue
		}
		if found := w.Matches(string(content)); len(found) > 0 {
			return tree.Position{File: file, Line: line, Column: utf8.RuneCount(content[:found[0].Start]) + 1}, true
		}
	}
	return tree.Position{}, false
}

// verify builds the changed tree, and checks that the new tenant is what the model is, and that
// nothing else changed.
func (c *creation) verify(ctx context.Context) error {
	after, err := Apply(c.repository.Tree, c.result.Changes)
	if err != nil {
		return err
	}
	changed, err := Find(ctx, after)
	if err != nil {
		return err
	}
	created, err := changed.Named(c.options.Name, c.model.Entry)
	if err != nil {
		return fmt.Errorf("check the new tenant: Flux would not find it: %w", err)
	}
	c.result.Tenant = created
	for _, k := range created.Layers {
		if k.Err != nil {
			return fmt.Errorf("check the new tenant: %s can't be built: %w", k.Ref(), k.Err)
		}
	}
	if err := unchanged(c.repository, changed, nil, created); err != nil {
		return fmt.Errorf("check the new tenant: %w", err)
	}
	model, err := changed.Named(c.model.Name, c.model.Entry)
	if err != nil {
		return err
	}
	if err := c.verifySame(model, created); err != nil {
		return err
	}
	return c.verifyLint(ctx, after)
}

// verifySame checks that the new tenant differs from the model only in names, hosts and
// addresses.
func (c *creation) verifySame(model, created *Tenant) error {
	report := compare.Tenants(model.Side(), created.Side())
	secrets := map[string]bool{}
	for _, s := range c.result.Secrets {
		secrets[s.File], secrets[s.At.File] = true, true
	}
	for _, d := range report.Differences {
		if secrets[d.A.At.File] || secrets[d.B.At.File] {
			continue // the user created it
		}
		at := d.B.At
		if !d.B.Present {
			at = d.A.At
		}
		return advice.Add(fmt.Errorf("check the new tenant: it would differ from %s in more than names, hosts and addresses: %s: %s", model.Name, at, d.Describe()),
			"The names in the files of %s can't be replaced safely. Change that value, or specify another model with --from.", model.Name)
	}
	for _, o := range created.Objects() {
		if o.GetNamespace() != "" && !slices.Contains(created.Namespaces, o.GetNamespace()) && slices.Contains(model.Namespaces, o.GetNamespace()) {
			return fmt.Errorf("check the new tenant: %s would be in the namespace of %s: %s", o.Ref(), model.Name, o.Start())
		}
	}
	return nil
}

// unchanged checks that all objects of a tree except for those of some tenants are the same in
// another, and that all that could be built still can.
func unchanged(before, after *Repository, removed, created *Tenant) error {
	old, current := before.others(removed), after.others(created)
	for key, o := range old {
		now, ok := current[key]
		switch {
		case !ok:
			return fmt.Errorf("%s would be removed: %s", o.Ref(), o.Start())
		case !reflect.DeepEqual(o.Unstructured.Object, now.Unstructured.Object):
			return fmt.Errorf("%s would change: %s", o.Ref(), o.Start())
		}
	}
	for key, o := range current {
		if _, ok := old[key]; !ok {
			return fmt.Errorf("%s would be added: %s", o.Ref(), o.Start())
		}
	}
	return before.stillBuilt(after)
}

// objectID identifies an object that a Kustomization applies.
type objectID struct {
	entry  string
	by, of object.Key
}

// others are the objects of a tree that are not a tenant's, nor its layers.
func (r *Repository) others(t *Tenant) map[objectID]*cluster.Object {
	found := map[objectID]*cluster.Object{}
	for _, c := range r.clusters {
		for _, o := range c.Objects {
			if t != nil && t.owns(c, o) {
				continue
			}
			id := objectID{entry: c.Entry, of: o.Ref().Key()}
			if o.By != nil {
				id.by = o.By.Ref().Key()
			}
			found[id] = o
		}
	}
	return found
}

// owns reports whether an object is applied by a layer of the tenant, or is one.
func (t *Tenant) owns(c *cluster.Cluster, o *cluster.Object) bool {
	return t.applies(o.By) || c == t.cluster && slices.ContainsFunc(t.Layers, func(k *cluster.Kustomization) bool { return k.Ref().Same(o.Ref()) })
}

// stillBuilt checks that each Kustomization that was built still is.
func (r *Repository) stillBuilt(after *Repository) error {
	failed := map[string]error{}
	for _, c := range after.clusters {
		for _, k := range c.Kustomizations {
			if k.Err != nil {
				failed[c.Entry+"\x00"+k.Ref().String()] = k.Err
			}
		}
	}
	for _, c := range r.clusters {
		for _, k := range c.Kustomizations {
			if err := failed[c.Entry+"\x00"+k.Ref().String()]; err != nil && k.Err == nil {
				return fmt.Errorf("%s can no longer be built: %w", k.Ref(), err)
			}
		}
	}
	return nil
}

// verifyLint checks that the new files have no defects that the model's don't have, and remembers
// those that they share.
func (c *creation) verifyLint(ctx context.Context, after *tree.Tree) error {
	old, err := lint.Check(ctx, c.repository.Tree, lint.Config{})
	if err != nil {
		return err
	}
	current, err := lint.Check(ctx, after, lint.Config{})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, f := range slices.Concat(old.Findings, ignored(old)) {
		known[f.Rule+"\x00"+c.words.Apply(f.At.File)] = true
		known[f.Rule+"\x00"+f.At.File] = true
	}
	created := map[string]bool{}
	for _, change := range c.result.Changes {
		created[change.Path] = change.New()
	}
	var added []string
	for _, f := range current.Findings {
		if !known[f.Rule+"\x00"+f.At.File] {
			added = append(added, fmt.Sprintf("%s: %s %s", f.At, f.Code, f.Message))
		} else if created[f.At.File] {
			c.result.Defects = append(c.result.Defects, f)
		}
	}
	if len(added) > 0 {
		return advice.Add(errors.New("check the new tenant: it would have defects that "+c.model.Name+" does not have:\n"+strings.Join(added, "\n")),
			"See: kubectl orthweb lint")
	}
	return nil
}

func ignored(r *lint.Report) []lint.Finding {
	var found []lint.Finding
	for _, f := range r.Ignored {
		found = append(found, f.Finding)
	}
	return found
}
