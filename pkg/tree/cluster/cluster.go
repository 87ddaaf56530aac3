// Package cluster finds what Flux applies from a tree: it starts with the Kustomizations that
// bootstrapping created, builds them, and continues with the Kustomizations that they apply.
package cluster

import (
	"context"
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
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// Cluster is what Flux applies from one entry point of a tree. A tree can have several, for
// example one for staging and one for production.
type Cluster struct {
	Tree *tree.Tree
	// Entry is the directory of the first Kustomization.
	Entry string
	// Bootstrapped: it begins with what bootstrapping created. Otherwise its Kustomizations are those
	// of one directory.
	Bootstrapped bool
	// FluxVersion is that of the FluxInstance at which the cluster begins, such as "2.7", or "".
	FluxVersion string
	// Kustomizations are in the order in which they are reached.
	Kustomizations []*Kustomization
	// Unread are the errors of files that may have objects of Flux, or that nothing builds, if nothing
	// in the tree says where Flux begins. All are in the first cluster of a tree.
	Unread []*tree.ParseError
	// Objects are all objects that the Kustomizations apply. An object that two of them apply is
	// in it twice. Those of charts follow, if charts are rendered.
	Objects []*Object
	// Releases are the HelmReleases whose charts are in the tree, if charts are rendered.
	Releases []*Release

	found  *scanned
	source *source.Source
	// artifacts are the external artifacts that were assembled.
	artifacts map[outputKey]assembled
	// listed are the files of sources from which they are assembled.
	listed map[*source.Source]*artifact.Files
	// origin is the source of the first Kustomization: it contains the tree.
	origin object.Ref
	byKey  map[object.Key]*Kustomization
	// byRef are the objects of all Kustomizations that were built, nil if they are not indexed.
	byRef map[object.Key]*Object
	// rendered are Kustomizations whose variables were not replaced yet.
	rendered map[*unstructured.Unstructured]rendering
}

// Kustomization is a Kustomization of Flux and what it applies.
type Kustomization struct {
	*Object
	// Built is nil if it was not built.
	Built *build.Result
	// Err is why it could not be built: a *build.Error, or nil.
	Err error
	// OtherSource is the source that contains its files, if that is not the tree, or the cluster to
	// which it applies them.
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

// Problems are why the Kustomization could not be built.
func (k *Kustomization) Problems() []build.Problem {
	var failed *build.Error
	if errors.As(k.Err, &failed) {
		return failed.Problems
	}
	return nil
}

// Object is an object, and what applies it.
type Object struct {
	*origin.Object
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
	// Remote downloads the remote references of kustomizations; nil downloads none.
	Remote *remote.Fetcher
	// Charts renders the charts in the tree; without it, no chart is rendered.
	Charts *chart.Renderer
	// Kubernetes is the version for which charts are rendered, such as "1.36".
	Kubernetes string
	// Artifacts: also build the Kustomizations whose source is an external artifact that is
	// assembled from the tree. The paths of these are not those of the tree.
	Artifacts bool
	// OneCluster: do not build the Kustomizations that apply to another cluster, by spec.kubeConfig.
	OneCluster bool
}

// DiscoverWith is Discover with what is known of the cluster.
func DiscoverWith(ctx context.Context, t *tree.Tree, opts Options) ([]*Cluster, error) {
	found, err := scan(ctx, t, opts)
	if err != nil {
		return nil, err
	}
	clusters, err := found.clusters(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(clusters, func(c *Cluster) bool { return c.Bootstrapped }) && len(clusters) > 0 {
		clusters[0].Unread = found.unread
	}
	for _, c := range clusters {
		if err := c.renderCharts(ctx, opts); err != nil {
			return nil, err
		}
	}
	return clusters, nil
}

// clusters are those that begin at the entries, and those of the Kustomizations that none of them
// reaches.
func (f *scanned) clusters(ctx context.Context) ([]*Cluster, error) {
	if len(f.kustomizations) == 0 {
		c, err := f.standalone(ctx)
		return []*Cluster{c}, err
	}
	var clusters []*Cluster
	reached := map[*tree.Document]bool{}
	built := map[string]bool{} // the paths of Kustomizations
	for _, start := range f.entries() {
		if reached[start.Document()] && !isSync(start) {
			continue // another entry applies it: it has its files in another source
		}
		if len(clusters) == maxClusters {
			return nil, errManyClusters
		}
		c, err := f.follow(ctx, []*Object{start})
		if err != nil {
			return nil, err
		}
		c.Bootstrapped = true
		c.markReached(reached, built)
		clusters = append(clusters, c)
	}
	for _, group := range f.byDirectory() {
		group = slices.DeleteFunc(group, func(o *Object) bool { return reached[o.Document()] || len(clusters) > 0 && leftOut(o, built) })
		if len(group) == 0 {
			continue
		}
		if len(clusters) == maxClusters {
			return nil, errManyClusters
		}
		c, err := f.follow(ctx, group)
		if err != nil {
			return nil, err
		}
		c.markReached(reached, built)
		clusters = append(clusters, c)
	}
	return clusters, nil
}

// follow builds Kustomizations, and those that they apply.
func (f *scanned) follow(ctx context.Context, starts []*Object) (*Cluster, error) {
	c := &Cluster{
		Tree: f.tree, Entry: path.Dir(starts[0].File()), byKey: map[object.Key]*Kustomization{}, found: f,
		rendered: map[*unstructured.Unstructured]rendering{}, origin: SourceOf(starts[0].Unstructured),
		artifacts: map[outputKey]assembled{}, listed: map[*source.Source]*artifact.Files{},
	}
	if guess := c.guessOrigin(starts); guess.Name != "" {
		c.origin = guess
	} else if !isSync(starts[0]) && c.origin.Key() != f.opts.Origin.Key() && !f.mayBeTree(starts) {
		c.origin = object.Ref{}
	}
	c.source = f.sourceWith(c.ignoreOf(c.origin))
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
	var s *source.Source
	if s, k.OtherSource, k.Err = c.sourceOf(k); s == nil {
		k.Built = nil
		return
	}
	variables := c.variables(k)
	if variables != nil {
		k.unresolved, k.known = variables.Incomplete, len(variables.Values)
	}
	k.Built, k.Err = c.substitute(s, k, variables)
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
	source *source.Source
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
		s, _, err := c.sourceOf(k)
		if s == nil || err != nil || c.rendered[k.Unstructured].source == s {
			continue
		}
		p, err := build.Prepare(s, k.Unstructured, k.Object.Object)
		if err != nil {
			c.rendered[k.Unstructured] = rendering{source: s, err: err}
			continue
		}
		plans, of = append(plans, p), append(of, k)
		c.rendered[k.Unstructured] = rendering{source: s}
	}
	results, errs := build.RenderAll(ctx, plans)
	for i, k := range of {
		r := c.rendered[k.Unstructured]
		r.result, r.err = results[i], errs[i]
		c.rendered[k.Unstructured] = r
	}
	return ctx.Err()
}

// substitute is what a Kustomization applies. It was rendered if its source and its own object
// were known before.
func (c *Cluster) substitute(s *source.Source, k *Kustomization, variables *variable.Set) (*build.Result, error) {
	r, ok := c.rendered[k.Unstructured]
	if !ok || r.source != s {
		return build.Build(s, k.Unstructured, variables, k.Object.Object)
	}
	delete(c.rendered, k.Unstructured) // its objects become those of the result
	if r.err != nil {
		return nil, r.err
	}
	return r.result.Substitute(variables)
}

// resolve builds Kustomizations again whose variables or sources are now known, and reports whether there
// were any.
func (c *Cluster) resolve() bool {
	c.collect()
	again := false
	for _, k := range c.Kustomizations {
		if k.OtherSource != "" {
			if _, other, _ := c.sourceOf(k); other == "" { // its generator is now known
				c.build(k)
				again = true
			}
			continue
		}
		if !k.unresolved {
			continue
		}
		if now := c.variables(k); !now.Incomplete || len(now.Values) > k.known {
			c.build(k)
			c.byRef = nil // it had other objects
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
	if c.byRef == nil {
		c.byRef = map[object.Key]*Object{}
		for _, k := range c.Kustomizations {
			c.index(k)
		}
	}
	if o := c.byRef[ref.Key()]; o != nil {
		return o
	}
	return c.found.sources[ref.Key()]
}

// index adds the objects of a Kustomization. If several apply an object, it is that of the first.
func (c *Cluster) index(k *Kustomization) {
	if k.Built == nil || c.byRef == nil {
		return
	}
	for _, o := range k.Built.Objects {
		if key := object.RefOf(o.Unstructured).Key(); c.byRef[key] == nil {
			c.byRef[key] = &Object{Object: o, By: k}
		}
	}
}

// BuildRoot builds a Kustomization that applies the tree, but is not in it.
func (c *Cluster) BuildRoot(flux *unstructured.Unstructured) (*build.Result, error) {
	return build.Build(c.found.plain, flux, nil, nil)
}

// Refused are the hosts of the remote references that were not downloaded because their hosts are
// not allowed.
func (c *Cluster) Refused() []string {
	var hosts []string
	for _, k := range c.Kustomizations {
		var failed *build.Error
		if !errors.As(k.Err, &failed) {
			continue
		}
		for _, p := range failed.Problems {
			if p.Host != "" && !slices.Contains(hosts, p.Host) {
				hosts = append(hosts, p.Host)
			}
		}
	}
	return hosts
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

// markReached marks the documents of all Kustomizations, and the directories of the tree that they
// build.
func (c *Cluster) markReached(reached map[*tree.Document]bool, built map[string]bool) {
	for _, k := range c.Kustomizations {
		reached[k.Document()] = true
		if k.Built != nil && k.OtherSource == "" {
			built[pathOf(k.Unstructured)] = true
		}
	}
}

func isKustomization(obj *unstructured.Unstructured) bool {
	return obj.GroupVersionKind().GroupKind() == object.KustomizationKind
}

// SourceOf is the source of a Kustomization.
func SourceOf(obj *unstructured.Unstructured) object.Ref {
	return object.SourceRef(object.Map(obj.Object, "spec", "sourceRef"), obj.GetNamespace())
}
