package build

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// FromTemplate is an object that a template of a chart renders for a HelmRelease.
func FromTemplate(s *Source, obj *unstructured.Unstructured, template string, release *Object) *Object {
	return &Object{Unstructured: obj, origin: &origin{file: template, release: release}, frame: &frame{source: s}}
}

// templateLine is a line of a template that is a field or a list entry.
type templateLine struct {
	key, value string
	// literal: the value has no action.
	literal bool
	at      tree.Position
}

// fieldLine matches a field or a list entry in a template: its indent, its key, its value.
var fieldLine = regexp.MustCompile(`^(\s*(?:- +)*)(?:([A-Za-z0-9_./-]+|"[^"]+"|'[^']+'):(?:\s+|$))?(.*)$`)

// templateLines are the fields of a template whose keys are literal.
func templateLines(file string, text []byte) []templateLine {
	var lines []templateLine
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		found := fieldLine.FindStringSubmatchIndex(strings.TrimRight(line, "\r\n"))
		if found == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		l := templateLine{value: scalar(line[found[6]:found[7]]), at: tree.Position{File: file, Line: n, Column: found[6] + 1}}
		l.literal = !strings.Contains(line, "{{") && !strings.Contains(line, "}}")
		if found[4] >= 0 {
			l.key = strings.Trim(line[found[4]:found[5]], `"'`)
			if l.value == "" || !l.literal {
				l.at.Column = found[4] + 1
			}
		}
		lines = append(lines, l)
	}
	return lines
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

// locateRendered is the position of a field of an object that a template rendered: the line of the
// template if it is certain. For another value, it is where the HelmRelease has it or names the
// chart; for a field that does not exist, the innermost one that does.
func (o *Object) locateRendered(field string) (tree.Position, bool) {
	text, err := o.frame.source.Tree.ReadFile(o.File())
	if err != nil {
		return o.origin.release.Locate(chartField(o.origin.release))
	}
	lines := templateLines(o.File(), text)
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
			return o.inRelease(value), false
		}
	}
	return o.nearest(lines, steps), false
}

// nearest is the line of the innermost field on a path that only one line has, or that of the
// object.
func (o *Object) nearest(lines []templateLine, steps []string) tree.Position {
	for i := len(steps); i > 1; i-- {
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

// inRelease is where the values of the HelmRelease have a value, if only one of them is the same,
// or where it names the chart.
func (o *Object) inRelease(value string) tree.Position {
	release := o.origin.release
	if d := release.Document(); d != nil && len(value) > 1 {
		if values, _, ok := tree.Find(d.Node, "spec.values"); ok {
			if found := scalars(values, value, 0); len(found) == 1 {
				return tree.Position{File: d.File, Line: found[0].Line, Column: found[0].Column}
			}
		}
	}
	at, _ := release.Locate(chartField(release))
	return at
}

// scalars are the scalars below a node that have a value.
func scalars(n *yaml.Node, value string, depth int) []*yaml.Node {
	if n.Kind == yaml.ScalarNode && n.Value == value {
		return []*yaml.Node{n}
	}
	var found []*yaml.Node
	for i, child := range n.Content {
		if depth <= tree.MaxNesting && (n.Kind != yaml.MappingNode || i%2 == 1) {
			found = append(found, scalars(child, value, depth+1)...)
		}
	}
	return found
}

// chartField is the field of a HelmRelease that names its chart.
func chartField(release *Object) string {
	if object.Map(release.Object, "spec", "chartRef") != nil {
		return "spec.chartRef.name"
	}
	return "spec.chart.spec.chart"
}
