package build

import (
	"slices"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
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

// maxObjects is the number of resources of a build, whose time grows with the square of it. Flux
// lists all objects in the status of the Kustomization, which has room for some 10,000.
const maxObjects = 2000

// addDocument adds a resource of a file. A list has its objects in items.
func (c *checker) addDocument(file string, d *tree.Document, s setting) {
	o := &origin.Origin{
		Document: d, File: file, Kustomizations: s.files,
		Kind: object.Text(d.Object, "kind"), Name: s.prefix + object.Text(d.Object, "metadata", "name") + s.suffix,
		Namespace: s.namespace,
	}
	if o.Namespace == "" {
		o.Namespace = object.Text(d.Object, "metadata", "namespace")
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
		o := &origin.Origin{Kind: kind, Name: s.prefix + args.Name + s.suffix, Namespace: s.namespace, File: file, Kustomizations: s.files}
		if o.Namespace == "" {
			o.Namespace = args.Namespace
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
