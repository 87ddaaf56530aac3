package artifact

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Output is an entry of spec.artifacts.
type Output struct {
	Name   string
	Copies []Copy
}

// maxOutputs is the number of artifacts of a generator.
const maxOutputs = 10_000

var (
	// capture matches a variable in spec.pathPattern and in what uses it.
	capture = regexp.MustCompile(`\{([^{}]*)\}`)
	// captureName matches its name.
	captureName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// Expand are the outputs of a generator with a spec.pathPattern, such as "@repo/apps/{app}", for each
// directory of a source that matches. Source of the rules: buildArtifactRequests in
// github.com/fluxcd/source-watcher v2.2.1, internal/controller/artifactgenerator_pathpattern.go.
func Expand(pathPattern string, source *Files, outputs []Output) ([]Output, error) {
	_, pattern, err := splitFrom(pathPattern)
	if err != nil {
		return nil, err
	}
	if len(pattern) > maxPattern {
		return nil, fail(tree.ErrTooLarge, "the pattern is too long")
	}
	matcher, names, err := compile(pattern)
	if err != nil {
		return nil, err
	}
	var expanded []Output
	seen := map[string]bool{}
	for _, dir := range slices.Sorted(maps.Keys(source.dirs)) {
		values := matcher.FindStringSubmatch(dir)
		if values == nil || dir == "." {
			continue
		}
		captured, lower := map[string]string{}, map[string]string{}
		for i, name := range names {
			captured[name], lower[name] = values[i+1], strings.ToLower(values[i+1])
			if problems := validation.IsValidLabelValue(lower[name]); len(problems) > 0 {
				return nil, fail(ErrInvalid, "the name of the directory %s is not valid in a label", dir)
			}
		}
		for _, o := range outputs {
			rendered, err := o.render(captured, lower)
			switch {
			case err != nil:
				return nil, err
			case seen[rendered.Name] || len(validation.IsDNS1123Subdomain(rendered.Name)) > 0:
				return nil, fail(ErrInvalid, "the artifact name %q of the directory %s is not valid, or another directory has it", rendered.Name, dir)
			case len(expanded) == maxOutputs:
				return nil, fail(tree.ErrTooLarge, "there are more than %d artifacts", maxOutputs)
			}
			seen[rendered.Name] = true
			expanded = append(expanded, rendered)
		}
	}
	return expanded, nil
}

// compile is the expression that a pattern stands for, and the names of its variables.
func compile(pattern string) (*regexp.Regexp, []string, error) {
	var names []string
	var expression strings.Builder
	last := 0
	for _, at := range capture.FindAllStringSubmatchIndex(pattern, -1) {
		name := pattern[at[2]:at[3]]
		if !captureName.MatchString(name) || slices.Contains(names, name) {
			return nil, nil, fail(ErrInvalid, "the variable %q of the pattern is not valid, or is there twice", name)
		}
		names = append(names, name)
		expression.WriteString(regexp.QuoteMeta(pattern[last:at[0]]) + `([^/]+)`)
		last = at[1]
	}
	expression.WriteString(regexp.QuoteMeta(pattern[last:]))
	if strings.ContainsAny(capture.ReplaceAllString(pattern, ""), "{}") {
		return nil, nil, fail(ErrInvalid, "the pattern %q has a brace without another", pattern)
	}
	matcher, err := regexp.Compile("^" + expression.String() + "$")
	if err != nil {
		return nil, nil, fail(ErrInvalid, "the pattern %q is not valid", pattern)
	}
	return matcher, names, nil
}

// render replaces the variables of an output: in its name in lower case.
func (o Output) render(captured, lower map[string]string) (Output, error) {
	var failed error
	replace := func(text string, values map[string]string) string {
		if strings.ContainsAny(capture.ReplaceAllString(text, ""), "{}") {
			failed = fail(ErrInvalid, "%q has a brace without another", text)
		}
		return capture.ReplaceAllStringFunc(text, func(variable string) string {
			value, ok := values[variable[1:len(variable)-1]]
			if !ok {
				failed = fail(ErrInvalid, "the variable %s is not in spec.pathPattern", variable)
			}
			return value
		})
	}
	rendered := Output{Name: replace(o.Name, lower)}
	for _, c := range o.Copies {
		c.From, c.To = replace(c.From, captured), replace(c.To, captured)
		rendered.Copies = append(rendered.Copies, c)
	}
	return rendered, failed
}
