package tree

import (
	"bytes"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Position is a place in a tree. Lines and columns start at 1; a Line of 0 means the file as a
// whole.
type Position struct {
	File   string
	Line   int
	Column int
}

// String is "file:line:column", or the file.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// In is the same line and column in another file.
func (p Position) In(file string) Position {
	p.File = file
	return p
}

// Start is the position of the document's first field.
func (d *Document) Start() Position { return d.position(d.Node) }

func (d *Document) position(n *yaml.Node) Position {
	return Position{File: d.File, Line: n.Line, Column: n.Column}
}

// Find is the position of the value of a field, in the notation of object.Read, and the value
// if it is a scalar. If the field does not exist, found is false, and the position is that of
// the innermost field on its path that does.
func (d *Document) Find(field string) (p Position, value string, found bool) {
	n, key, found := Find(d.Node, field)
	switch {
	case n.Kind == yaml.ScalarNode && found && (key == nil || !unwritten(n)):
		return d.position(n), n.Value, true
	case key != nil: // the key is where a reader looks for a map, a list, or a missing value
		return d.position(key), "", found
	}
	return d.position(n), "", found
}

// Find is the value node at a path in the notation of object.Read below a node, and its key's
// node if it is the value of a map. If it does not exist, found is false, and the nodes are
// those of the innermost field on the path that does.
func Find(n *yaml.Node, field string) (value, key *yaml.Node, found bool) {
	steps, ok := object.Steps(field)
	if !ok {
		return n, nil, field == ""
	}
	for _, step := range steps {
		below, belowKey := child(resolved(n), step)
		if below == nil {
			return n, key, false
		}
		n, key = below, belowKey
	}
	return resolved(n), key, true
}

// unwritten reports whether a value is null because nothing is written after its key. Its position
// can be after the end of the text.
func unwritten(n *yaml.Node) bool { return n.Tag == "!!null" && n.Value == "" }

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// child is the value of a map's key or of a list's entry, which is named by its name, type or
// index.
func child(n *yaml.Node, step string) (value, key *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1], n.Content[i]
			}
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Tag == "!!merge" {
				if value, key := child(resolved(n.Content[i+1]), step); value != nil {
					return value, key
				}
			}
		}
	case yaml.SequenceNode:
		for _, entry := range n.Content {
			if identifies(resolved(entry), step) {
				return entry, nil
			}
		}
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], nil
		}
	}
	return nil, nil
}

// identifies reports whether an entry of a list has a name or type.
func identifies(entry *yaml.Node, step string) bool {
	if entry.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(entry.Content); i += 2 {
		if key := entry.Content[i].Value; (key == "name" || key == "type") && entry.Content[i+1].Value == step {
			return true
		}
	}
	return false
}

// InText is the position of a line and column of a scalar's text, such as a patch that is written
// in a kustomization file. The lines of a block scalar are those of the file, with an indent.
func (t *Tree) InText(file string, scalar *yaml.Node, line, column int) Position {
	text, err := t.ReadFile(file)
	if err != nil || scalar.Line == 0 || scalar.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		return Position{File: file, Line: scalar.Line, Column: scalar.Column}
	}
	indent, rest := 0, text
	for range scalar.Line { // the header of the block is on the scalar's line
		_, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
	}
	for content := range bytes.Lines(rest) {
		if trimmed := bytes.TrimLeft(content, " "); len(bytes.TrimSpace(trimmed)) > 0 {
			indent = len(content) - len(trimmed)
			break
		}
	}
	return Position{File: file, Line: scalar.Line + line, Column: column + indent}
}

// LastLine is the last line that a node occupies, without comments after it.
func LastLine(n *yaml.Node) int { return LastLines(n, map[*yaml.Node]int{}) }

// LastLines is LastLine, and adds the last lines of a node and of all nodes below it to a map.
func LastLines(n *yaml.Node, lines map[*yaml.Node]int) int {
	last := n.Line
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		last += strings.Count(strings.TrimRight(n.Value, "\n"), "\n") + 1
	}
	for _, child := range n.Content {
		last = max(last, LastLines(child, lines))
	}
	lines[n] = last
	return last
}
