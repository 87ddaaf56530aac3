package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// The limits of a YAML document.
const (
	// MaxNodes is the number of values with all aliases expanded. The largest CRDs have some
	// 50,000.
	MaxNodes = 1 << 20
	// MaxDocuments is the number of documents of a file, including empty ones.
	MaxDocuments = 20_000
	// MaxEntries is the number of keys of a map: the YAML library compares each key with all others.
	MaxEntries = 10_000
	// MaxNesting is the number of nested maps and lists.
	MaxNesting = 200
)

// Document is one object of a YAML file.
type Document struct {
	// File is the path of the file in its tree.
	File string
	// Node is the document's mapping, with lines and columns.
	Node *yaml.Node
	// Object is the same as Kubernetes decodes it: numbers are int64 or float64.
	Object map[string]any
}

// ParseError is the error of a file that is not YAML, or exceeds a limit.
type ParseError struct {
	File string
	// Line is where, 0 if that is unknown.
	Line int
	Err  error
}

// Error has the file, the line and the reason.
func (e *ParseError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("parse %s, line %d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("parse %s: %v", e.File, e.Err)
}

// Unwrap is the reason.
func (e *ParseError) Unwrap() error { return e.Err }

type parsed struct {
	documents []*Document
	err       error
}

// Documents are the objects of a YAML file. Empty documents, and those that are not mappings,
// are omitted. The file is parsed once. Errors are those of ReadFile, and ParseError.
func (t *Tree) Documents(file string) ([]*Document, error) {
	a, isArranged := t.arranged[file]
	if isArranged && a.Text == nil {
		return t.base.Documents(a.File)
	}
	data, err := t.ReadFile(file)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok := t.documents[file]
	if !ok {
		if t.parsed += int64(len(data)); t.parsed > MaxParsed {
			p.err = &ParseError{File: file, Err: ErrTooMuch}
		} else {
			p.documents, p.err = Parse(t.Origin(file), data)
		}
		if isArranged {
			for _, d := range p.documents {
				removeLines(d.Node)
			}
		}
		t.documents[file] = p
	}
	return p.documents, p.err
}

// removeLines removes the positions of a node and those below it, which are not those of a file.
func removeLines(n *yaml.Node) {
	n.Line, n.Column = 0, 0
	for _, child := range n.Content {
		removeLines(child)
	}
}

// Parse reads the documents of a YAML text. The file is only named in them.
func Parse(file string, text []byte) ([]*Document, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var documents []*Document
	for n := 0; ; n++ {
		var root yaml.Node
		err := decode(decoder, &root)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return documents, parseError(file, text, err)
		}
		if n == MaxDocuments {
			return documents, &ParseError{File: file, Line: root.Line, Err: fmt.Errorf("%w: the file has more than %d documents", ErrTooLarge, MaxDocuments)}
		}
		if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
			continue
		}
		node := root.Content[0]
		if err := checkSize(node); err != nil { // of a list, too: kustomize expands its aliases
			return documents, &ParseError{File: file, Line: node.Line, Err: err}
		}
		if node.Kind != yaml.MappingNode {
			continue
		}
		object, err := decodeObject(node)
		if err != nil {
			return documents, parseError(file, text, err)
		}
		documents = append(documents, &Document{File: file, Node: node, Object: object})
	}
}

// CheckSize rejects a YAML text with a document that is nested too deeply, or that its aliases
// make too large or endless. A text that is not YAML is not rejected.
func CheckSize(text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var root yaml.Node
		if decode(decoder, &root) != nil {
			return nil
		}
		if err := checkSize(&root); err != nil {
			return err
		}
	}
}

// decode turns a panic of the YAML library into an error: hostile input has caused some.
func decode(decoder *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the text is not valid YAML: %v", r)
		}
	}()
	return decoder.Decode(into)
}

// yamlLine finds the line in an error of the YAML library: "yaml: line 3: …", or, for an
// error of types, "yaml: unmarshal errors:\n  line 5: …".
var yamlLine = regexp.MustCompile(`line (\d+): `)

// unknownAnchor matches an error of the YAML library that has no line.
var unknownAnchor = regexp.MustCompile(`unknown anchor '([^']+)' referenced`)

// parseError is an error about a source, with the line of the error.
func parseError(file string, source []byte, err error) error {
	line := 0
	text := err.Error()
	if found := unknownAnchor.FindStringSubmatch(text); found != nil {
		if at := bytes.Index(source, []byte("*"+found[1])); at >= 0 {
			line = bytes.Count(source[:at], []byte("\n")) + 1
		}
	}
	if found := yamlLine.FindStringSubmatchIndex(text); found != nil {
		line, _ = strconv.Atoi(text[found[2]:found[3]])
		text = text[found[1]:]
	}
	return &ParseError{File: file, Line: line, Err: errors.New(strings.TrimPrefix(text, "yaml: "))}
}

// checkSize rejects a document that is nested too deeply, or that its aliases make too large.
func checkSize(node *yaml.Node) error {
	sizes := map[*yaml.Node]int{}
	var size func(n *yaml.Node, depth int) (int, error)
	size = func(n *yaml.Node, depth int) (int, error) {
		if known, ok := sizes[n]; ok {
			if known < 0 {
				return 0, errors.New("an alias refers to a value that contains it")
			}
			return known, nil
		}
		if depth > MaxNesting {
			return 0, fmt.Errorf("%w: it is nested more than %d levels deep", ErrTooLarge, MaxNesting)
		}
		if n.Kind == yaml.MappingNode && len(n.Content) > 2*MaxEntries {
			return 0, fmt.Errorf("%w: a map has more than %d keys", ErrTooLarge, MaxEntries)
		}
		sizes[n] = -1
		sum := 1
		children := n.Content
		if n.Kind == yaml.AliasNode {
			children = []*yaml.Node{n.Alias}
		}
		for _, child := range children {
			below, err := size(child, depth+1)
			if err != nil {
				return 0, err
			}
			if sum += below; sum > MaxNodes {
				return 0, fmt.Errorf("%w: it has more than %d values", ErrTooLarge, MaxNodes)
			}
		}
		sizes[n] = sum
		return sum, nil
	}
	_, err := size(node, 0)
	return err
}

// decodeObject decodes a mapping as Kubernetes does.
func decodeObject(node *yaml.Node) (object map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			object, err = nil, fmt.Errorf("the text is not valid YAML: %v", r)
		}
	}()
	var raw map[string]any
	if err := node.Decode(&raw); err != nil {
		return nil, err
	}
	object, _ = normal(raw).(map[string]any)
	return object, nil
}

// normal is a decoded value with the types that unstructured objects have.
func normal(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = normal(inner)
		}
		return v
	case map[any]any:
		m := make(map[string]any, len(v))
		for key, inner := range v {
			m[fmt.Sprint(key)] = normal(inner)
		}
		return m
	case []any:
		for i, inner := range v {
			v[i] = normal(inner)
		}
		return v
	case int:
		return int64(v)
	case uint64:
		if v > math.MaxInt64 {
			return float64(v)
		}
		return int64(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return value
}
