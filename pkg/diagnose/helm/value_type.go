package helm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// maxWrongValues is how many values of a release are reported individually.
const maxWrongValues = 4

// releaseValue is a place in the values of a release.
type releaseValue struct {
	// path begins with spec.values.
	path  string
	value any
	// set means that the release itself sets the value.
	set bool
}

// wrongValues reports values that the schema of the chart, a template or the API server
// refuses. The release sets them, not the object that contains them.
func wrongValues(r flux.Release, all []helm.ValueError, parsed helm.Failure, m flux.Statement) {
	f := releaseFinding(r, engine.CodeReleaseValue, m.Reason, "")
	f.Evidence = []finding.Evidence{m.Proof}
	var texts []string
	for _, e := range all[:min(len(all), maxWrongValues)] {
		places := places(r, e)
		texts = append(texts, wrongValue(r, e, places, parsed, m.Text))
		for _, at := range places {
			if text, ok := quoted(at.value); at.set && ok {
				f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(r.Obj, at.path, text, time.Time{}))
			}
		}
		switch len(places) {
		case 0:
			f.Fixes = append(f.Fixes, findValue(r, e)...)
		case 1:
			f.Fixes = append(f.Fixes, finding.Fix{Text: valueFix(e, places[0]), File: r.X.DefinedIn(r.Obj)})
		default:
			f.Fixes = append(f.Fixes, chooseValue(r, e, places))
		}
	}
	slices.Sort(texts)
	what := "has a value that its chart cannot use"
	if all[0].Field != "" {
		what = "has an object that the API server refuses"
	}
	f.Message = fmt.Sprintf("%s %s: %s", f.Ref, what, strings.Join(slices.Compact(texts), "; "))
	f.Fixes = append(slices.CompactFunc(f.Fixes, func(a, b finding.Fix) bool { return a == b }), retry(r))
	r.Result.Findings = append(r.Result.Findings, f)
}

// wrongValue reports one value.
func wrongValue(r flux.Release, e helm.ValueError, places []releaseValue, parsed helm.Failure, text string) string {
	where := "a value"
	if len(places) == 1 {
		where = places[0].path
	} else if len(e.Path) > 0 {
		where = valuesPath(e.Path)
	}
	switch {
	case e.Chart != "":
		return fmt.Sprintf("%s: the schema of chart %s reports: %s", where, e.Chart, e.Detail)
	case e.Field != "":
		refused, _ := r.X.Message(text).APIError()
		object := strings.TrimSpace(refused.Object.Kind + " " + refused.Object.Name)
		if object != "" {
			object = " of " + object
		}
		problem := fmt.Sprintf("%s%s: %s", e.Field, object, e.Detail)
		if len(places) == 1 {
			problem += "; the value seems to come from " + where
		}
		return problem
	}
	return fmt.Sprintf("%s: template %s, line %d, reports: %s", where, parsed.Within.File, parsed.Within.Line, e.Detail)
}

// places are where the release sets the value; a value that it does not set is included
// if the message has its path.
func places(r flux.Release, e helm.ValueError) []releaseValue {
	values := object.Map(r.Obj.Object, "spec", "values")
	if len(e.Path) == 0 {
		return candidates(values, e)
	}
	path := e.Path
	if e.Chart != "" && e.Chart != mainChart(r) { // a subchart's values are under its name
		path = append([]string{e.Chart}, path...)
	}
	at, value := deepest(values, path)
	switch {
	case len(at) == len(path):
		return []releaseValue{{valuesPath(at), value, true}}
	case len(at) > 0 && value != nil && isScalar(value):
		return []releaseValue{{valuesPath(at), value, true}} // a scalar where there must be a map
	case e.Missing:
		return []releaseValue{{path: valuesPath(path)}}
	}
	return nil
}

// mainChart is the name of the chart of the release, as in errors of its schema.
func mainChart(r flux.Release) string {
	if history := object.List(r.Obj.Object, "status", "history"); len(history) > 0 {
		if name := object.Text(history[0], "chartName"); name != "" {
			return name
		}
	}
	chart := object.Text(r.Obj.Object, "spec", "chart", "spec", "chart")
	return chart[strings.LastIndex(chart, "/")+1:]
}

// deepest follows the path as far as it exists.
func deepest(values map[string]any, path []string) (at []string, value any) {
	value = values
	for _, step := range path {
		var next any
		ok := false
		switch in := value.(type) {
		case map[string]any:
			next, ok = in[step]
		case []any:
			index, err := strconv.Atoi(step)
			if ok = err == nil && index >= 0 && index < len(in); ok {
				next = in[index]
			}
		}
		if !ok {
			return at, value
		}
		at, value = append(at, step), next
	}
	return at, value
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][-A-Za-z0-9_]*$`)

// valuesPath writes a path into spec.values.
func valuesPath(path []string) string {
	text := "spec.values"
	for _, step := range path {
		if plainKey.MatchString(step) {
			text += "." + step
		} else {
			text += "[" + step + "]"
		}
	}
	return text
}

// quoted is a value as evidence; a value that is too long is not quoted.
func quoted(value any) (string, bool) {
	switch value.(type) {
	case nil:
		return "", false
	case map[string]any, []any:
		text, err := json.Marshal(value)
		return string(text), err == nil && len(text) <= engine.MaxValue && !strings.Contains(string(text), `\u003c`) // a value with something redacted is no evidence
	}
	text := fmt.Sprint(value)
	return text, len(text) <= engine.MaxValue
}

// isScalar reports whether a value is neither a map nor a list.
func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// chooseValue is what to check if several values may be wrong: a snapshot has their
// paths, but not the values.
func chooseValue(r flux.Release, e helm.ValueError, places []releaseValue) finding.Fix {
	var paths []string
	for _, at := range places {
		paths = append(paths, at.path)
	}
	fix := finding.Fix{Text: fmt.Sprintf("Check which of %s is not a valid %s, and correct it", strings.Join(paths, ", "), cmp.Or(e.Want, "value")), File: r.X.DefinedIn(r.Obj)}
	if e.Want == "string" {
		fix.Text = fmt.Sprintf("Check which of %s is not a string, and put it in quotes", strings.Join(paths, ", "))
	}
	fix.Command = escape.Command("kubectl get helmrelease %s -n %s -o jsonpath='{.spec.values}'", r.Obj.GetName(), r.Obj.GetNamespace())
	return fix
}

// valueFix is how to correct a value.
func valueFix(e helm.ValueError, at releaseValue) string {
	switch want := e.Want; {
	case e.Missing && !at.set:
		return "Set " + at.path + ", which the chart requires"
	case strings.HasPrefix(strings.ToLower(e.Detail), "additional propert"):
		return fmt.Sprintf("Remove %s, or correct its name: the chart does not have such a value", at.path)
	case want == "string":
		return fmt.Sprintf("Set %s to a string: put the value in quotes", at.path)
	case strings.HasPrefix(want, "int") || want == "integer" || want == "number" || want == "numeric" || want == "float64":
		return fmt.Sprintf("Set %s to a number, without quotes", at.path)
	case want == "bool" || want == "boolean":
		return fmt.Sprintf("Set %s to true or false, without quotes", at.path)
	case want == "list" || want == "array" || strings.HasPrefix(want, "[]"):
		return fmt.Sprintf("Set %s to a list", at.path)
	case want == "map" || want == "object" || strings.HasPrefix(want, "map["):
		return fmt.Sprintf("Set %s to a map", at.path)
	case want == "" && strings.HasPrefix(e.Detail, "can't evaluate field"):
		return fmt.Sprintf("Set %s to a map that has the field, as the values of the chart do", at.path)
	}
	return fmt.Sprintf("Correct %s", at.path)
}

// findValue is where to find a value that the release does not set itself.
func findValue(r flux.Release, e helm.ValueError) (fixes []finding.Fix) {
	what := "the value"
	if len(e.Path) > 0 {
		what = valuesPath(e.Path)[len("spec.values."):]
	}
	for _, from := range object.List(r.Obj.Object, "spec", "valuesFrom") {
		kind, name := object.Text(from, "kind"), object.Text(from, "name")
		target := object.Text(from, "targetPath")
		if kind == "" || name == "" || target != "" && len(e.Path) > 0 && target != strings.Join(e.Path, ".") {
			continue
		}
		fix := finding.Fix{Text: fmt.Sprintf("Check %s in %s: spec.values does not set it", what, engine.CoreRef(kind, r.Obj.GetNamespace(), name)),
			Command: escape.Command("kubectl get %s %s -n %s -o yaml", strings.ToLower(kind), name, r.Obj.GetNamespace()), File: r.X.DefinedIn(r.Obj)}
		if target != "" && len(e.Path) > 0 && e.Want == "string" {
			fix.Text = fmt.Sprintf("In spec.valuesFrom, set literal: true for %s from %s: without it, the value is parsed as by helm --set, and a string of digits becomes a number",
				what, engine.CoreRef(kind, r.Obj.GetNamespace(), name))
		}
		fixes = append(fixes, fix)
	}
	if len(fixes) == 0 {
		text := fmt.Sprintf("Compare %s with the values of chart %s: spec.values does not set it", what, chartName(r))
		if e.Field != "" {
			text = fmt.Sprintf("Check what in chart %s sets the field: spec.values has no value of its name", chartName(r))
		}
		fixes = append(fixes, finding.Fix{Text: text, Command: showChart(r, "values")})
	}
	return fixes
}

// showChart is the helm show command for the chart of the release, if the repository of
// the chart is known.
func showChart(r flux.Release, what string) string {
	return chartCommand(r, "helm show "+escape.ShellWord(what))
}

// chartCommand is a helm command about the chart in its repository; if the repository
// is not known, a command about what is installed.
func chartCommand(r flux.Release, verb string) string {
	return cmp.Or(requestedChart(r).command(verb), helmCommand(r, "get values", "--all"))
}

// commonSteps of the path of a field do not identify the value.
var commonSteps = map[string]bool{"spec": true, "template": true, "metadata": true, "containers": true, "initcontainers": true, "value": true, "data": true}

// candidates are the values that may be in the field of an object that the API server
// can't decode: those below a name that the field also has.
func candidates(values map[string]any, e helm.ValueError) []releaseValue {
	var steps []string
	for _, step := range strings.Split(fieldIndex.ReplaceAllString(e.Field, ""), ".") {
		if step = strings.ToLower(step); step != "" && !commonSteps[step] {
			steps = append(steps, step)
		}
	}
	if len(steps) > 2 {
		steps = steps[len(steps)-2:]
	}
	var found []releaseValue
	eachLeaf(values, nil, func(path []string, beside map[string]any, value any) {
		entry := object.Text(beside, "name") != "" && beside["value"] != nil // of a list of names and values
		if entry && path[len(path)-1] != "value" {
			return
		}
		named := len(e.Names) > 0 && slices.Contains(path, e.Names[len(e.Names)-1])
		if named || len(e.Names) < 2 && fitsStep(path, steps) || entry && len(e.Names) > 1 && fitsStep(path, []string{"env"}) {
			found = append(found, releaseValue{valuesPath(path), value, true})
		}
	})
	found = namedAlike(found, steps)
	slices.SortFunc(found, func(a, b releaseValue) int { return strings.Compare(a.path, b.path) })
	return found[:min(len(found), maxWrongValues)]
}

// namedAlike keeps the values whose own key is that of the field, if there are any.
func namedAlike(found []releaseValue, steps []string) []releaseValue {
	if len(steps) == 0 {
		return found
	}
	var same []releaseValue
	for _, at := range found {
		if strings.EqualFold(at.path[strings.LastIndex(at.path, ".")+1:], steps[len(steps)-1]) {
			same = append(same, at)
		}
	}
	if len(same) > 0 {
		return same
	}
	return found
}

var fieldIndex = regexp.MustCompile(`\[[^\]]*\]`)

// fitsStep reports whether a key on the path is that of the field, in the variants that
// charts use: env, extraEnv, extraEnvVars.
func fitsStep(path, steps []string) bool {
	return slices.ContainsFunc(path, func(key string) bool {
		return slices.ContainsFunc(steps, func(step string) bool {
			return strings.Contains(strings.ToLower(key), strings.TrimSuffix(step, "s"))
		})
	})
}

// eachLeaf visits the scalars of the values, each with the map that contains it.
func eachLeaf(value any, path []string, visit func(path []string, beside map[string]any, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			if isScalar(below) {
				visit(append(slices.Clone(path), key), v, below)
			} else {
				eachLeaf(below, append(slices.Clone(path), key), visit)
			}
		}
	case []any:
		for i, below := range v {
			step := append(slices.Clone(path), strconv.Itoa(i))
			if isScalar(below) {
				visit(step, nil, below)
			} else {
				eachLeaf(below, step, visit)
			}
		}
	}
}
