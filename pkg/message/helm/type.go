package helm

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// ValueError is a value of a release that has the wrong type, is not
// allowed or is missing.
type ValueError struct {
	// Chart is the chart whose schema refuses the value; empty if a template or the
	// API server does.
	Chart string
	// Path is the path of the value in the values of the chart: empty if only the
	// field of the object is known.
	Path []string
	// Field is the field of the rendered object that has the value, and Names are the
	// list entries in its path.
	Field string
	Names []string
	// Got and Want are types as in the message, if it has them; Got is the value
	// itself if the message quotes it.
	Got, Want string
	// Missing means that the value is not set.
	Missing bool
	Detail  string
}

var (
	schemaHead = match.Wording(`values don't meet the specifications of the schema\(s\) in the following chart\(s\):\n`)
	// helm.sh/helm/v4 4.2.4, pkg/chart/common/util/jsonschema.go.
	schemaChart = match.Wording(`^([A-Za-z0-9][-A-Za-z0-9_.]*):$`)
	// santhosh-tekuri/jsonschema v6, output.go and kind.go.
	schemaPointer = match.Wording(`^\s*- at '([^']*)': (.*)$`)
	// xeipuu/gojsonschema 1.2, through Helm 3.17 and older.
	schemaDotted = match.Wording(`^- ([^\s:]+): (.*)$`)
	// The word after "password': " is redacted in a snapshot.
	schemaTypes = match.Wording(`^(?:got|<redacted>) ([a-z]+), want (.+)$`)
	schemaOlder = match.Wording(`^(?:Invalid|<redacted>) type\. Expected: (.+), given: (\S+)$`)
	schemaExtra = match.Wording(`^(?:additional properties '([^']+)' not allowed|Additional property (\S+) is not allowed)$`)
	schemaLacks = match.Wording(`^(?:missing property '([^']+)'|(\S+) is required)$`)
	// Lines that only summarize the lines below them.
	schemaSum = match.Wording(`^(?:'(?:oneOf|anyOf|allOf|not)' failed|validation failed|Must validate )`)
)

// ParseValueErrors parses the errors in the values of a release: what the schema of
// the chart refuses, what a template can't use, and what the API server can't decode.
func ParseValueErrors(message string) ([]ValueError, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if at := schemaHead.FindStringIndex(text); at != nil {
		all := schemaErrors(text[at[1]:])
		return all, len(all) > 0
	}
	if e, ok := templateValue(text); ok {
		return []ValueError{e}, true
	}
	all := decodingErrors(text)
	return all, len(all) > 0
}

func schemaErrors(text string) (all []ValueError) {
	chart := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if found := schemaChart.FindStringSubmatch(line); found != nil {
			chart = match.Word(found[1])
			continue
		}
		e := ValueError{Chart: chart}
		if found := schemaPointer.FindStringSubmatch(line); found != nil {
			e.Path, e.Detail = pointer(found[1]), match.Detail(found[2])
		} else if found := schemaDotted.FindStringSubmatch(line); found != nil {
			e.Path, e.Detail = dotted(found[1]), match.Detail(found[2])
		} else {
			continue
		}
		if schemaSum.MatchString(e.Detail) {
			continue
		}
		e.readSchema()
		if all = append(all, e); len(all) == match.MaxItems {
			break
		}
	}
	return all
}

func (e *ValueError) readSchema() {
	if found := schemaTypes.FindStringSubmatch(e.Detail); found != nil {
		e.Got, e.Want = match.Word(found[1]), match.Word(found[2])
		e.Detail = strings.Replace(e.Detail, "<redacted>", "got", 1)
	} else if found := schemaOlder.FindStringSubmatch(e.Detail); found != nil {
		e.Got, e.Want = match.Word(found[2]), match.Word(found[1])
		e.Detail = strings.Replace(e.Detail, "<redacted>", "Invalid", 1)
	} else if found := schemaExtra.FindStringSubmatch(e.Detail); found != nil {
		e.Path = append(e.Path, match.Word(found[1]+found[2]))
	} else if found := schemaLacks.FindStringSubmatch(e.Detail); found != nil {
		e.Path, e.Missing = append(e.Path, match.Word(found[1]+found[2])), true
	}
}

// pointer reads a JSON pointer (RFC 6901).
func pointer(text string) []string {
	if text == "" {
		return nil
	}
	steps := strings.Split(strings.TrimPrefix(text, "/"), "/")
	for i, step := range steps {
		steps[i] = match.Word(strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
	}
	return steps[:min(len(steps), match.MaxItems)]
}

func dotted(text string) []string {
	if text == "(root)" {
		return nil
	}
	steps := strings.Split(text, ".")
	for i, step := range steps {
		steps[i] = match.Word(step)
	}
	return steps[:min(len(steps), match.MaxItems)]
}

var (
	// Go's text/template, exec.go: the action in angle brackets, then the error.
	templateAction = match.Wording(`at <([^<>\n]*)>:\s+((?:error calling \w+:\s+)*)((?:wrong type for value; expected ([^;\n]+); got ([^\n]+)|can't evaluate field \w+ in type ([^\n]+)|range can't iterate over [^\n]*|nil pointer evaluating [^\n]+))\s*$`)
	templateValues = match.Wording(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)
)

// templateValue parses a template that can't use a value.
func templateValue(text string) (ValueError, bool) {
	failed := templateAction.FindStringSubmatch(text)
	if failed == nil {
		return ValueError{}, false
	}
	value := templateValues.FindStringSubmatch(failed[1])
	if value == nil {
		return ValueError{}, false
	}
	e := ValueError{Path: dotted(value[1][1:]), Want: match.Word(failed[4]), Got: match.Word(failed[5] + failed[6]), Detail: match.Detail(failed[3])}
	switch {
	case strings.HasPrefix(e.Detail, "nil pointer"):
		e.Missing = true
	case strings.HasPrefix(e.Detail, "range can't"):
		e.Want = "list"
	}
	var helm Failure
	if helm.template(text) && e.Path[0] != "global" {
		e.Path = append(subcharts(helm.Within.File), e.Path...)
	}
	return e, true
}

// subcharts are the charts on the way to a template, "a/charts/b/templates/x":
// their values are under their names.
func subcharts(file string) (names []string) {
	parts := strings.Split(file, "/")
	for i := 1; i+1 < len(parts) && parts[i] == "charts"; i += 2 {
		names = append(names, match.Word(parts[i+1]))
	}
	return names
}

var (
	// sigs.k8s.io/json and Go's encoding/json, UnmarshalTypeError.
	decodeField = match.Wording(`json: (cannot unmarshal (\w+) into Go struct field \w+\.([\w.]+) of type (\S+))`)
	// sigs.k8s.io/structured-merge-diff v6, typed/validate.go.
	typedField = match.Wording(`(?:\): |\n\s*|errors:\s+)\.([^\s:]+): (expected (string|numeric|boolean|list|map)[^,\n]*, got (?:&value\.valueUnstructured\{Value:([^}\n]*)\}|[^\n]*))`)
	fieldNames = match.Wording(`\[\w+="([^"\]]+)"\]`)
	// k8s.io/kubectl's validation against the schema, until Helm 3.17.
	checkedField = match.Wording(`ValidationError\(\w+\.([^)\n]+)\): invalid type for [^:\n]+: (got "(\w+)", expected "(\w+)")`)
	// k8s.io/kube-openapi, pkg/validation/errors, of custom resources.
	bodyField = match.Wording(`Invalid value: "?\w*"?: ([\w.\[\]]+) (in body must be of type (\w+)): "(\w+)"`)
)

// decodingErrors parses what the API server can't decode.
func decodingErrors(text string) (all []ValueError) {
	for _, found := range decodeField.FindAllStringSubmatch(text, match.MaxItems) {
		all = append(all, ValueError{Field: match.Word(found[3]), Got: match.Word(found[2]), Want: match.Word(found[4]), Detail: match.Detail(found[1])})
	}
	for _, found := range typedField.FindAllStringSubmatch(text, match.MaxItems) {
		e := ValueError{Field: match.Word(found[1]), Got: match.Word(found[4]), Want: match.Word(found[3]), Detail: match.Detail(found[2])}
		for _, name := range fieldNames.FindAllStringSubmatch(e.Field, match.MaxItems) {
			e.Names = append(e.Names, match.Word(name[1]))
		}
		all = append(all, e)
	}
	for _, found := range checkedField.FindAllStringSubmatch(text, match.MaxItems) {
		all = append(all, ValueError{Field: match.Word(found[1]), Got: match.Word(found[3]), Want: match.Word(found[4]), Detail: match.Detail(found[2])})
	}
	for _, found := range bodyField.FindAllStringSubmatch(text, match.MaxItems) {
		all = append(all, ValueError{Field: match.Word(found[1]), Got: match.Word(found[4]), Want: match.Word(found[3]), Detail: match.Detail(found[2])})
	}
	return all[:min(len(all), match.MaxItems)]
}
