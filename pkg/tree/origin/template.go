package origin

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// FromTemplate is an object that a template of a chart renders for a HelmRelease.
func FromTemplate(s *source.Source, obj *unstructured.Unstructured, template string, release *Object) *Object {
	return &Object{Unstructured: obj, origin: &Origin{File: template, release: release}, frame: &frame{files: source.NewFiles(s)}}
}

// templateLine is a line of a template that is a field or a list entry.
type templateLine struct {
	key, value string
	// literal: the value has no action.
	literal bool
	// document is the number of its document in the file.
	document int
	at       tree.Position
}

// fieldLine matches a field or a list entry in a template: its indent, its key, its value.
var fieldLine = regexp.MustCompile(`^(\s*(?:- +)*)(?:([A-Za-z0-9_./-]+|"[^"]+"|'[^']+'):(?:\s+|$))?(.*)$`)

// maxTemplate is the size of a template in which lines are found, in bytes: each finding compares all.
const maxTemplate = 64 << 10

// templateFile is the key of the lines of a template.
type templateFile struct{ name string }

// templateLines are the fields of a template whose keys are literal. They are found once.
func templateLines(s *source.Source, file string) []templateLine {
	return source.Cached(s, templateFile{file}, func() []templateLine {
		text, err := s.Tree.ReadFile(file)
		if err != nil || len(text) > maxTemplate || !tree.IsYAML(file) {
			return nil
		}
		return linesOf(file, text)
	})
}

func linesOf(file string, text []byte) []templateLine {
	var lines []templateLine
	n, document := 0, 0
	for line := range strings.Lines(string(text)) {
		n++
		if strings.HasPrefix(line, "---") {
			document++
		}
		found := fieldLine.FindStringSubmatchIndex(strings.TrimRight(line, "\r\n"))
		if found == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		l := templateLine{document: document, value: scalar(line[found[6]:found[7]]), at: tree.Position{File: file, Line: n, Column: found[6] + 1}}
		l.literal = !strings.Contains(line, "{{") && !strings.Contains(line, "}}")
		if found[4] >= 0 {
			l.key = strings.Trim(line[found[4]:found[5]], `"'`)
			if l.value == "" || !l.literal {
				l.at.Column = found[4] + 1
			}
		}
		lines = append(lines, l)
		if l.literal && strings.HasPrefix(l.value, "{") {
			lines = append(lines, inFlow(l, line)...)
		}
	}
	return lines
}

// flowField matches a field of a map in braces.
var flowField = regexp.MustCompile(`[{,]\s*([A-Za-z0-9_./-]+):\s+([^{}\[\],\n]+)`)

// inFlow are the fields of a map in braces.
func inFlow(l templateLine, line string) []templateLine {
	var fields []templateLine
	for _, found := range flowField.FindAllStringSubmatchIndex(line, -1) {
		at := tree.Position{File: l.at.File, Line: l.at.Line, Column: found[4] + 1}
		fields = append(fields, templateLine{document: l.document, key: line[found[2]:found[3]], value: scalar(line[found[4]:found[5]]), literal: true, at: at})
	}
	return fields
}

// scalar is the value of a scalar in one line, without a comment.
func scalar(text string) string {
	text, _, _ = strings.Cut(text, " #")
	text = strings.TrimSpace(text)
	if len(text) > 1 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		return text[1 : len(text)-1]
	}
	return text
}

// only is the position of the line that fits, if exactly one does.
func only(lines []templateLine, fits func(templateLine) bool) (tree.Position, bool) {
	i := slices.IndexFunc(lines, fits)
	if i < 0 || slices.ContainsFunc(lines[i+1:], fits) {
		return tree.Position{}, false
	}
	return lines[i].at, true
}

// ownLines are the lines of the document that renders the object, of a template with several: the only
// one with its kind, or its kind and name. There are none if that is not certain.
func (o *Object) ownLines(lines []templateLine) []templateLine {
	if len(lines) == 0 || lines[0].document == lines[len(lines)-1].document {
		return lines
	}
	having := func(key, value string) []int {
		var documents []int
		for _, l := range lines {
			if l.literal && l.key == key && l.value == value && !slices.Contains(documents, l.document) {
				documents = append(documents, l.document)
			}
		}
		return documents
	}
	found := having("kind", o.GetKind())
	if len(found) > 1 {
		named := having("name", o.GetName())
		found = slices.DeleteFunc(found, func(document int) bool { return !slices.Contains(named, document) })
	}
	if len(found) != 1 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(lines), func(l templateLine) bool { return l.document != found[0] })
}

// locateRendered is the position of a field of an object that a template rendered. For a value, it
// is the only line of the template that has it; otherwise where the HelmRelease has it, the only
// line with its key, or where the HelmRelease names the chart. For other fields, it is the
// innermost one on their path that one line of the template has.
func (o *Object) locateRendered(field string) (tree.Position, bool) {
	lines := o.ownLines(templateLines(o.frame.files.Source, o.File()))
	steps, _ := object.Steps(field)
	value, exists := object.Quote(o.Object, field)
	if exists && isScalar(o.Object, field) && len(steps) > 0 {
		key := steps[len(steps)-1]
		if _, err := strconv.Atoi(key); err == nil {
			key = ""
		}
		if at, ok := only(lines, func(l templateLine) bool { return l.literal && l.key == key && l.value == value }); ok {
			return at, true
		}
		if field != "metadata.name" { // a message about the object as a whole
			return o.locateValue(lines, key, value), false
		}
	}
	return o.nearest(lines, steps), false
}

// nearest is the line of the innermost field on a path that only one line has, or that of the
// object.
func (o *Object) nearest(lines []templateLine, steps []string) tree.Position {
	for i := len(steps); i > 0; i-- {
		key := steps[i-1]
		if entry, ok := object.Read(o.Object, strings.Join(quoted(steps[:i]), "")); ok {
			if m, isMap := entry.(map[string]any); isMap && object.Text(m, "name") != "" {
				name := object.Text(m, "name")
				if at, ok := only(lines, func(l templateLine) bool { return l.literal && l.key == "name" && l.value == name }); ok {
					return at
				}
			}
		}
		if _, err := strconv.Atoi(key); err == nil || key == "metadata" || key == "name" {
			continue
		}
		if at, ok := only(lines, func(l templateLine) bool { return l.key == key }); ok {
			return at
		}
	}
	return startOf(lines, o)
}

// startOf is the line with the kind of an object, or its file if there are several.
func startOf(lines []templateLine, o *Object) tree.Position {
	if at, ok := only(lines, func(l templateLine) bool { return l.literal && l.key == "kind" && l.value == o.GetKind() }); ok {
		return at
	}
	return tree.Position{File: o.File()}
}

// locateValue is the position of a value that no line of the template has.
func (o *Object) locateValue(lines []templateLine, key, value string) tree.Position {
	if at, ok := o.inRelease(key, value); ok {
		return at
	}
	if _, tag, ok := strings.Cut(value[strings.LastIndex(value, "/")+1:], ":"); ok && key == "image" {
		if at, ok := o.inRelease("tag", tag); ok {
			return at
		}
	}
	if at, ok := only(lines, func(l templateLine) bool { return l.key == key && !l.literal }); ok && key != "" {
		return at
	}
	at, _ := o.origin.release.Locate(chartField(o.origin.release))
	return at
}

// inRelease is where the values of the HelmRelease have a value, if only one of them with the same
// key does, or only one of any key.
func (o *Object) inRelease(key, value string) (tree.Position, bool) {
	d := o.origin.release.Document()
	if d == nil {
		return tree.Position{}, false
	}
	values, _, ok := tree.Find(d.Node, "spec.values")
	if !ok {
		return tree.Position{}, false
	}
	named, all := scalars(values, "", key, value, 0)
	const telling = 4 // shorter values are often the same by chance
	if len(named) != 1 && len(all) == 1 && len(value) >= telling {
		named = all
	}
	if len(named) != 1 {
		return tree.Position{}, false
	}
	return tree.Position{File: d.File, Line: named[0].Line, Column: named[0].Column}, true
}

// scalars are the scalars below a node that have a value: those with a key, and all.
func scalars(n *yaml.Node, parent, key, value string, depth int) (named, all []*yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Value == value {
		all = append(all, n)
		if parent == key {
			named = append(named, n)
		}
		return named, all
	}
	for i, child := range n.Content {
		below := parent
		if n.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			below = n.Content[i-1].Value
		}
		if depth <= tree.MaxNesting {
			moreNamed, more := scalars(child, below, key, value, depth+1)
			named, all = append(named, moreNamed...), append(all, more...)
		}
	}
	return named, all
}

// chartField is the field of a HelmRelease that names its chart.
func chartField(release *Object) string {
	if object.Map(release.Object, "spec", "chartRef") != nil {
		return "spec.chartRef.name"
	}
	return "spec.chart.spec.chart"
}
