package secret

import (
	"encoding/base64"
	"maps"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// entry is an entry of a Secret or ConfigMap.
type entry struct {
	// field is its path: "data[orthanc.json]".
	field, key string
	// text is its content, decoded.
	text string
}

// entries are the entries of a Secret or ConfigMap, in the order of their keys.
func entries(o *cluster.Object) []entry {
	var all []entry
	for _, section := range []string{"data", "stringData"} {
		content := object.Map(o.Unstructured.Object, section)
		for _, key := range slices.Sorted(maps.Keys(content)) {
			text, ok := object.Quote(content, "["+key+"]")
			if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && section == "data" && o.GetKind() == object.SecretKind.Kind {
				text = string(decoded)
			}
			if ok {
				all = append(all, entry{field: rule.Field(section, key), key: key, text: text})
			}
		}
	}
	return all
}

// locate is the position of a place in an entry, an offset in bytes: in the manifest that has
// the entry, in the file that a generator reads, or in the generator's literal.
func (e entry) locate(c *rule.Context, o *cluster.Object, offset int) tree.Position {
	line := strings.Count(e.text[:offset], "\n") + 1
	column := offset - strings.LastIndex(e.text[:offset], "\n")
	if document := o.Document(); document != nil {
		if n, _, found := tree.Find(document.Node, e.field); found && n.Kind == yaml.ScalarNode && n.Value == e.text {
			return c.Tree.InText(document.File, n, line, column)
		}
	} else {
		for _, file := range kustomizations(o) {
			if at, ok := e.inGenerator(c.Tree, o, file, line, column); ok {
				return at
			}
		}
	}
	at, _ := o.Locate(e.field)
	return at
}

// kustomizations are the files that may have the generator of an object.
func kustomizations(o *cluster.Object) []string {
	if o.By == nil || o.By.Built == nil {
		return []string{o.File()}
	}
	return o.By.Built.Kustomizations
}

// inGenerator finds the entry in a generator of a kustomization file.
func (e entry) inGenerator(t *tree.Tree, o *cluster.Object, file string, line, column int) (tree.Position, bool) {
	documents, err := t.Documents(file)
	if err != nil || len(documents) == 0 {
		return tree.Position{}, false
	}
	for _, generator := range []string{"configMapGenerator", "secretGenerator"} {
		list, _, found := tree.Find(documents[0].Node, generator)
		if !found || list.Kind != yaml.SequenceNode || !strings.HasPrefix(strings.ToLower(generator), strings.ToLower(o.GetKind())) {
			continue
		}
		for _, item := range list.Content {
			if name, _, ok := tree.Find(item, "name"); !ok || !strings.Contains(o.GetName(), name.Value) {
				continue
			}
			if at, ok := e.inSources(t, item, file, line, column); ok {
				return at, true
			}
		}
	}
	return tree.Position{}, false
}

// inSources finds the entry in the literals and files of a generator.
func (e entry) inSources(t *tree.Tree, generator *yaml.Node, file string, line, column int) (tree.Position, bool) {
	for _, source := range sequence(generator, "literals") {
		if key, value, _ := strings.Cut(source.Value, "="); key == e.key && strings.Trim(value, `"'`) == e.text {
			return tree.Position{File: file, Line: source.Line, Column: source.Column}, true
		}
	}
	for _, source := range sequence(generator, "files") {
		key, name, named := strings.Cut(source.Value, "=")
		if !named {
			key, name = path.Base(source.Value), source.Value
		}
		name = path.Join(path.Dir(file), name)
		if text, err := t.ReadFile(name); key == e.key && err == nil && string(text) == e.text {
			return tree.Position{File: name, Line: line, Column: column}, true
		}
	}
	for _, source := range sequence(generator, "envs") {
		name := path.Join(path.Dir(file), source.Value)
		text, err := t.ReadFile(name)
		if err != nil {
			continue
		}
		for i, assignment := range strings.Split(string(text), "\n") {
			if key, value, _ := strings.Cut(assignment, "="); strings.TrimSpace(key) == e.key && value == e.text {
				return tree.Position{File: name, Line: i + 1, Column: 1}, true
			}
		}
	}
	return tree.Position{}, false
}

// sequence are the texts of a list.
func sequence(n *yaml.Node, field string) []*yaml.Node {
	list, _, found := tree.Find(n, field)
	if !found || list.Kind != yaml.SequenceNode {
		return nil
	}
	return list.Content
}
