// Package origin finds where an object of a build comes from: the file, and the lines of its fields.
package origin

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// Locator finds the line of a field. Sure is false if only the object that has the field was
// found.
type Locator interface {
	Locate(field string) (p tree.Position, sure bool)
}

// Object is an object that a Kustomization of Flux applies.
type Object struct {
	*unstructured.Unstructured
	origin *Origin
	frame  *frame
}

// frame is what the objects of a build share.
type frame struct {
	files *source.Files
	// dir is the directory of spec.path.
	dir string
	// root are the kustomization files of the source, that of spec.path first.
	root []string
	// flux is the Kustomization of Flux, or nil.
	flux Locator
}

// FromDocument is an object as a file of a source has it, which nothing in the tree builds.
func FromDocument(s *source.Source, d *tree.Document) *Object {
	return &Object{
		Unstructured: (&unstructured.Unstructured{Object: d.Object}).DeepCopy(),
		origin:       &Origin{Document: d, File: d.File},
		frame:        &frame{files: source.NewFiles(s)},
	}
}

// File is the path of the file that has the object, of the kustomization file that generates it or
// references it if it is remote, or of the template that renders it.
func (o *Object) File() string { return o.position(tree.Position{}).File }

// position is a position in the object's own file, or the reference to it if it is remote.
func (o *Object) position(p tree.Position) tree.Position {
	return o.frame.files.Position(p.In(o.origin.File))
}

// IsRemote reports whether the object is in what a remote reference names: its positions are
// that of the reference, and it can't be changed in the tree.
func (o *Object) IsRemote() bool { return o.frame.files.MountOf(o.origin.File) != nil }

// Document is the document that the object was built from, nil if it was generated, rendered, or is
// remote.
func (o *Object) Document() *tree.Document {
	if o.IsRemote() {
		return nil
	}
	return o.origin.Document
}

// Start is the position of the object.
func (o *Object) Start() tree.Position {
	if o.origin.release != nil {
		at, _ := o.locateRendered("metadata.name")
		return at
	}
	if d := o.origin.Document; d != nil {
		return o.position(d.Start())
	}
	if d := o.generator(); d != nil {
		return o.position(d.Start())
	}
	return o.position(tree.Position{})
}

// generator is the kustomization file that generates the object.
func (o *Object) generator() *tree.Document {
	documents, err := o.frame.files.Documents(o.origin.File)
	if err != nil || len(documents) == 0 {
		return nil
	}
	return documents[0]
}

// Locate is the position of a field, in the notation of object.Read: in the object's own file,
// or in the kustomization or patch that sets it. If the field does not exist, it is the
// position of the innermost one on its path that does. In what a remote reference names, it is
// the position of the reference.
func (o *Object) Locate(field string) (tree.Position, bool) {
	if o.origin.release != nil {
		return o.locateRendered(field)
	}
	value, exists := object.Quote(o.Object, field)
	own, inTree := o.origin.Document, !o.IsRemote()
	if own == nil {
		return o.position(o.locateGenerated()), exists && inTree
	}
	p, text, found := own.Find(field)
	p = o.position(p)
	if found && (text == value || strings.Contains(text, "${") || !isScalar(o.Object, field)) {
		return p, inTree
	}
	if exists {
		if changed, sure, ok := o.locateChange(field, value); ok {
			return changed, sure
		}
	}
	return p, found && !exists && inTree
}

// LineOf is the position of a text in the object's document, or that of the object.
func (o *Object) LineOf(text string) tree.Position {
	d := o.Document()
	if d == nil {
		return o.Start()
	}
	var found *yaml.Node
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if found == nil && n.Kind == yaml.ScalarNode && strings.Contains(n.Value, text) {
			found = n
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(d.Node)
	if found == nil {
		return o.Start()
	}
	before := found.Value[:strings.Index(found.Value, text)]
	if line := strings.Count(before, "\n"); found.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return o.position(o.frame.files.Source.Tree.InText(o.origin.File, found, line+1, len(before)-strings.LastIndex(before, "\n")))
	}
	return o.position(tree.Position{Line: found.Line, Column: found.Column})
}

func isScalar(obj map[string]any, field string) bool {
	value, _ := object.Read(obj, field)
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// locateGenerated is the entry of a configMapGenerator or secretGenerator.
func (o *Object) locateGenerated() tree.Position {
	d := o.generator()
	if d == nil {
		return tree.Position{}
	}
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		list, _, found := tree.Find(d.Node, field)
		if !found || list.Kind != yaml.SequenceNode {
			continue
		}
		for _, entry := range list.Content {
			if name, _, ok := tree.Find(entry, "name"); ok && strings.Contains(o.GetName(), name.Value) {
				return tree.Position{File: d.File, Line: name.Line, Column: name.Column}
			}
		}
	}
	return d.Start()
}

// locateChange finds what sets a field to a value: a patch or a setting of a kustomization file,
// the outermost first, or of the Kustomization of Flux. Sure is false if it is remote.
func (o *Object) locateChange(field, value string) (p tree.Position, sure, found bool) {
	files := o.frame.files
	for _, file := range o.origin.Kustomizations {
		documents, err := files.Documents(file)
		if err != nil || len(documents) == 0 {
			continue
		}
		k := &kustomization{doc: documents[0], files: files, file: file}
		if p, ok := k.locate(o, field, value); ok {
			return files.Position(p), files.MountOf(p.File) == nil, true
		}
	}
	if o.frame.flux == nil {
		return tree.Position{}, false, false
	}
	setting := "spec.patches"
	if known, ok := fluxSettings[field]; ok {
		setting = known
	} else if strings.HasSuffix(field, "image") {
		if p, ok := o.frame.flux.Locate("spec.images"); ok {
			return p, true, true
		}
	}
	p, found = o.frame.flux.Locate(setting)
	return p, true, found
}

// fluxSettings are the fields of a Kustomization of Flux that set fields of objects.
var fluxSettings = map[string]string{
	"metadata.namespace": "spec.targetNamespace",
	"metadata.name":      "spec.namePrefix",
}
