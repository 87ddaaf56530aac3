package cluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// scanned are the documents of Flux in a tree, as the files have them.
type scanned struct {
	tree *tree.Tree
	// plain is the tree with the default ignore patterns.
	plain *source.Source
	// kustomizations, sources and generators are Flux's.
	kustomizations, generators []*Object
	sources                    map[object.Key]*Object
	opts                       Options
	// ignoring are the sources with a spec.ignore.
	ignoring map[string]*source.Source
	// unread are the errors of files.
	unread []*tree.ParseError
	// rendered are Kustomizations that were built from plain to find the entries.
	rendered map[*unstructured.Unstructured]rendering
}

// fluxInstance is the kind by which flux-operator bootstraps
// (controlplaneio-fluxcd/flux-operator, api/v1/fluxinstance_types.go).
const fluxInstance = "FluxInstance"

// scan finds the documents of Flux in the files of a tree.
func scan(ctx context.Context, t *tree.Tree, opts Options) (*scanned, error) {
	f := &scanned{
		tree: t, plain: source.New(t, nil, opts.Remote), opts: opts, sources: map[object.Key]*Object{},
		ignoring: map[string]*source.Source{}, rendered: map[*unstructured.Unstructured]rendering{},
	}
	for _, file := range t.Files(".") {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !tree.IsYAML(file) || f.plain.Ignored(file) || inChart(t, file) {
			continue
		}
		text, err := t.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte("fluxcd.")) {
			continue
		}
		documents, err := t.Documents(file)
		if errors.Is(err, tree.ErrTooMuch) {
			return nil, err
		}
		f.noteUnread(err)
		for _, d := range documents {
			f.add(origin.FromDocument(f.plain, d))
		}
	}
	return f, nil
}

// noteUnread notes the error of a file.
func (f *scanned) noteUnread(err error) {
	var failed *tree.ParseError
	if errors.As(err, &failed) && !slices.ContainsFunc(f.unread, func(known *tree.ParseError) bool { return known.File == failed.File }) {
		f.unread = append(f.unread, failed)
	}
}

func (f *scanned) add(o *origin.Object) {
	switch kind := o.GroupVersionKind().GroupKind(); {
	case kind == object.KustomizationKind:
		f.kustomizations = append(f.kustomizations, &Object{Object: o})
	case kind.Group == object.GitRepositoryKind.Group:
		if key := object.RefOf(o.Unstructured).Key(); f.sources[key] == nil {
			f.sources[key] = &Object{Object: o}
		}
	case kind == object.ArtifactGeneratorKind:
		f.generators = append(f.generators, &Object{Object: o})
	case kind.Kind == fluxInstance, kind == object.HelmReleaseKind:
		if sync := syncOf(o); sync != nil {
			f.kustomizations = append(f.kustomizations, sync)
		}
	}
}

// instanceOf is the spec of a FluxInstance, or of the one that the chart flux-instance creates from the
// values of a release (controlplaneio-fluxcd/charts, flux-instance 0.58, values.yaml).
func instanceOf(obj map[string]any) map[string]any {
	if object.Text(obj, "kind") == fluxInstance {
		return object.Map(obj, "spec")
	}
	instance := object.Map(obj, "spec", "values", "instance")
	if object.Text(instance, "sync", "kind") == "" || object.Text(instance, "sync", "url") == "" {
		return nil
	}
	return instance
}

// syncOf is the Kustomization that flux-operator creates for the sync of a FluxInstance.
func syncOf(o *origin.Object) *Object {
	sync := object.Map(instanceOf(o.Object), "sync")
	if sync == nil {
		return nil
	}
	namespace := cmp.Or(o.GetNamespace(), "flux-system")
	name := cmp.Or(object.Text(sync, "name"), namespace)
	k := *o
	k.Unstructured = &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": object.KustomizationKind.Group + "/v1",
		"kind":       object.KustomizationKind.Kind,
		"metadata":   map[string]any{"name": name, "namespace": namespace},
		"spec": map[string]any{
			"path":      object.Text(sync, "path"),
			"prune":     true,
			"sourceRef": map[string]any{"kind": object.Text(sync, "kind"), "name": name},
		},
	}}
	return &Object{Object: &k}
}

// inChart reports whether a file is in the templates of a Helm chart, which are not YAML.
func inChart(t *tree.Tree, file string) bool {
	for dir := range tree.Parents(file) {
		if path.Base(dir) == "templates" && t.Exists(path.Join(path.Dir(dir), "Chart.yaml")) {
			return true
		}
	}
	return false
}

// entries are the Kustomizations that apply themselves, as those of `flux bootstrap` do, and
// those of FluxInstances.
func (f *scanned) entries() []*Object {
	var entries []*Object
	for _, k := range f.kustomizations {
		dir := pathOf(k.Unstructured)
		if f.tree.IsDir(dir) && (isSync(k) || dir != "." && strings.HasPrefix(k.File(), dir+"/") && f.appliesItself(k)) {
			entries = append(entries, k)
		}
	}
	// The source of `flux bootstrap` is the repository itself, whatever others there are.
	slices.SortStableFunc(entries, func(a, b *Object) int {
		return cmp.Compare(fromBootstrap(b), fromBootstrap(a))
	})
	return entries
}

// fromBootstrap is 1 if a Kustomization has the source that `flux bootstrap` creates.
func fromBootstrap(k *Object) int {
	if SourceOf(k.Unstructured).Name == "flux-system" {
		return 1
	}
	return 0
}

// isSync reports whether flux-operator creates a Kustomization.
func isSync(k *Object) bool {
	d := k.Document()
	return d != nil && object.Text(d.Object, "kind") != object.KustomizationKind.Kind
}

// fluxVersion is the minor version of Flux that a FluxInstance installs: distribution.version
// is a version or a range such as "2.7.x". It is "" if there is no single one.
func fluxVersion(k *Object) string {
	text := object.Text(instanceOf(k.Document().Object), "distribution", "version")
	parts := strings.Split(strings.TrimPrefix(text, "v"), ".")
	if len(parts) < 2 || parts[0] != "2" || strings.Trim(parts[1], "0123456789") != "" {
		return ""
	}
	return parts[0] + "." + parts[1]
}

func (f *scanned) appliesItself(k *Object) bool {
	p, err := build.Prepare(f.plain, k.Unstructured, k.Object)
	if err != nil {
		return false
	}
	r, err := p.Render()
	if err != nil || !r.Has(k.Document()) {
		return false
	}
	f.rendered[k.Unstructured] = rendering{source: f.plain, result: r}
	return true
}

// byDirectory groups the Kustomizations by the directory of their file, those nearest to the
// root of the tree first: they usually apply the others. Hidden directories are the last. A patch,
// which has no source, is none.
func (f *scanned) byDirectory() [][]*Object {
	groups := map[string][]*Object{}
	for _, k := range f.kustomizations {
		if k.GetName() != "" && SourceOf(k.Unstructured).Name != "" {
			groups[path.Dir(k.File())] = append(groups[path.Dir(k.File())], k)
		}
	}
	order := slices.SortedFunc(maps.Keys(groups), func(a, b string) int {
		return cmp.Or(cmp.Compare(hidden(a), hidden(b)), cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), cmp.Compare(a, b))
	})
	var list [][]*Object
	for _, dir := range order {
		list = append(list, groups[dir])
	}
	return list
}

// hidden is 1 for a directory such as .archive/apps, whose files are usually not used.
func hidden(dir string) int {
	if strings.Contains("/"+dir, "/.") && dir != "." {
		return 1
	}
	return 0
}

// leftOut reports whether a Kustomization that no other applies is not used: it is in a hidden
// directory, or below one that another builds, whose kustomization files do not list it.
func leftOut(o *Object, built map[string]bool) bool {
	for dir := range tree.Parents(o.File()) {
		if built[dir] {
			return true
		}
	}
	return hidden(path.Dir(o.File())) == 1
}

// sourceWith is the tree as a source with spec.ignore stores it.
func (f *scanned) sourceWith(ignore *string) *source.Source {
	if ignore == nil {
		return f.plain
	}
	if f.ignoring[*ignore] == nil {
		f.ignoring[*ignore] = f.plain.With(ignore)
	}
	return f.ignoring[*ignore]
}

// pathOf is the directory in spec.path.
func pathOf(obj *unstructured.Unstructured) string {
	dir := strings.TrimPrefix(path.Clean("/"+object.Text(obj.Object, "spec", "path")), "/")
	if dir == "" {
		return "."
	}
	return dir
}

// variables are the values of spec.postBuild, nil if there are none.
func (c *Cluster) variables(k *Kustomization) *variable.Set {
	post := object.Map(k.Unstructured.Object, "spec", "postBuild")
	if post == nil {
		return nil
	}
	v := &variable.Set{Values: map[string]string{}, Always: object.Text(post, "substituteStrategy") == "Always"}
	for _, from := range object.List(post, "substituteFrom") {
		ref := object.Ref{APIVersion: "v1", Kind: object.Text(from, "kind"), Namespace: k.GetNamespace(), Name: object.Text(from, "name")}
		values, known := c.valuesOf(k, ref, object.Bool(from, "optional"))
		v.Incomplete = v.Incomplete || !known
		maps.Copy(v.Values, values)
	}
	for key, value := range object.Map(post, "substitute") {
		if text, ok := value.(string); ok {
			v.Values[key] = text
		}
	}
	return v
}

// valuesOf are the variables in a ConfigMap or Secret of substituteFrom. Those of a Secret in the
// tree are not known: it may be encrypted.
func (c *Cluster) valuesOf(k *Kustomization, ref object.Ref, optional bool) (values map[string]string, known bool) {
	o := c.find(ref)
	if o != nil && ref.Kind == object.ConfigMapKind.Kind {
		if o.By != nil && o.By.unresolved && o.By != k {
			return nil, false
		}
		values = map[string]string{}
		for key, value := range object.Map(o.Unstructured.Object, "data") {
			if text, ok := value.(string); ok {
				values[key] = text
			}
		}
		return values, true
	}
	if c.found.opts.Lookup == nil {
		return nil, false
	}
	values, exists, known := c.found.opts.Lookup(ref)
	return values, known && (exists || optional)
}
