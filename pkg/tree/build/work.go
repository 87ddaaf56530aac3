package build

import (
	"bytes"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// maxWork is the work of all builds of a tree together, in steps of about a microsecond. It is
// counted before kustomize runs, and not measured, so that a tree has the same result on each
// machine. A tree of Korthweb's layout with 200 tenants takes a tenth of it.
const maxWork = 50_000_000

// errTooMuchWork is the problem of a Kustomization that is not built because of maxWork.
const errTooMuchWork = "the tree is too large: the files, objects and patches of all Kustomizations together exceed what is built"

// The steps of parts of a build.
const (
	// stepsBuild and stepsDirectory are those of a build, and of each kustomization in it.
	stepsBuild, stepsDirectory = 2000, 1000
	// stepsReference is that of a path in a kustomization.
	stepsReference = 20
	// stepsObject is that of an object when it is read, and each time it is changed.
	stepsObject = 50
	// stepsFile is that of a file of the tree when the files that a source ignores are found.
	stepsFile = 5
	// stepsSchemas is that of a build that replaces kustomize's schemas.
	stepsSchemas = 200_000
	// bytesRead and bytesChanged are the bytes of a file that take one step when it is read, and
	// each time its objects are changed.
	bytesRead, bytesChanged = 5, 20
	// bytesApplied are the bytes of a kustomization that take one step for each object.
	bytesApplied = 50
)

// spend adds to the work of the tree's builds, and reports whether it is within the limit.
func (s *Source) spend(steps int) bool {
	return s.work.Add(int64(min(steps, maxWork+1))) <= maxWork
}

// spent reports whether the work of the tree's builds has reached the limit.
func (s *Source) spent() bool { return s.work.Load() > maxWork }

// spend adds work, and reports once for a build that there is too much of it. It returns whether
// there is not.
func (c *checker) spend(at tree.Position, steps int) bool {
	if c.exceeded {
		return false
	}
	if !c.files.source.spend(steps) {
		c.exceeded = true
		c.add(at, TooLarge, errTooMuchWork)
	}
	return !c.exceeded
}

// level is the part of a build that a kustomization changes.
type level struct {
	// objects and bytes are how much was read before it.
	objects, bytes int
	// settings are the bytes of the kustomization and the patches that it names.
	settings int
	// fields are the fields of objects that its configurations name.
	fields int
}

// read adds a file that a kustomization names.
func (c *checker) read(r use, data []byte) {
	here := &c.levels[len(c.levels)-1]
	switch r.field {
	case "resources", "bases":
		c.bytes += len(data)
	case "configurations", "crds":
		for _, word := range []string{"path", "kind", "x-kubernetes-"} {
			here.fields += bytes.Count(data, []byte(word))
		}
	default:
		here.settings += len(data)
	}
	c.spend(tree.Position{File: r.from.file}, len(data)/bytesRead)
}

// enter begins a kustomization, whose file has a size. A component changes all objects of the
// kustomization that uses it.
func (c *checker) enter(k *types.Kustomization, size int) {
	here := level{objects: c.objects, bytes: c.bytes, settings: size}
	if k.Kind == types.ComponentKind && len(c.levels) > 0 {
		outer := c.levels[len(c.levels)-1]
		here.objects, here.bytes = outer.objects, outer.bytes
	}
	c.levels = append(c.levels, here)
}

// leave ends a kustomization, and adds what kustomize does with its objects: it compares each with
// all others, passes all to each setting, and compares the fields of configurations.
func (c *checker) leave(at tree.Position, k *types.Kustomization) {
	here := c.levels[len(c.levels)-1]
	c.levels = c.levels[:len(c.levels)-1]
	objects, size := c.objects-here.objects, c.bytes-here.bytes
	c.fields += here.fields
	c.spend(at, objects*objects+passes(k)*(objects*stepsObject+size/bytesChanged)+
		objects*here.settings/bytesApplied+c.fields*(objects+c.fields/10))
}

// passes is how often kustomize goes through the objects of a kustomization.
func passes(k *types.Kustomization) int {
	n := 1 + len(k.Patches) + len(k.PatchesStrategicMerge) + len(k.PatchesJson6902) + //nolint:staticcheck // deprecated, and still used
		len(k.Images) + len(k.Replicas) + len(k.Labels) + len(k.Vars) + len(k.CommonLabels) + len(k.CommonAnnotations) + //nolint:staticcheck // deprecated, and still used
		len(k.Transformers) + len(k.Validators)
	for _, p := range k.Patches {
		n += strings.Count(p.Patch, "\n---")
	}
	for _, r := range k.Replacements {
		n += 1 + len(r.Targets)
	}
	return n
}

// objectsIn is how many objects a document has: a list has those in items.
func objectsIn(content map[string]any) int {
	if !strings.HasSuffix(object.Text(content, "kind"), "List") {
		return 1
	}
	n := 0
	for _, item := range object.List(content, "items") {
		n += objectsIn(item)
	}
	return max(1, n)
}
