package origin

import (
	"errors"
	"path"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// kustomization is a kustomization file that may change an object.
type kustomization struct {
	doc   *tree.Document
	files *source.Files
	// file is its name.
	file string
}

// locate finds what sets a field of an object to a value.
func (k *kustomization) locate(o *Object, field, value string) (tree.Position, bool) {
	for _, list := range []string{"patches", "patchesStrategicMerge", "patchesJson6902"} {
		entries, _, found := tree.Find(k.doc.Node, list)
		if !found || entries.Kind != yaml.SequenceNode {
			continue
		}
		for _, entry := range entries.Content {
			if p, ok := k.inPatch(entry, o, field, value); ok {
				return p, true
			}
		}
	}
	return k.inSetting(o, field, value)
}

// inPatch finds a field in an entry of patches.
func (k *kustomization) inPatch(entry *yaml.Node, o *Object, field, value string) (tree.Position, bool) {
	patch, file := entry, entry
	if entry.Kind == yaml.MappingNode {
		if target, _, found := tree.Find(entry, "target"); found && !selects(target, o) {
			return tree.Position{}, false
		}
		patch, _, _ = tree.Find(entry, "patch")
		file, _, _ = tree.Find(entry, "path")
	}
	targeted := entry.Kind == yaml.MappingNode && has(entry, "target")
	if file.Kind == yaml.ScalarNode && !strings.ContainsAny(file.Value, "\n{") && (entry.Kind == yaml.ScalarNode || has(entry, "path")) {
		target := path.Join(path.Dir(k.file), file.Value)
		text, err := k.files.Read(target)
		if err != nil {
			return tree.Position{}, false
		}
		return inPatchText(target, string(text), nil, targeted, o, field, value)
	}
	if patch.Kind != yaml.ScalarNode {
		return tree.Position{}, false
	}
	return inPatchText(k.file, patch.Value, patch, targeted, o, field, value)
}

func has(entry *yaml.Node, field string) bool {
	_, _, found := tree.Find(entry, field)
	return found
}

// selects reports whether the target of a patch may select an object.
func selects(target *yaml.Node, o *Object) bool {
	kind, _, found := tree.Find(target, "kind")
	return !found || kind.Value == o.GetKind()
}

// inPatchText finds a field in the text of a patch, which is a file, or a scalar of one.
func inPatchText(file, text string, scalar *yaml.Node, targeted bool, o *Object, field, value string) (tree.Position, bool) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var root yaml.Node
		if decode(decoder, &root) != nil || len(root.Content) != 1 {
			return tree.Position{}, false
		}
		n, ok := inPatchNode(root.Content[0], targeted, o, field, value)
		if !ok {
			continue
		}
		if scalar == nil {
			return tree.Position{File: file, Line: n.Line, Column: n.Column}, true
		}
		return o.frame.files.Source.Tree.InText(file, scalar, n.Line, n.Column), true
	}
}

var errMalformed = errors.New("the text is not valid YAML")

func decode(decoder *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if recover() != nil {
			err = errMalformed
		}
	}()
	return decoder.Decode(into)
}

// inPatchNode finds a field in a strategic merge patch, or in the operations of a JSON patch.
func inPatchNode(n *yaml.Node, targeted bool, o *Object, field, value string) (*yaml.Node, bool) {
	if n.Kind == yaml.SequenceNode {
		for _, op := range n.Content {
			if found, ok := inOperation(op, o, field, value); ok {
				return found, true
			}
		}
		return nil, false
	}
	if kind, _, ok := tree.Find(n, "kind"); !targeted && (!ok || kind.Value != o.GetKind()) {
		return nil, false
	}
	if name, _, ok := tree.Find(n, "metadata.name"); !targeted && (!ok || !strings.Contains(o.GetName(), name.Value)) {
		return nil, false
	}
	found, _, ok := tree.Find(n, byName(o.Object, field))
	return found, ok && (found.Kind != yaml.ScalarNode || found.Value == value)
}

// byName is a path with the names of list entries in place of their indices, because a patch
// has only some of the entries.
func byName(obj map[string]any, field string) string {
	var named, full strings.Builder
	for rest := field; rest != ""; {
		start := strings.IndexByte(rest, '[')
		end := strings.IndexByte(rest, ']')
		if start < 0 || end < start {
			named.WriteString(rest)
			break
		}
		named.WriteString(rest[:start])
		full.WriteString(rest[:end+1])
		entry, _ := object.Read(obj, full.String())
		if m, ok := entry.(map[string]any); ok && object.Text(m, "name") != "" {
			named.WriteString("[" + object.Text(m, "name") + "]")
		} else {
			named.WriteString(rest[start : end+1])
		}
		rest = rest[end+1:]
	}
	return named.String()
}

// inOperation finds a field in an operation of a JSON patch (RFC 6902).
func inOperation(op *yaml.Node, o *Object, field, value string) (*yaml.Node, bool) {
	pointer, _, ok := tree.Find(op, "path")
	set, _, hasValue := tree.Find(op, "value")
	if !ok || !hasValue {
		return nil, false
	}
	steps, _ := object.Steps(field)
	parts := strings.Split(strings.TrimPrefix(pointer.Value, "/"), "/")
	if len(parts) > len(steps) {
		return nil, false
	}
	for i, part := range parts {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		_, err := strconv.Atoi(part)
		if part != steps[i] && part != "-" && err != nil {
			return nil, false
		}
	}
	if len(parts) == len(steps) {
		return set, set.Kind != yaml.ScalarNode || set.Value == value
	}
	found, _, ok := tree.Find(set, strings.Join(quoted(steps[len(parts):]), ""))
	return found, ok && (found.Kind != yaml.ScalarNode || found.Value == value)
}

// quoted are the steps of a path in brackets.
func quoted(steps []string) []string {
	var parts []string
	for _, step := range steps {
		parts = append(parts, "["+step+"]")
	}
	return parts
}

// inSetting finds a field that a setting of the kustomization sets: its namespace, an image, a
// number of replicas.
func (k *kustomization) inSetting(o *Object, field, value string) (tree.Position, bool) {
	switch {
	case field == "metadata.namespace":
		return k.field("namespace", value)
	case field == "metadata.name":
		for _, affix := range []string{"namePrefix", "nameSuffix"} {
			n, _, found := tree.Find(k.doc.Node, affix)
			if found && strings.Contains(value, n.Value) {
				return k.at(n), true
			}
		}
	case strings.HasSuffix(field, "image"):
		return k.entry("images", value, "digest", "newTag", "newName")
	case field == "spec.replicas":
		return k.entry("replicas", o.GetName(), "count")
	}
	return tree.Position{}, false
}

func (k *kustomization) at(n *yaml.Node) tree.Position {
	return tree.Position{File: k.file, Line: n.Line, Column: n.Column}
}

// field finds a field with a value.
func (k *kustomization) field(name, value string) (tree.Position, bool) {
	n, _, found := tree.Find(k.doc.Node, name)
	if !found || n.Value != value {
		return tree.Position{}, false
	}
	return k.at(n), true
}

// entry finds the entry of a list that sets a value, and in it the first of some fields.
func (k *kustomization) entry(list, value string, fields ...string) (tree.Position, bool) {
	entries, _, found := tree.Find(k.doc.Node, list)
	if !found || entries.Kind != yaml.SequenceNode {
		return tree.Position{}, false
	}
	for _, entry := range entries.Content {
		name, _, ok := tree.Find(entry, "name")
		newName, _, renamed := tree.Find(entry, "newName")
		if !ok || !strings.Contains(value, name.Value) && (!renamed || !strings.Contains(value, newName.Value)) {
			continue
		}
		for _, field := range fields {
			if n, _, ok := tree.Find(entry, field); ok {
				return k.at(n), true
			}
		}
	}
	return tree.Position{}, false
}
