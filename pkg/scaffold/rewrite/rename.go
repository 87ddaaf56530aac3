package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Renamed is the text of a copied file.
type Renamed struct {
	Text []byte
	// Kept are the places of names that were not replaced.
	Kept []tree.Position
}

// errUnwritable is the reason of files whose names can't be replaced.
var errUnwritable = errors.New("the result would have other values than the names that change")

// Rename replaces the words of a file, value by value: the names of images, charts and URLs
// stay. The result has the same structure, or the file is refused.
func Rename(file string, text []byte, words *compare.Words) (*Renamed, error) {
	if !tree.IsYAML(file) && !strings.HasSuffix(file, ".json") {
		if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
			return &Renamed{Text: text}, nil
		}
		return replaceIn(file, text, nil, words), nil
	}
	before, err := tree.Parse(file, text)
	if err != nil {
		return nil, fmt.Errorf("copy %s: %w", file, err)
	}
	m := &textMap{text: text, starts: lineStarts(text)}
	for _, d := range before {
		m.walk(d.Node, offset{})
	}
	result := replaceIn(file, text, m.spans, words)
	after, err := tree.Parse(file, result.Text)
	if err != nil || len(before) != len(after) {
		return nil, fmt.Errorf("copy %s: %w", file, errUnwritable)
	}
	for i := range before {
		if field, ok := sameValues(before[i].Object, after[i].Object, "", words); !ok {
			return nil, fmt.Errorf("copy %s: %w: field %s", file, errUnwritable, field)
		}
	}
	return result, nil
}

// replaceIn replaces the words of a text outside of some spans. In these, only domains are
// replaced.
func replaceIn(file string, text []byte, spans []span, words *compare.Words) *Renamed {
	r := &Renamed{}
	end := 0
	for _, m := range words.Matches(string(text)) {
		if kept := spanAt(spans, m.Start); kept != nil && (m.Name || !kept.domains) {
			line := bytes.Count(text[:m.Start], []byte("\n")) + 1
			column := utf8.RuneCount(text[bytes.LastIndexByte(text[:m.Start], '\n')+1:m.Start]) + 1
			r.Kept = append(r.Kept, tree.Position{File: file, Line: line, Column: column})
			continue
		}
		r.Text = append(r.Text, text[end:m.Start]...)
		r.Text = append(r.Text, m.New...)
		end = m.End
	}
	r.Text = append(r.Text, text[end:]...)
	return r
}

// sameValues reports whether two values differ only in words, and otherwise in which field. The
// values of fields that keep names must not differ.
func sameValues(a, b any, field string, words *compare.Words) (string, bool) {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return field, false
		}
		for key, value := range x {
			other, ok := y[key]
			if !ok {
				other, ok = y[words.Apply(key)]
			}
			below := field + "." + key
			if !ok || compare.KeepsNames(key) && key != urlField && !reflect.DeepEqual(value, other) {
				return below, false
			}
			if where, ok := sameValues(value, other, below, words); !ok {
				return where, false
			}
		}
		return "", true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return field, false
		}
		for i := range x {
			if where, ok := sameValues(x[i], y[i], fmt.Sprintf("%s[%d]", field, i), words); !ok {
				return where, false
			}
		}
		return "", true
	case string:
		y, ok := b.(string)
		return field, ok && words.Apply(x) == words.Apply(y)
	}
	return field, reflect.DeepEqual(a, b)
}

// urlField is a field in which domains are replaced, and names are not.
const urlField = "url"

// span is a part of a text in which names are kept.
type span struct {
	start, end int
	// domains: domains in it are replaced.
	domains bool
}

func spanAt(spans []span, at int) *span {
	i := slices.IndexFunc(spans, func(s span) bool { return at >= s.start && at < s.end })
	if i < 0 {
		return nil
	}
	return &spans[i]
}

// offset is where the text of a block scalar begins in its file, in lines.
type offset struct{ line int }

// textMap finds the spans of a YAML text.
type textMap struct {
	text   []byte
	starts []int
	spans  []span
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// lineStart is the byte at which a line begins; lines start at 1.
func (m *textMap) lineStart(line int) int {
	switch {
	case line < 1:
		return 0
	case line > len(m.starts):
		return len(m.text)
	}
	return m.starts[line-1]
}

// walk adds the spans of a value. Values in a block scalar that is itself YAML, such
// as a patch, are found, too.
func (m *textMap) walk(n *yaml.Node, at offset) {
	switch n.Kind {
	case yaml.MappingNode:
		keepsValue := patchesKept(n)
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i].Value, n.Content[i+1]
			if compare.KeepsNames(name) || keepsValue && name == "value" {
				m.keep(value, name == urlField, at)
				continue
			}
			m.walk(value, at)
		}
	case yaml.SequenceNode:
		for _, entry := range n.Content {
			m.walk(entry, at)
		}
	case yaml.ScalarNode:
		if n.Style&yaml.LiteralStyle != 0 && at == (offset{}) {
			m.block(n)
		}
	}
}

// patchesKept reports whether a map is an operation of a JSON patch (RFC 6902) whose value is an
// image, or another that keeps names.
func patchesKept(n *yaml.Node) bool {
	pointer, _, ok := tree.Find(n, "path")
	_, _, isOperation := tree.Find(n, "op")
	return ok && isOperation && compare.KeepsNames(pointer.Value[strings.LastIndexByte(pointer.Value, '/')+1:])
}

// keep adds the span of a value: the rest of its lines.
func (m *textMap) keep(n *yaml.Node, domains bool, at offset) {
	start := m.lineStart(n.Line + at.line)
	end := m.lineStart(tree.LastLine(n) + at.line + 1)
	if key := bytes.IndexByte(m.text[start:end], ':'); key >= 0 && len(n.Content) == 0 {
		start += key // a name in the key is replaced
	}
	m.spans = append(m.spans, span{start: start, end: end, domains: domains})
}

// block finds the spans in a block scalar that is YAML.
func (m *textMap) block(n *yaml.Node) {
	decoder := yaml.NewDecoder(strings.NewReader(n.Value))
	for {
		var root yaml.Node
		if !decodes(decoder, &root) || len(root.Content) != 1 || root.Content[0].Kind == yaml.ScalarNode {
			return
		}
		m.walk(root.Content[0], offset{line: n.Line})
	}
}

// decodes decodes a document, and reports whether there was one. The YAML library panics on some
// input.
func decodes(decoder *yaml.Decoder, into *yaml.Node) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return decoder.Decode(into) == nil
}
