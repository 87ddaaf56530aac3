// Package edit changes single values of YAML files. Everything else stays as it is, to the
// byte: comments, blank lines, order, quotes and line endings.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Change is a change of one file.
type Change struct {
	// File is the path of the file in its tree.
	File string
	// Line is the line of the document that is changed, as in tree.Document.
	Line int
	// Field is the field, in the notation of object.Read.
	Field string
	// Op is what happens to the field.
	Op Op
	// Value is the new value (Set), the new key (Rename), or a map of keys and values (Add).
	Value any
}

// Op is a kind of change.
type Op string

// The kinds of change.
const (
	// Set replaces a scalar.
	Set Op = "Set"
	// Rename replaces the key of a field.
	Rename Op = "Rename"
	// Add adds keys with scalars to a map, which is created if it does not exist.
	Add Op = "Add"
	// Wrap replaces a scalar in a list with a map that has it under a key.
	Wrap Op = "Wrap"
	// Remove removes a field or an entry of a list.
	Remove Op = "Remove"
)

// errRefused is the reason of all changes that can't be made safely.
var errRefused = errors.New("the file can't be changed automatically")

// Apply applies changes to the text of a file, and checks that the result has the same values
// except for those that change. All changes must be about that file.
func Apply(file string, text []byte, changes []Change) ([]byte, error) {
	before, err := tree.Parse(file, text)
	if err != nil {
		return nil, fmt.Errorf("change %s: %w", file, err)
	}
	result := text
	for _, c := range changes {
		if result, err = apply(file, result, c); err != nil {
			return nil, fmt.Errorf("change %s in %s: %w", c.Field, file, err)
		}
	}
	after, err := tree.Parse(file, result)
	if err != nil {
		return nil, fmt.Errorf("change %s: %w: the result is not YAML", file, errRefused)
	}
	if len(before) != len(after) {
		return nil, fmt.Errorf("change %s: %w: the number of documents changes", file, errRefused)
	}
	return result, nil
}

// apply applies one change.
func apply(file string, text []byte, c Change) ([]byte, error) {
	documents, err := tree.Parse(file, text)
	if err != nil {
		return nil, err
	}
	// Earlier changes can move a document down.
	i := slices.IndexFunc(documents, func(d *tree.Document) bool { return d.Node.Line >= c.Line })
	if i < 0 {
		return nil, fmt.Errorf("%w: the document was not found", errRefused)
	}
	d := documents[i]
	expected, err := expectation(d, c)
	if err != nil {
		return nil, err
	}
	if reflect.DeepEqual(expected, d.Object) {
		return text, nil // it is already so
	}
	lines := &lineEditor{lines: splitLines(text)}
	if err := lines.change(d, c); err != nil {
		return nil, err
	}
	result := bytes.Join(lines.lines, nil)
	after, err := tree.Parse(file, result)
	if err != nil || len(after) != len(documents) || !reflect.DeepEqual(after[i].Object, expected) {
		return nil, fmt.Errorf("%w: the result would not be the expected one", errRefused)
	}
	return result, nil
}

// splitLines are the lines of a text with their endings.
func splitLines(text []byte) [][]byte { return bytes.SplitAfter(text, []byte("\n")) }

// lineEditor changes lines.
type lineEditor struct{ lines [][]byte }

func (e *lineEditor) change(d *tree.Document, c Change) error {
	value, key, found := tree.Find(d.Node, c.Field)
	switch {
	case c.Op == Add:
		return e.add(d, c, value, found)
	case !found:
		return fmt.Errorf("%w: the field does not exist", errRefused)
	case c.Op == Rename && key != nil:
		return e.replace(key, fmt.Sprint(c.Value))
	case c.Op == Set && value.Kind == yaml.ScalarNode:
		return e.replace(value, c.Value)
	case c.Op == Wrap && value.Kind == yaml.ScalarNode:
		return e.insert(value.Line, value.Column, fmt.Sprint(c.Value)+": ")
	case c.Op == Remove:
		return e.remove(d, c, value, key)
	}
	return errRefused
}

// replace replaces the text of a scalar that is in one line.
func (e *lineEditor) replace(n *yaml.Node, value any) error {
	line := e.lines[n.Line-1]
	start := byteColumn(line, n.Column)
	token, ok := tokenAt(line[start:], n)
	if !ok {
		return fmt.Errorf("%w: the value is not in one line", errRefused)
	}
	e.lines[n.Line-1] = slices.Concat(line[:start], []byte(scalar(value, n.Style)), line[start+len(token):])
	return nil
}

// tokenAt is the text of a scalar at the beginning of a line's rest.
func tokenAt(rest []byte, n *yaml.Node) (token []byte, ok bool) {
	switch n.Style &^ yaml.TaggedStyle {
	case 0:
		return []byte(n.Value), bytes.HasPrefix(rest, []byte(n.Value)) && n.Value != ""
	case yaml.SingleQuotedStyle:
		token = []byte("'" + strings.ReplaceAll(n.Value, "'", "''") + "'")
		return token, bytes.HasPrefix(rest, token)
	case yaml.DoubleQuotedStyle:
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				return rest[:i+1], rest[0] == '"'
			}
		}
	}
	return nil, false
}

// scalar is a value as YAML, in quotes if the old value had them or the new one needs them.
func scalar(value any, style yaml.Style) string {
	text, isText := value.(string)
	if !isText {
		return fmt.Sprint(value)
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: style & (yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle)}
	encoded, err := yaml.Marshal(node)
	if err != nil || bytes.Count(encoded, []byte("\n")) > 1 {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSuffix(string(encoded), "\n")
}

// byteColumn is the index in a line of a column, which counts characters.
func byteColumn(line []byte, column int) int {
	index := 0
	for i := range string(line) {
		if index++; index == column {
			return i
		}
	}
	return len(line)
}

// insert inserts text at a line and column.
func (e *lineEditor) insert(line, column int, text string) error {
	l := e.lines[line-1]
	at := byteColumn(l, column)
	e.lines[line-1] = slices.Concat(l[:at], []byte(text), l[at:])
	return nil
}

// add adds the keys of a map below a field, and creates the fields on the way to it.
func (e *lineEditor) add(d *tree.Document, c Change, value *yaml.Node, found bool) error {
	entries, ok := c.Value.(map[string]any)
	if !ok {
		return errRefused
	}
	parent, missing := value, []string(nil)
	if !found {
		parent, missing = innermost(d.Node, c.Field)
	}
	if parent.Kind != yaml.MappingNode || parent.Style&yaml.FlowStyle != 0 || len(parent.Content) == 0 {
		return fmt.Errorf("%w: the map is not written in lines", errRefused)
	}
	indent := parent.Content[0].Column - 1
	var added []string
	for i, name := range missing {
		added = append(added, strings.Repeat(" ", indent+2*i)+key(name)+":")
	}
	for _, name := range sortedKeys(entries) {
		added = append(added, strings.Repeat(" ", indent+2*len(missing))+key(name)+": "+scalar(entries[name], 0))
	}
	at := lastLine(parent)
	ending := "\n"
	if bytes.HasSuffix(e.lines[at-1], []byte("\r\n")) {
		ending = "\r\n"
	}
	var lines [][]byte
	for _, line := range added {
		lines = append(lines, []byte(line+ending))
	}
	if !bytes.HasSuffix(e.lines[at-1], []byte("\n")) {
		e.lines[at-1] = append(slices.Clone(e.lines[at-1]), ending...)
	}
	e.lines = slices.Insert(e.lines, at, lines...)
	return nil
}

// key is the key of a map as YAML.
func key(name string) string { return scalar(name, 0) }

// remove removes a field of a map, or an entry of a list, with the lines that it occupies.
func (e *lineEditor) remove(d *tree.Document, c Change, value, key *yaml.Node) error {
	first := value.Line
	if key != nil {
		first = key.Line
	}
	last := lastLine(value)
	head := bytes.TrimLeft(e.lines[first-1], " ")
	if key != nil && !bytes.HasPrefix(head, []byte(key.Value)) || key == nil && !bytes.HasPrefix(head, []byte("- ")) {
		return fmt.Errorf("%w: other values are in the same line", errRefused)
	}
	e.lines = slices.Delete(e.lines, first-1, last)
	return nil
}

// lastLine is the last line that a node occupies.
func lastLine(n *yaml.Node) int {
	last := n.Line
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		last += strings.Count(strings.TrimRight(n.Value, "\n"), "\n") + 1
	}
	for _, child := range n.Content {
		last = max(last, lastLine(child))
	}
	return last
}
