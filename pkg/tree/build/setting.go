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
}

// addDocument adds a resource. A list has its objects in items.
func (c *checker) addDocument(d *tree.Document, s setting) {
	o := &origin{
		document: d, file: d.File, kustomizations: s.files,
		kind: object.Text(d.Object, "kind"), name: s.prefix + object.Text(d.Object, "metadata", "name") + s.suffix,
		namespace: s.namespace,
	}
	if o.namespace == "" {
		o.namespace = object.Text(d.Object, "metadata", "namespace")
	}
	c.origins = append(c.origins, o)
}

// addGenerators adds the generators of a kustomization.
func (c *checker) addGenerators(file string, k *types.Kustomization, s setting) {
	add := func(kind string, args types.GeneratorArgs) {
		o := &origin{kind: kind, name: s.prefix + args.Name + s.suffix, namespace: s.namespace, file: file, kustomizations: s.files}
		if o.namespace == "" {
			o.namespace = args.Namespace
		}
		c.origins = append(c.origins, o)
	}
	for _, g := range k.ConfigMapGenerator {
		add(object.ConfigMapKind.Kind, g.GeneratorArgs)
	}
	for _, g := range k.SecretGenerator {
		add(object.SecretKind.Kind, g.GeneratorArgs)
	}
}

// originOf is the origin that fits an object best. It is nil if none has its kind.
func originOf(origins []*origin, obj *unstructured.Unstructured) *origin {
	var best *origin
	least := 0
	for _, o := range origins {
		if points := o.fits(obj); points > least {
			best, least = o, points
		}
	}
	return best
}

// fits rates how well an origin fits an object: 0 if it can't be that of the object.
func (o *origin) fits(obj *unstructured.Unstructured) int {
	if o.kind != obj.GetKind() {
		if strings.HasSuffix(o.kind, "List") {
			return 1
		}
		return 0
	}
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
