package helm

import (
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Position is a position in a template of a chart.
type Position struct {
	// File begins with the name of the chart: "chart/templates/x.yaml".
	File         string
	Line, Column int
	// Rendered means that the line is one of the output of the template, not of the
	// template: YAML is parsed after rendering, document by document.
	Rendered bool
}

const fileShape = `(?P<file>[^\s:()"'<>]+)`

var (
	// Go's text/template (exec.go, parse.go), which Helm 3 passes on.
	templateAt = match.Wording(`template: ` + fileShape + `:(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?: `)
	// helm.sh/helm/v4 4.2.4, pkg/engine/engine.go: reformatExecErrorMsg has a
	// line for the place and the next for the action.
	templateTrace = match.Wording(`(?m)(?:^|: )` + fileShape + `:(?P<line>\d{1,9})(?::(?P<column>\d{1,9}))?\n\s+executing "`)
	// The same file, cleanupParseError and reformatExecErrorMsg; Helm 3 too.
	templateError = match.Wording(`(?:parse|execution) error (?:at|in) \(` + fileShape + `(?::(?P<line>\d{1,9}))?(?::(?P<column>\d{1,9}))?\): `)
	// pkg/release/v1/util/manifest_sorter.go, then sigs.k8s.io/yaml; with a post
	// renderer, pkg/action/action.go, which reads the manifests before that.
	templateYAML     = match.Wording(`(?:YAML parse error on|error merging manifests: parsing) ` + fileShape + `: `)
	templateYAMLLine = match.Wording(`yaml: (?:unmarshal errors:\s+)?line (\d{1,9}): `)
)

// template parses the position in the templates of a chart at which rendering failed.
func (h *Failure) template(cause string) bool {
	if found := match.Groups(templateYAML, cause); found != nil {
		h.At = Position{File: match.Word(found["file"])}
		if line := templateYAMLLine.FindStringSubmatch(cause); line != nil {
			h.At.Line, h.At.Rendered = number(line[1]), true
		}
		h.Within = h.At
		return true
	}
	for _, expression := range []*match.Pattern{templateError, templateTrace, templateAt} {
		places := expression.FindAllString(cause, match.MaxItems)
		if len(places) == 0 {
			continue
		}
		h.At = position(match.Groups(expression, places[0]))
		h.Within = position(match.Groups(expression, places[len(places)-1]))
		return true
	}
	return false
}

func position(found map[string]string) Position {
	return Position{File: match.Word(found["file"]), Line: number(found["line"]), Column: number(found["column"])}
}

// number reads digits that an expression has counted; zero for none.
func number(digits string) int {
	value, err := strconv.Atoi(strings.TrimSpace(digits))
	if err != nil {
		return 0
	}
	return value
}
