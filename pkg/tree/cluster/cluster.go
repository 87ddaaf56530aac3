// Package cluster finds what Flux applies from a tree: it starts with the Kustomizations that
// bootstrapping created, builds them, and continues with the Kustomizations that they apply.
package cluster

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
)

// Cluster is what Flux applies from one entry point of a tree. A tree can have several, for
// example one for staging and one for production.
type Cluster struct {
	Tree *tree.Tree
	// Entry is the directory of the first Kustomization.
	Entry string
	// FluxVersion is that of the FluxInstance at which the cluster begins, such as "2.7", or "".
	FluxVersion string
	// Kustomizations are in the order in which they are reached.
	Kustomizations []*Kustomization
	// Objects are all objects that the Kustomizations apply. An object that two of them apply is
	// in it twice.
	Objects []*Object

	source *build.Source
	// origin is the source of the first Kustomization: it contains the tree.
	origin object.Ref
	byKey  map[object.Key]*Kustomization
	// raw are the documents of Flux's sources in the tree that nothing applies.
	raw map[object.Key]*Object
	// found are the objects of all Kustomizations that were built, nil if they are not indexed.
	found map[object.Key]*Object
	// rendered are Kustomizations whose variables were not replaced yet.
	rendered map[*unstructured.Unstructured]rendering
	// lookup finds variables that the tree does not have; it may be nil.
	lookup Lookup
}

// Kustomization is a Kustomization of Flux and what it applies.
type Kustomization struct {
	*Object
	// Built is nil if it was not built.
	Built *build.Result
	// Err is why it could not be built: a *build.Error, or nil.
	Err error
	// OtherSource is the source that contains its files, if that is not the tree.
	OtherSource string
	// Standalone: it is not a Kustomization of Flux, but a directory with a kustomization in a
	// tree that has none of Flux.
	Standalone bool
	// unresolved: variables of substituteFrom are not known. known is how many are.
	unresolved bool
	known      int
}

// Declared reports whether the tree has the Kustomization: it is neither that which
// flux-operator creates for a FluxInstance, nor a directory.
func (k *Kustomization) Declared() bool { return !k.Standalone && !isSync(k.Object) }

// Object is an object, and what applies it.
type Object struct {
	*build.Object
	// By is the Kustomization that applies it, nil if no Kustomization of the tree does.
	By *Kustomization
	// Release is the HelmRelease whose chart contains it, or nil.
	Release *Object
	// ref is the name of an object that does not change.
	ref object.Ref
}

// Ref names the object.
func (o *Object) Ref() object.Ref {
	if o.ref.Kind != "" {
		return o.ref
	}
	return object.RefOf(o.Unstructured)
}

// Incomplete reports whether variables of spec.postBuild have no known value: they remain in the
// built objects as ${name}.
func (k *Kustomization) Incomplete() bool { return k.unresolved }

// Lookup finds the values of a ConfigMap or Secret of spec.postBuild that the tree does not have.
// Known is false if it can't be determined whether the object exists.
type Lookup func(ref object.Ref) (values map[string]string, exists, known bool)

// Discover finds the clusters of a tree, in the order of their entries.
func Discover(ctx context.Context, t *tree.Tree) ([]*Cluster, error) {
	return DiscoverWith(ctx, t, Options{})
}

// Options is what is known of the cluster that applies a tree.
type Options struct {
	// Lookup finds variables; it may be nil.
	Lookup Lookup
	// Origin is the source that contains the tree; without a name it is guessed.
	Origin object.Ref
}

// DiscoverWith is Discover with what is known of the cluster.
func DiscoverWith(ctx context.Context, t *tree.Tree, opts Options) ([]*Cluster, error) {
	found, err := scan(ctx, t)
	if err != nil {
		return nil, err
	}
	found.opts = opts
	if len(found.kustomizations) == 0 {
		c, err := found.standalone(ctx)
		return []*Cluster{c}, err
	}
	var clusters []*Cluster
	reached := map[*tree.Document]bool{}
	for _, start := range found.entries() {
		if reached[start.Document()] && !isSync(start) {
			continue // another entry applies it: it has its files in another source
		}
		if len(clusters) == maxClusters {
			return nil, errManyClusters
		}
		c, err := found.follow(ctx, []*Object{start})
		if err != nil {
			return nil, err
		}
		c.markReached(reached)
		clusters = append(clusters, c)
	}
	for _, group := range found.byDirectory() {
		group = slices.DeleteFunc(group, func(o *Object) bool { return reached[o.Document()] })
		if len(group) == 0 {
			continue
		}
		if len(clusters) == maxClusters {
			return nil, errManyClusters
		}
		c, err := found.follow(ctx, group)
		if err != nil {
			return nil, err
		}
		c.markReached(reached)
		clusters = append(clusters, c)
	}
	return clusters, nil
}

// follow builds Kustomizations, and those that they apply.
func (f *scanned) follow(ctx context.Context, starts []*Object) (*Cluster, error) {
	c := &Cluster{
		Tree: f.tree, Entry: path.Dir(starts[0].File()), byKey: map[object.Key]*Kustomization{}, raw: f.sources,
		rendered: map[*unstructured.Unstructured]rendering{}, origin: SourceOf(starts[0].Unstructured), lookup: f.opts.Lookup,
	}
	c.source = f.sourceWith(c.ignoreOf(c.origin))
	if !isSync(starts[0]) && c.origin.Key() != f.opts.Origin.Key() && !f.mayBeTree(starts) {
		c.origin = object.Ref{}
	}
	for _, start := range starts {
		c.add(start)
		if isSync(start) {
			c.FluxVersion = fluxVersion(start)
		}
	}
	if c.source == f.plain {
		c.rendered = f.rendered
	}
	for next, rounds := 0, 0; ; rounds++ {
		for next < len(c.Kustomizations) {
			known := c.Kustomizations[next:]
			if err := c.render(ctx, known); err != nil {
				return nil, err
			}
			for _, k := range known {
				c.build(k)
			}
			next += len(known)
		}
		if rounds == maxRounds || !c.resolve() {
			c.collect()
			return c, nil
		}
	}
}

// maxClusters is the number of clusters of a tree. A Kustomization that no other applies is one, if
// what applies it could not be built.
const maxClusters = 2000

var errManyClusters = fmt.Errorf("%w: the tree has more than %d clusters", tree.ErrTooLarge, maxClusters)

// maxRounds is how often Kustomizations are built again because variables became known.
const maxRounds = 3

// add adds a Kustomization, unless there is one of the same name.
func (c *Cluster) add(o *Object) {
	key := o.Ref().Key()
	if c.byKey[key] == nil {
		k := &Kustomization{Object: o}
		c.byKey[key] = k
		c.Kustomizations = append(c.Kustomizations, k)
	}
}

// build builds a Kustomization, and adds those that it applies.
func (c *Cluster) build(k *Kustomization) {
	if reason := c.otherSource(k); reason != "" {
		k.OtherSource = reason
		return
	}
	variables := c.variables(k)
	if variables != nil {
		k.unresolved, k.known = variables.Incomplete, len(variables.Values)
	}
	k.Built, k.Err = c.substitute(k, variables)
	if k.Err != nil {
		return
	}
	defer c.index(k)
	for _, o := range k.Built.Objects {
		if isKustomization(o.Unstructured) {
			child := &Object{Object: o, By: k}
			if o.GetNamespace() == "" {
				o.SetNamespace(k.GetNamespace())
			}
			if known := c.byKey[child.Ref().Key()]; known != nil && known.By == nil && known != k {
				known.Object = child
				continue
			}
			c.add(child)
		}
	}
}

// rendering is a Kustomization whose variables were not replaced yet, or why there is none.
type rendering struct {
	result *build.Rendered
	err    error
}

// render builds Kustomizations, except for their variables, which those before them can define.
func (c *Cluster) render(ctx context.Context, known []*Kustomization) error {
	var plans []*build.Plan
	var of []*Kustomization
	for _, k := range known {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, done := c.rendered[k.Unstructured]; done || c.otherSource(k) != "" {
			continue
		}
		p, err := build.Prepare(c.source, k.Unstructured, k.Object.Object)
		if err != nil {
			c.rendered[k.Unstructured] = rendering{err: err}
			continue
		}
		plans, of = append(plans, p), append(of, k)
	}
	results, errs := build.RenderAll(ctx, plans)
	for i, k := range of {
		c.rendered[k.Unstructured] = rendering{results[i], errs[i]}
	}
	return ctx.Err()
}

// substitute is what a Kustomization applies. It was rendered if its source and its own object
// were known before.
func (c *Cluster) substitute(k *Kustomization, variables *build.Variables) (*build.Result, error) {
	r, ok := c.rendered[k.Unstructured]
	if !ok {
		return build.Build(c.source, k.Unstructured, variables, k.Object.Object)
	}
	delete(c.rendered, k.Unstructured) // its objects become those of the result
	if r.err != nil {
		return nil, r.err
	}
	return r.result.Substitute(variables)
}

// resolve builds Kustomizations again whose variables are now known, and reports whether there
// were any.
func (c *Cluster) resolve() bool {
	c.collect()
	again := false
	for _, k := range c.Kustomizations {
		if !k.unresolved {
			continue
		}
		if now := c.variables(k); !now.Incomplete || len(now.Values) > k.known {
			c.build(k)
			c.found = nil // it had other objects
			again = true
		}
	}
	return again
}

// collect lists the objects of all Kustomizations.
func (c *Cluster) collect() {
	c.Objects = nil
	for _, k := range c.Kustomizations {
		if k.Built == nil {
			continue
		}
		for _, o := range k.Built.Objects {
			built := &Object{Object: o, By: k, ref: object.RefOf(o.Unstructured)}
			if k.Standalone {
				built.By = nil
			}
			c.Objects = append(c.Objects, built)
		}
	}
}

// otherSource is the name of the source that contains a Kustomization's files, "" for the tree.
func (c *Cluster) otherSource(k *Kustomization) string {
	ref := SourceOf(k.Unstructured)
	if ref.Key() == c.origin.Key() || c.sameRepository(ref) {
		return ""
	}
	return ref.String()
}

// mayBeTree reports whether the source of Kustomizations that no entry reaches is the tree: a
// Git repository in which the path of one of them exists.
func (f *scanned) mayBeTree(group []*Object) bool {
	return slices.ContainsFunc(group, func(k *Object) bool {
		dir, source := pathOf(k.Unstructured), SourceOf(k.Unstructured)
		return source.Kind == object.GitRepositoryKind.Kind && source.Key() == SourceOf(group[0].Unstructured).Key() &&
			dir != "." && f.tree.IsDir(dir)
	})
}

// sameRepository reports whether a source is the repository and revision of the tree.
func (c *Cluster) sameRepository(ref object.Ref) bool {
	mine, other := c.find(c.origin), c.find(ref)
	if mine == nil || other == nil || mine.GetKind() != other.GetKind() {
		return false
	}
	spec := func(o *Object, field string) string {
		value, _ := object.Quote(o.Unstructured.Object, "spec."+field)
		return strings.TrimSuffix(strings.TrimSuffix(value, "/"), ".git")
	}
	return spec(mine, "url") != "" && spec(mine, "url") == spec(other, "url") && spec(mine, "ref") == spec(other, "ref")
}

// HasSource reports whether a source exists: in the objects, in a file that nothing applies, or
// as the one that contains the tree.
func (c *Cluster) HasSource(ref object.Ref) bool {
	return ref.Key() == c.origin.Key() || c.find(ref) != nil
}

// find finds an object that a Kustomization applies, or a source that nothing applies.
func (c *Cluster) find(ref object.Ref) *Object {
	if c.found == nil {
		c.found = map[object.Key]*Object{}
		for _, k := range c.Kustomizations {
			c.index(k)
		}
	}
	if o := c.found[ref.Key()]; o != nil {
		return o
	}
	return c.raw[ref.Key()]
}

// index adds the objects of a Kustomization. If several apply an object, it is that of the first.
func (c *Cluster) index(k *Kustomization) {
	if k.Built == nil || c.found == nil {
		return
	}
	for _, o := range k.Built.Objects {
		if key := object.RefOf(o.Unstructured).Key(); c.found[key] == nil {
			c.found[key] = &Object{Object: o, By: k}
		}
	}
}

// Kustomization is the Kustomization of a name, nil if there is none.
func (c *Cluster) Kustomization(ref object.Ref) *Kustomization { return c.byKey[ref.Key()] }

// ignoreOf is spec.ignore of a source, nil if it has none.
func (c *Cluster) ignoreOf(ref object.Ref) *string {
	o := c.find(ref)
	if o == nil {
		return nil
	}
	if value, ok := object.Read(o.Unstructured.Object, "spec.ignore"); ok {
		if text, ok := value.(string); ok {
			return &text
		}
	}
	return nil
}

// markReached marks the documents of all Kustomizations.
func (c *Cluster) markReached(reached map[*tree.Document]bool) {
	for _, k := range c.Kustomizations {
		reached[k.Document()] = true
	}
}

func isKustomization(obj *unstructured.Unstructured) bool {
	return obj.GroupVersionKind().GroupKind() == object.KustomizationKind
}

// SourceOf is the source of a Kustomization.
func SourceOf(obj *unstructured.Unstructured) object.Ref {
	ref := object.Map(obj.Object, "spec", "sourceRef")
	namespace := object.Text(ref, "namespace")
	if namespace == "" {
		namespace = obj.GetNamespace()
	}
	return object.Ref{
		APIVersion: object.GitRepositoryKind.Group + "/v1", Kind: object.Text(ref, "kind"),
		Namespace: namespace, Name: object.Text(ref, "name"),
	}
}
