package cluster

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/artifact"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// output is an external artifact of an ArtifactGenerator.
type output struct {
	artifact.Output
	generator *Object
	// index is that of its entry in spec.artifacts.
	index int
}

// outputKey names an output.
type outputKey struct {
	generator *unstructured.Unstructured
	name      string
}

// assembled is the source that an output was assembled to, or why it was not.
type assembled struct {
	source *source.Source
	err    error
}

// sourceOf is the source that has the files of a Kustomization: the tree, or an artifact that is
// assembled from it. Other is the name of a source that is neither. The error is a *build.Error.
func (c *Cluster) sourceOf(k *Kustomization) (s *source.Source, other string, err error) {
	ref := SourceOf(k.Unstructured)
	switch {
	case c.found.opts.OneCluster && object.Map(k.Unstructured.Object, "spec", "kubeConfig") != nil:
		return nil, "another cluster (spec.kubeConfig)", nil
	case k.Standalone, ref.Key() == c.origin.Key(), c.sameRepository(ref):
		return c.source, "", nil
	case !c.found.opts.Artifacts || ref.GroupKind() != object.ExternalArtifactKind:
		return nil, ref.String(), nil
	}
	o, ok := c.output(ref)
	if !ok {
		return nil, ref.String(), nil
	}
	sources, ok := c.sourcesOf(o)
	if !ok {
		return nil, ref.String(), nil
	}
	key := outputKey{o.generator.Unstructured, o.Name}
	known, ok := c.artifacts[key]
	if !ok {
		known.source, known.err = c.assemble(o, sources)
		c.artifacts[key] = known
	}
	return known.source, "", known.err
}

// output is the output with the name of an external artifact.
func (c *Cluster) output(ref object.Ref) (output, bool) {
	for _, g := range c.generators() {
		if g.GetNamespace() != ref.Namespace {
			continue
		}
		for _, o := range c.outputs(g) {
			if o.Name == ref.Name {
				return o, true
			}
		}
	}
	return output{}, false
}

// generators are the ArtifactGenerators that the Kustomizations apply, and then those that nothing
// applies: first those in the directory of the entry, and, if there are none, all.
func (c *Cluster) generators() []*Object {
	var all, near []*Object
	for _, k := range c.Kustomizations {
		if k.Built == nil {
			continue
		}
		for _, o := range k.Built.Objects {
			if o.GroupVersionKind().GroupKind() == object.ArtifactGeneratorKind {
				all = append(all, &Object{Object: o, By: k})
			}
		}
	}
	for _, g := range c.found.generators {
		if c.Entry == "." || strings.HasPrefix(g.File(), c.Entry+"/") {
			near = append(near, g)
		}
	}
	if len(all)+len(near) == 0 {
		near = c.found.generators
	}
	return append(all, near...)
}

// outputs are the artifacts of a generator. There are none if its spec.pathPattern is not valid, or is
// about another source.
func (c *Cluster) outputs(g *Object) []output {
	var all []output
	pattern := object.Text(g.Unstructured.Object, "spec", "pathPattern")
	for i, entry := range object.List(g.Unstructured.Object, "spec", "artifacts") {
		entries := []artifact.Output{{Name: object.Text(entry, "name"), Copies: copies(entry)}}
		if pattern != "" {
			source := c.sourceAt(sourceRefs(g.Unstructured)[artifact.Alias(pattern)])
			if source == nil {
				return nil
			}
			var err error
			if entries, err = artifact.Expand(pattern, c.filesOf(source), entries); err != nil {
				return nil
			}
		}
		for _, o := range entries {
			all = append(all, output{o, g, i})
		}
	}
	return all
}

// copies are the operations of an entry of spec.artifacts.
func copies(entry map[string]any) []artifact.Copy {
	var all []artifact.Copy
	for _, operation := range object.List(entry, "copy") {
		all = append(all, artifact.Copy{
			From: object.Text(operation, "from"), To: object.Text(operation, "to"),
			Exclude: object.Texts(operation, "exclude"), Strategy: object.Text(operation, "strategy"),
		})
	}
	return all
}

// filesOf lists the files of a source once.
func (c *Cluster) filesOf(s *source.Source) *artifact.Files {
	if c.listed[s] == nil {
		c.listed[s] = artifact.NewFiles(s.Files())
	}
	return c.listed[s]
}

// sourceAt is the tree as a source stores it, nil if it is another repository.
func (c *Cluster) sourceAt(ref object.Ref) *source.Source {
	switch {
	case ref.Name != "" && ref.Key() == c.origin.Key():
		return c.source
	case ref.Name != "" && c.sameRepository(ref):
		return c.found.sourceWith(c.ignoreOf(ref))
	}
	return nil
}

// sourceRefs are the sources of a generator by their aliases.
func sourceRefs(generator *unstructured.Unstructured) map[string]object.Ref {
	refs := map[string]object.Ref{}
	for _, entry := range object.List(generator.Object, "spec", "sources") {
		refs[object.Text(entry, "alias")] = object.SourceRef(entry, generator.GetNamespace())
	}
	return refs
}

// sourcesOf are the sources that an output copies from. It is false if one of them is not the tree,
// or not known.
func (c *Cluster) sourcesOf(o output) (map[string]*source.Source, bool) {
	refs := sourceRefs(o.generator.Unstructured)
	sources := map[string]*source.Source{}
	for _, operation := range o.Copies {
		if variable.Unresolved(operation.From + operation.To + strings.Join(operation.Exclude, "")) {
			return nil, false
		}
		alias := artifact.Alias(operation.From)
		ref, declared := refs[alias]
		if !declared || sources[alias] != nil { // the first is an error of the operation
			continue
		}
		if sources[alias] = c.sourceAt(ref); sources[alias] == nil {
			return nil, false
		}
	}
	return sources, true
}

// assemble assembles an output.
func (c *Cluster) assemble(o output, sources map[string]*source.Source) (*source.Source, error) {
	files := map[string]*artifact.Files{}
	for alias, s := range sources {
		files[alias] = c.filesOf(s)
	}
	t, err := artifact.Assemble(c.Tree, files, o.Copies)
	if err == nil {
		return c.source.Artifact(t), nil
	}
	p := build.Problem{Reason: build.Malformed}
	var failed *artifact.Error
	if errors.As(err, &failed) {
		p.Position, _ = o.generator.Locate(fmt.Sprintf("spec.artifacts[%d].copy[%d].from", o.index, failed.Copy))
	}
	switch {
	case errors.Is(err, artifact.ErrMissing):
		p.Reason = build.Missing
	case errors.Is(err, artifact.ErrUnsupported), !errors.Is(err, artifact.ErrInvalid):
		p.Reason = build.Unreadable
	}
	p.Message = fmt.Sprintf("the artifact %s can't be assembled: %v", o.Name, err)
	return nil, &build.Error{Problems: []build.Problem{p}}
}

// guessOrigin is the repository of which external artifacts are assembled that Kustomizations have as
// their sources, if the tree is that repository: it has a directory that they copy.
func (c *Cluster) guessOrigin(starts []*Object) object.Ref {
	for _, start := range starts {
		ref := SourceOf(start.Unstructured)
		o, ok := c.output(ref)
		if !c.found.opts.Artifacts || ref.GroupKind() != object.ExternalArtifactKind || !ok {
			continue
		}
		refs := sourceRefs(o.generator.Unstructured)
		for _, operation := range o.Copies {
			repository := refs[artifact.Alias(operation.From)]
			if repository.GroupKind() == object.GitRepositoryKind && has(c.Tree, operation.From) {
				return repository
			}
		}
	}
	return object.Ref{}
}

// has reports whether a tree has the directory or file before the pattern of an operation.
func has(t *tree.Tree, from string) bool {
	_, pattern, _ := strings.Cut(from, "/")
	parts := strings.Split(pattern, "/")
	if i := slices.IndexFunc(parts, func(part string) bool { return strings.ContainsAny(part, "*?[]") }); i >= 0 {
		parts = parts[:i]
	}
	dir := path.Join(parts...)
	return dir != "" && t.Exists(dir)
}
