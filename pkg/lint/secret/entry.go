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
	key string
	// text is its content, decoded. A variable is not replaced: its value is not written here.
	text string
	// place is the position of a line and column of the text.
	place func(line, column int) tree.Position
}

// locate is the position of a place in the text, an offset in bytes.
func (e entry) locate(offset int) tree.Position {
	before := e.text[:offset]
	return e.place(strings.Count(before, "\n")+1, offset-strings.LastIndex(before, "\n"))
}

// entries are the entries of a Secret or ConfigMap, in the order of their keys.
func entries(c *rule.Context, o *cluster.Object) []entry {
	var all []entry
	for _, section := range []string{"data", "stringData"} {
		content := object.Map(o.Unstructured.Object, section)
		for _, key := range slices.Sorted(maps.Keys(content)) {
			text, ok := object.Quote(content, "["+key+"]")
			if !ok {
				continue
			}
			if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && section == "data" && o.GetKind() == object.SecretKind.Kind {
				text = string(decoded)
			}
			all = append(all, newEntry(c, o, rule.Field(section, key), key, text))
		}
	}
	return all
}

// newEntry finds where an entry is written: in the object's manifest, in a file or a literal of
// its generator, or in a patch.
func newEntry(c *rule.Context, o *cluster.Object, field, key, text string) entry {
	e := entry{key: key, text: text, place: func(int, int) tree.Position {
		at, _ := o.Locate(field)
		return at
	}}
	if document := o.Document(); document != nil {
		if n, _, found := tree.Find(document.Node, field); found && n.Kind == yaml.ScalarNode && writes(n.Value, text) {
			e.text, e.place = n.Value, func(line, column int) tree.Position { return c.Tree.InText(document.File, n, line, column) }
		}
		return e
	}
	if o.Release != nil {
		return e
	}
	for _, file := range kustomizations(o) {
		for _, generator := range generators(c.Tree, o, file) {
			for _, written := range sources(c.Tree, generator, file, key) {
				if writes(written.text, text) {
					return written
				}
			}
		}
	}
	return e
}

// writes reports whether a text becomes another when variables are replaced, as far as that is
// known.
func writes(source, text string) bool {
	return source == text || strings.Contains(source, "${") && strings.Count(source, "\n") == strings.Count(text, "\n")
}

// kustomizations are the files that may have the generator of an object.
func kustomizations(o *cluster.Object) []string {
	if o.By == nil || o.By.Built == nil {
		return []string{o.File()}
	}
	return o.By.Built.Kustomizations
}

// generators are the entries of a kustomization file that may generate an object.
func generators(t *tree.Tree, o *cluster.Object, file string) []*yaml.Node {
	documents, err := t.Documents(file)
	if err != nil || len(documents) == 0 {
		return nil
	}
	field := "configMapGenerator"
	if o.Ref().GroupKind() == object.SecretKind {
		field = "secretGenerator"
	}
	return slices.DeleteFunc(sequence(documents[0].Node, field), func(generator *yaml.Node) bool {
		name, _, ok := tree.Find(generator, "name")
		return !ok || !strings.Contains(o.GetName(), name.Value)
	})
}

// sources are the literals and files of a generator that have a key.
func sources(t *tree.Tree, generator *yaml.Node, file, key string) []entry {
	var found []entry
	at := func(p tree.Position) func(int, int) tree.Position { return func(int, int) tree.Position { return p } }
	for _, literal := range sequence(generator, "literals") {
		if name, value, _ := strings.Cut(literal.Value, "="); name == key {
			found = append(found, entry{key, strings.Trim(value, `"'`), at(tree.Position{File: file, Line: literal.Line, Column: literal.Column})})
		}
	}
	for _, source := range sequence(generator, "files") {
		name, relative, named := strings.Cut(source.Value, "=")
		if !named {
			name, relative = path.Base(source.Value), source.Value
		}
		relative = path.Join(path.Dir(file), relative)
		if text, err := t.ReadFile(relative); err == nil && name == key {
			found = append(found, entry{key, string(text), func(line, column int) tree.Position {
				return tree.Position{File: relative, Line: line, Column: column}
			}})
		}
	}
	envs := sequence(generator, "envs")
	if env, _, ok := tree.Find(generator, "env"); ok {
		envs = append(envs, env)
	}
	for _, source := range envs {
		relative := path.Join(path.Dir(file), source.Value)
		text, _ := t.ReadFile(relative) // the build reports an error
		for i, assignment := range strings.Split(string(text), "\n") {
			if name, value, _ := strings.Cut(assignment, "="); strings.TrimSpace(name) == key {
				found = append(found, entry{key, value, at(tree.Position{File: relative, Line: i + 1, Column: 1})})
			}
		}
	}
	return found
}

// sequence are the entries of a list.
func sequence(n *yaml.Node, field string) []*yaml.Node {
	list, _, found := tree.Find(n, field)
	if !found || list.Kind != yaml.SequenceNode {
		return nil
	}
	return slices.Clone(list.Content)
}

// written is a field as the object's manifest has it if it contains a variable, and otherwise
// its value.
func written(o *cluster.Object, field, value string) string {
	if d := o.Document(); d != nil {
		if _, text, found := d.Find(field); found && strings.Contains(text, "${") {
			return text
		}
	}
	return value
}
