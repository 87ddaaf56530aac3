package cluster

import (
	"context"
	"fmt"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// standalone is the cluster of a tree without Kustomizations of Flux: what each kustomization
// builds that no other uses, and the manifests that no kustomization uses.
func (f *scanned) standalone(ctx context.Context) (*Cluster, error) {
	c := &Cluster{Tree: f.tree, Entry: ".", byKey: map[object.Key]*Kustomization{}, source: f.plain, found: f}
	files := f.tree.Files(".")
	used := map[string]bool{}
	built := map[string]*Kustomization{}
	var order []string
	for _, file := range files {
		if isKustomizationFile(path.Base(file)) {
			order = append(order, file)
			built[file] = f.directory(path.Dir(file))
		}
	}
	if err := f.buildAll(ctx, order, built); err != nil {
		return nil, err
	}
	for _, file := range order {
		k := built[file]
		if k.Built == nil {
			continue
		}
		for _, name := range k.Built.Kustomizations[1:] {
			used[name] = true
		}
		for _, o := range k.Built.Objects {
			if o.Document() != nil { // a generator is in the kustomization file itself
				used[o.File()] = true
			}
		}
	}
	for _, file := range order {
		if !used[file] && !isComponent(f.tree, file) {
			c.Kustomizations = append(c.Kustomizations, built[file])
		}
	}
	c.collect()
	for _, file := range files {
		if !used[file] && tree.IsYAML(file) && !inChart(f.tree, file) && !f.plain.Ignored(file) && len(order) == 0 {
			f.noteUnread(c.addManifests(f.plain, file))
		}
	}
	return c, nil
}

// buildAll builds directories.
func (f *scanned) buildAll(ctx context.Context, order []string, built map[string]*Kustomization) error {
	var plans []*build.Plan
	var of []*Kustomization
	for _, file := range order {
		if err := ctx.Err(); err != nil {
			return err
		}
		k := built[file]
		p, err := build.Prepare(f.plain, k.Unstructured, nil)
		if k.Err = err; err == nil {
			plans, of = append(plans, p), append(of, k)
		}
	}
	results, errs := build.RenderAll(ctx, plans)
	for i, k := range of {
		if k.Err = errs[i]; results[i] != nil {
			k.Built, k.Err = results[i].Substitute(nil)
		}
	}
	return ctx.Err()
}

// directory is a Kustomization in place of one of Flux.
func (f *scanned) directory(dir string) *Kustomization {
	name := path.Base(dir)
	if dir == "." {
		name = "kustomization"
	}
	document := &tree.Document{File: f.kustomizationIn(dir), Object: map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
		"metadata": map[string]any{"name": name}, "spec": map[string]any{"path": dir},
	}}
	if documents, err := f.tree.Documents(document.File); err == nil && len(documents) > 0 {
		document.Node = documents[0].Node
	}
	return &Kustomization{Object: &Object{Object: origin.FromDocument(f.plain, document)}, Standalone: true}
}

func (f *scanned) kustomizationIn(dir string) string {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if file := path.Join(dir, name); f.tree.Exists(file) {
			return file
		}
	}
	return path.Join(dir, konfig.DefaultKustomizationFileName())
}

func isKustomizationFile(base string) bool {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if name == base {
			return true
		}
	}
	return false
}

// isComponent reports whether a kustomization is only a part of others.
func isComponent(t *tree.Tree, file string) bool {
	documents, err := t.Documents(file)
	return err == nil && len(documents) > 0 && object.Text(documents[0].Object, "kind") == "Component"
}

// addManifests adds the objects of a file.
func (c *Cluster) addManifests(s *source.Source, file string) error {
	documents, err := s.Tree.Documents(file)
	for _, d := range documents {
		c.addManifest(s, d)
	}
	return err
}

// addManifest adds the object of a document, or the objects of a list.
func (c *Cluster) addManifest(s *source.Source, d *tree.Document) {
	u := unstructured.Unstructured{Object: d.Object}
	if strings.HasSuffix(u.GetKind(), "List") {
		for i, item := range object.List(d.Object, "items") {
			if node, _, found := tree.Find(d.Node, fmt.Sprintf("items[%d]", i)); found {
				c.addManifest(s, &tree.Document{File: d.File, Node: node, Object: item})
			}
		}
		return
	}
	if u.GetAPIVersion() != "" && u.GetKind() != "" && u.GetName() != "" {
		c.Objects = append(c.Objects, &Object{Object: origin.FromDocument(s, d)})
	}
}
