// Package edit changes single values of YAML files. Everything else stays as it is, to the
// byte: comments, blank lines, order, quotes and line endings.
package edit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Change is a change of one value.
type Change struct {
	// At is where the value is, or its key. For Add, it is where the document begins.
	At tree.Position
	// Op is what happens to it.
	Op Op
	// Value is the new value (Set), the new key (Rename, Wrap), or a map of keys and scalars (Add).
	Value any
	// Field is the map to which keys are added (Add), in the notation of object.Read. It is
	// created if it does not exist.
	Field string
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
// except for those that change. All changes must be about that file, and about its values as
// they are. A change that is already made changes nothing.
func Apply(file string, text []byte, changes []Change) ([]byte, error) {
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b Change) int { // from the end, so that positions stay
		return cmp.Or(cmp.Compare(b.At.Line, a.At.Line), cmp.Compare(b.At.Column, a.At.Column))
	})
	changes = slices.CompactFunc(changes, func(a, b Change) bool { return reflect.DeepEqual(a, b) })
	isInLine := func(c Change) bool { return c.Op == Set || c.Op == Rename || c.Op == Wrap }
	inLine := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return !isInLine(c) })
	// Changes in lines leave all others where they are, so they can be made together.
	if result, err := apply(file, text, inLine); err == nil {
		text, changes = result, slices.DeleteFunc(changes, isInLine)
	}
	for _, c := range changes {
		result, err := apply(file, text, []Change{c})
		if err != nil {
			return nil, fmt.Errorf("change line %d of %s: %w", c.At.Line, file, err)
		}
		text = result
	}
	return text, nil
}

// apply applies one change, or several in lines, from the end.
func apply(file string, text []byte, changes []Change) ([]byte, error) {
	documents, err := tree.Parse(file, text)
	if err != nil {
		return nil, err
	}
	lines := &lineEditor{lines: splitLines(text)}
	expected := map[*tree.Document]map[string]any{}
	for _, d := range documents {
		expected[d] = d.Object
	}
	for _, c := range changes {
		t, ok := find(documents, c)
		if !ok {
			return nil, fmt.Errorf("%w: no value was found there", errRefused)
		}
		before := expected[t.document]
		after, err := expectation(before, t, c)
		if err != nil {
			return nil, err
		}
		if reflect.DeepEqual(after, before) {
			continue
		}
		expected[t.document] = after
		if err := lines.change(t, c); err != nil {
			return nil, err
		}
	}
	result := bytes.Join(lines.lines, nil)
	after, err := tree.Parse(file, result)
	if err != nil || len(after) != len(documents) {
		return nil, fmt.Errorf("%w: the result would not be valid", errRefused)
	}
	for i, d := range documents {
		if !reflect.DeepEqual(after[i].Object, expected[d]) {
			return nil, fmt.Errorf("%w: the result would not be the expected one", errRefused)
		}
	}
	return result, nil
}

// target is what a change is about.
type target struct {
	document *tree.Document
	// steps lead from the document to the value.
	steps      []string
	value, key *yaml.Node
}

// find finds the value, or its key, that begins at the position of a change.
func find(documents []*tree.Document, c Change) (target, bool) {
	for _, d := range documents {
		if c.Op == Add {
			if d.Node.Line == c.At.Line {
				steps, ok := object.Steps(c.Field)
				return target{document: d, steps: steps, value: d.Node}, ok
			}
			continue
		}
		if t, ok := findIn(target{document: d, value: d.Node}, c.At); ok {
			return t, true
		}
	}
	return target{}, false
}

func findIn(t target, at tree.Position) (target, bool) {
	is := func(n *yaml.Node) bool { return n != nil && n.Line == at.Line && n.Column == at.Column }
	if is(t.key) || is(t.value) && (t.value.Kind == yaml.ScalarNode || len(t.steps) > 0) {
		return t, true
	}
	for i := 0; i < len(t.value.Content); i++ {
		below := target{document: t.document, value: t.value.Content[i]}
		step := strconv.Itoa(i)
		if t.value.Kind == yaml.MappingNode {
			below.key, below.value = t.value.Content[i], t.value.Content[i+1]
			step = below.key.Value
			i++
		}
		below.steps = append(slices.Clone(t.steps), step)
		if found, ok := findIn(below, at); ok {
			return found, true
		}
	}
	return target{}, false
}

// splitLines are the lines of a text with their endings.
func splitLines(text []byte) [][]byte { return bytes.SplitAfter(text, []byte("\n")) }

// lineEditor changes lines.
type lineEditor struct{ lines [][]byte }

func (e *lineEditor) change(t target, c Change) error {
	switch {
	case c.Op == Add:
		return e.add(t, c)
	case c.Op == Rename && t.key != nil:
		return e.replace(t.key, fmt.Sprint(c.Value))
	case c.Op == Set && t.value.Kind == yaml.ScalarNode:
		return e.replace(t.value, c.Value)
	case c.Op == Wrap && t.value.Kind == yaml.ScalarNode:
		e.insert(t.value.Line, t.value.Column, fmt.Sprint(c.Value)+": ")
		return nil
	case c.Op == Remove:
		return e.remove(t)
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
func (e *lineEditor) insert(line, column int, text string) {
	l := e.lines[line-1]
	at := byteColumn(l, column)
	e.lines[line-1] = slices.Concat(l[:at], []byte(text), l[at:])
}

// add adds the keys of a map below a field, and creates the fields on the way to it.
func (e *lineEditor) add(t target, c Change) error {
	entries, ok := c.Value.(map[string]any)
	if !ok {
		return errRefused
	}
	parent, missing := innermost(t.value, t.steps)
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
	at := tree.LastLine(parent)
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
func (e *lineEditor) remove(t target) error {
	first, last := t.value.Line, tree.LastLine(t.value)
	if t.key != nil {
		first = t.key.Line
	}
	head := bytes.TrimLeft(e.lines[first-1], " ")
	if t.key != nil && !bytes.HasPrefix(head, []byte(t.key.Value)) || t.key == nil && !bytes.HasPrefix(head, []byte("- ")) {
		return fmt.Errorf("%w: other values are in the same line", errRefused)
	}
	e.lines = slices.Delete(e.lines, first-1, last)
	return nil
}
