package build

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// setting is what the kustomizations on the way to a resource do to its name and namespace.
type setting struct {
	prefix, suffix, namespace string
	// files are the kustomization files, the outermost first.
	files []string
}

// in is the setting for the resources of a kustomization that is used with a setting. The
// namespace of the outermost kustomization is the one that stays.
func (s setting) in(file string, k *types.Kustomization) setting {
	inner := setting{prefix: s.prefix + k.NamePrefix, suffix: k.NameSuffix + s.suffix, namespace: s.namespace, files: append(slices.Clone(s.files), file)}
	if inner.namespace == "" {
		inner.namespace = k.Namespace
	}
	return inner
}

// origin is where an object comes from. kustomize can annotate objects with their origin, but
// this takes as long as the rest of a build.
type origin struct {
	// document is the resource's, nil for a generator.
	document *tree.Document
	// kind, name and namespace are those that the object is expected to have. The name of a
	// generator has a hash after it.
	kind, name, namespace string
	// file is the resource's file, or the kustomization file with the generator.
	file string
	// kustomizations are the files that can change the object, the outermost first.
	kustomizations []string
	// release is the HelmRelease whose chart renders the object, or nil.
	release *Object
}

// maxObjects is the number of resources of a build, whose time grows with the square of it. Flux
// lists all objects in the status of the Kustomization, which has room for some 10,000.
const maxObjects = 2000

// addDocument adds a resource of a file. A list has its objects in items.
func (c *checker) addDocument(file string, d *tree.Document, s setting) {
	o := &origin{
		document: d, file: file, kustomizations: s.files,
		kind: object.Text(d.Object, "kind"), name: s.prefix + object.Text(d.Object, "metadata", "name") + s.suffix,
		namespace: s.namespace,
	}
	if o.namespace == "" {
		o.namespace = object.Text(d.Object, "metadata", "namespace")
	}
	c.origins = append(c.origins, o)
	c.measure(file, d)
}

// count adds a number of objects to those of the build.
func (c *checker) count(at tree.Position, n int) {
	before := c.objects
	c.objects += n
	c.spend(at, n*stepsObject)
	if before <= maxObjects && c.objects > maxObjects {
		c.add(at, Unreadable, "the Kustomization has more than %d objects", maxObjects)
	}
}

// addGenerators adds the generators of a kustomization.
func (c *checker) addGenerators(file string, k *types.Kustomization, s setting) {
	add := func(kind string, args types.GeneratorArgs) {
		o := &origin{kind: kind, name: s.prefix + args.Name + s.suffix, namespace: s.namespace, file: file, kustomizations: s.files}
		if o.namespace == "" {
			o.namespace = args.Namespace
		}
		c.origins = append(c.origins, o)
		c.sized = append(c.sized, size{kind: kind, objects: 1})
		c.count(tree.Position{File: file}, 1)
	}
	for _, g := range k.ConfigMapGenerator {
		add(object.ConfigMapKind.Kind, g.GeneratorArgs)
	}
	for _, g := range k.SecretGenerator {
		add(object.SecretKind.Kind, g.GeneratorArgs)
	}
}

// origins are the resources and generators of a build.
type origins struct {
	byKind, byName map[string][]*origin
}

func indexOrigins(all []*origin) *origins {
	i := &origins{byKind: map[string][]*origin{}, byName: map[string][]*origin{}}
	for _, o := range all {
		i.byKind[o.kind] = append(i.byKind[o.kind], o)
		i.byName[o.kind+"/"+o.name] = append(i.byName[o.kind+"/"+o.name], o)
	}
	return i
}

// of is the origin that fits an object best, nil if none has its kind or is a list.
func (i *origins) of(obj *unstructured.Unstructured) *origin {
	candidates := i.byName[obj.GetKind()+"/"+obj.GetName()]
	if len(candidates) == 0 {
		candidates = i.byKind[obj.GetKind()]
	}
	if len(candidates) == 0 {
		candidates = slices.Concat(i.byKind["List"], i.byKind[obj.GetKind()+"List"])
	}
	var best *origin
	most := 0
	for _, o := range candidates {
		if points := o.fits(obj); points > most {
			best, most = o, points
		}
	}
	return best
}

// fits rates how well an origin fits an object of its kind, or one in its list.
func (o *origin) fits(obj *unstructured.Unstructured) int {
	points := 2
	switch {
	case o.name == obj.GetName(), o.document == nil && hashed(obj.GetName(), o.name):
		points += 6
	case strings.Contains(o.name, "${"), strings.Contains(obj.GetName(), strings.Trim(o.name, "-")):
		points += 2
	}
	if o.namespace == obj.GetNamespace() || obj.GetNamespace() == "" {
		points++
	}
	return points
}

// hashed reports whether a name is another with the hash that kustomize appends: ten characters.
func hashed(name, base string) bool {
	hash, ok := strings.CutPrefix(name, base+"-")
	return ok && len(hash) == 10
}
