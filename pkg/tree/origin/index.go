package origin

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// Origin is where an object comes from. kustomize can annotate objects with their origin, but
// this takes as long as the rest of a build.
type Origin struct {
	// Document is the resource's, nil for a generator.
	Document *tree.Document
	// Kind, Name and Namespace are those that the object is expected to have. The name of a
	// generator has a hash after it.
	Kind, Name, Namespace string
	// File is the resource's file, or the kustomization file with the generator.
	File string
	// Kustomizations are the files that can change the object, the outermost first.
	Kustomizations []string
	// release is the HelmRelease whose chart renders the object, or nil.
	release *Object
}

// Index finds the origins of the objects of a build.
type Index struct {
	*frame
	byKind, byName map[string][]*Origin
}

// NewIndex is the index of the resources and generators of a build. Dir is the directory of spec.path,
// root are the kustomization files of the source, that of spec.path first, and flux finds fields of
// the Kustomization of Flux; it may be nil.
func NewIndex(files *source.Files, dir string, root []string, all []*Origin, flux Locator) *Index {
	i := &Index{frame: &frame{files: files, dir: dir, root: root, flux: flux}, byKind: map[string][]*Origin{}, byName: map[string][]*Origin{}}
	for _, o := range all {
		i.byKind[o.Kind] = append(i.byKind[o.Kind], o)
		i.byName[o.Kind+"/"+o.Name] = append(i.byName[o.Kind+"/"+o.Name], o)
	}
	return i
}

// Object is an object that kustomize built. Its content is changed: annotations get the origins that
// kustomize would write.
func (i *Index) Object(content map[string]any) *Object {
	i.restoreOrigins(content)
	o := &Object{Unstructured: &unstructured.Unstructured{Object: content}, frame: i.frame}
	if o.origin = i.of(o.Unstructured); o.origin == nil {
		o.origin = &Origin{File: i.root[0], Kustomizations: i.root}
	}
	return o
}

// of is the origin that fits an object best, nil if none has its kind or is a list.
func (i *Index) of(obj *unstructured.Unstructured) *Origin {
	candidates := i.byName[obj.GetKind()+"/"+obj.GetName()]
	if len(candidates) == 0 {
		candidates = i.byKind[obj.GetKind()]
	}
	if len(candidates) == 0 {
		candidates = slices.Concat(i.byKind["List"], i.byKind[obj.GetKind()+"List"])
	}
	var best *Origin
	most := 0
	for _, o := range candidates {
		if points := o.fits(obj); points > most {
			best, most = o, points
		}
	}
	return best
}

// fits rates how well an origin fits an object of its kind, or one in its list.
func (o *Origin) fits(obj *unstructured.Unstructured) int {
	points := 2
	switch {
	case o.Name == obj.GetName(), o.Document == nil && hashed(obj.GetName(), o.Name):
		points += 6
	case strings.Contains(o.Name, "${"), strings.Contains(obj.GetName(), strings.Trim(o.Name, "-")):
		points += 2
	}
	if o.Namespace == obj.GetNamespace() || obj.GetNamespace() == "" {
		points++
	}
	return points
}

// hashed reports whether a name is another with the hash that kustomize appends: ten characters.
func hashed(name, base string) bool {
	hash, ok := strings.CutPrefix(name, base+"-")
	return ok && len(hash) == 10
}
