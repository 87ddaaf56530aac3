package build

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// The steps of parts of a build.
const (
	// stepsBuild and stepsDirectory are those of a build, and of each kustomization in it.
	stepsBuild, stepsDirectory = 500, 1000
	// stepsReference is that of a path in a kustomization.
	stepsReference = 20
	// stepsObject is that of an object when it is read, and each time all objects are changed.
	stepsObject = 100
	// stepsReferrer is that of an object with a pod for each other that it can refer to.
	stepsReferrer = 5
	// stepsPatch is that of an object to which a patch is applied, besides its bytes.
	stepsPatch = 150
	// stepsSchemas is that of a build that replaces kustomize's schemas.
	stepsSchemas = 100_000
	// pairsCompared are the pairs of objects that are compared in a step.
	pairsCompared = 2
	// bytesRead and bytesChanged are the bytes that take one step when a file is read and its
	// objects are checked, and when all objects are changed; bytesPatched and bytesAdded those of
	// an object to which a patch is applied, and of the patch.
	bytesRead, bytesChanged, bytesPatched, bytesAdded = 2, 20, 2, 3
)

// spend adds work, and reports once for a build that there is too much of it. It returns whether
// there is not.
func (c *checker) spend(at tree.Position, steps int) bool {
	if c.exceeded {
		return false
	}
	if err := c.files.Source.Work.Spend(steps); err != nil {
		c.exceeded = true
		c.add(at, TooLarge, "%v", err)
	}
	return !c.exceeded
}

// level is a kustomization that is being followed.
type level struct {
	// sized is how many entries of checker.sized were there before it.
	sized int
	// patches are the sizes of the files with patches, by the paths that name them.
	patches map[string]int
	// fields are the fields of objects that its configurations name.
	fields int
}

// size is how many objects of a kind there are, and how large. Without a kind, it is for all.
type size struct {
	kind           string
	objects, bytes int
}

func (s *size) add(more size) {
	s.objects += more.objects
	s.bytes += more.bytes
}

// read adds a file that a kustomization names.
func (c *checker) read(r use, data []byte) {
	here := &c.levels[len(c.levels)-1]
	switch r.field {
	case "resources", "bases":
	case "configurations", "crds":
		for _, word := range []string{"path", "kind", "x-kubernetes-"} {
			here.fields += bytes.Count(data, []byte(word))
		}
	case "patches", "patchesStrategicMerge":
		here.patches[r.path] = len(data)
	default: // what is generated, or passes all objects
		c.sized = append(c.sized, size{bytes: len(data)})
	}
	c.spend(tree.Position{File: r.from.file}, len(data)/bytesRead)
}

// enter begins a kustomization. A component changes all objects of the kustomization that uses it.
func (c *checker) enter(k *types.Kustomization) {
	here := level{sized: len(c.sized), patches: map[string]int{}}
	if k.Kind == types.ComponentKind && len(c.levels) > 0 {
		here.sized = c.levels[len(c.levels)-1].sized
	}
	c.levels = append(c.levels, here)
}

// leave ends a kustomization, and adds what kustomize does with its objects: it compares each with
// all others, passes all to each setting, and applies patches.
func (c *checker) leave(at tree.Position, k *types.Kustomization) {
	here := c.levels[len(c.levels)-1]
	c.levels = c.levels[:len(c.levels)-1]
	var all size
	kinds := map[string]*size{}
	for _, s := range c.sized[here.sized:] {
		all.add(s)
		if kinds[s.kind] == nil {
			kinds[s.kind] = &size{}
		}
		kinds[s.kind].add(s)
	}
	c.fields += here.fields
	c.spend(at, all.objects*all.objects/pairsCompared+passes(k)*(all.objects*stepsObject+all.bytes/bytesChanged)+c.fields*(all.objects+c.fields/10))
	added := textOf(k.CommonLabels) + textOf(k.CommonAnnotations) //nolint:staticcheck // deprecated, and still used
	for _, label := range k.Labels {
		added += textOf(label.Pairs)
	}
	c.spend(at, all.objects*added/bytesAdded)
	all.add(size{bytes: all.objects * added})
	c.sized = append(c.sized, size{bytes: all.objects * added})
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) { //nolint:staticcheck // deprecated, and still used
		c.patch(at, p.Target, len(p.Patch)+here.patches[p.Path], &all, kinds)
	}
	for _, p := range k.PatchesStrategicMerge { //nolint:staticcheck // deprecated, and still used
		c.patch(at, nil, len(p)+here.patches[string(p)], &all, kinds)
	}
}

// textOf is the size of a map's texts.
func textOf(texts map[string]string) int {
	sum := 0
	for key, value := range texts {
		sum += len(key) + len(value)
	}
	return sum
}

// patch adds what a patch of a size takes: each object that it may select is encoded, changed and
// decoded, and can grow by the patch. A patch without a target is for the objects that it names.
func (c *checker) patch(at tree.Position, target *types.Selector, length int, all *size, kinds map[string]*size) {
	selected := *all
	switch {
	case target == nil:
		selected.objects = min(all.objects, 1+length/smallestPatch)
	case isKind.MatchString(target.Kind):
		selected = size{}
		for _, kind := range []string{target.Kind, ""} {
			if kinds[kind] != nil {
				selected.add(*kinds[kind])
			}
		}
	}
	c.spend(at, all.objects+selected.objects*(stepsPatch+length/bytesAdded)+selected.bytes/bytesPatched)
	grown := size{bytes: selected.objects * length}
	all.add(grown)
	if kinds[""] == nil {
		kinds[""] = &size{}
	}
	kinds[""].add(grown)
	c.sized = append(c.sized, grown)
}

// isKind matches a kind. Others in a target are regular expressions.
var isKind = regexp.MustCompile(`^[A-Za-z]+$`)

// smallestPatch is the length of a patch that names one object.
const smallestPatch = 40

// passes is how often kustomize goes through the objects of a kustomization, besides patches.
func passes(k *types.Kustomization) int {
	n := 1 + len(k.Images) + len(k.Replicas) + len(k.Vars) + len(k.CommonLabels) + len(k.CommonAnnotations) + //nolint:staticcheck // deprecated, and still used
		len(k.Transformers) + len(k.Validators)
	for _, label := range k.Labels {
		n += 1 + len(label.Pairs)
	}
	for _, r := range k.Replacements {
		n += 1 + len(r.Targets)
	}
	return n
}

// referrers are the kinds with a pod, whose names of ConfigMaps, Secrets and others kustomize
// compares with those of all objects.
var referrers = []string{"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"}

// measure adds the objects of a document in a file.
func (c *checker) measure(file string, d *tree.Document) {
	s := size{kind: object.Text(d.Object, "kind"), objects: objectsIn(d.Object), bytes: sizeOf(c.files.Source, d)}
	if strings.HasSuffix(s.kind, "List") {
		s.kind = ""
	}
	if s.kind == "" || slices.Contains(referrers, s.kind) {
		c.referrers += s.objects
	}
	c.sized = append(c.sized, s)
	c.count(d.Start().In(file), s.objects)
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

// documentSize is the key of a document's size.
type documentSize struct{ *tree.Document }

// sizeOf is about the size of a document, in bytes.
func sizeOf(s *source.Source, d *tree.Document) int {
	return source.Cached(s, documentSize{d}, func() int { return textIn(d.Node) })
}

// textIn is the size of a node that is written as YAML.
func textIn(n *yaml.Node) int {
	sum := len(n.Value) + 4
	for _, child := range n.Content {
		sum += textIn(child)
	}
	return sum
}
