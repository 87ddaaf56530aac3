package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// statement is a message about the failure of an object.
type statement struct {
	reason, text string
	at           time.Time
	proof        finding.Evidence
}

// statements are the messages that may contain the error of Helm, the newest first:
// from helm-controller 0.37 on, Helm's own errors are in the events, and after Flux has
// uninstalled a failed release, only there. Events from before the current sequence of
// failures are about something else.
func (r release) statements() []statement {
	if r.exam.verdict.Status != health.Failing {
		return nil
	}
	var all []statement
	released := field.ConditionOf(r.obj, "Released")
	for _, e := range r.x.warnings(r.obj) {
		if released.Status == "False" && e.Last.Before(released.Since.Add(-time.Minute)) {
			continue
		}
		all = append(all, statement{e.Reason, e.Message, e.First, eventEvidence(r.exam.verdict.Ref, e)})
	}
	for _, kind := range []string{"Released", "TestSuccess", "Ready", "Stalled"} {
		if c := field.ConditionOf(r.obj, kind); c.Message != "" && (c.Status == "False") == (kind != "Stalled") {
			all = append(all, statement{c.Reason, c.Message, c.Since, quote(r.obj, c)})
		}
	}
	return all
}

// helm reports why Helm failed: a template, a hook, a refusal of the API server; or
// blames the installed objects that Helm waits for. The newest message counts: an
// attempt that waited for objects had passed all earlier steps.
func (r release) helm(failing bool) {
	timedOut := false
	for _, m := range r.statements() {
		parsed, ok := r.x.message(m.text).Helm()
		if ok && (parsed.Action == "rollback" || strings.HasPrefix(parsed.Action, "uninstall")) {
			continue // of what was done after the failure
		}
		if r.reported(parsed, m) {
			return
		}
		if ok && (parsed.Problem == fluxmsg.HelmNotReady || len(parsed.NotReady()) > 0) {
			r.waitedFor(parsed.NotReady())
			timedOut = true
			break
		}
		if r.refused(parsed, m) {
			return
		}
	}
	r.installed(failing)
	switch {
	case !failing || len(r.exam.blame) > 0:
	case r.exam.verdict.Status == health.Progressing:
		r.underway()
	default:
		r.fallback(timedOut)
	}
}

// underway reports a release in progress, the end of which an object above it did not
// wait for.
func (r release) underway() {
	f := r.finding(codeReleaseUnderway, string(r.exam.verdict.Reason), fmt.Sprintf("%s is still in progress and has not failed: %s", finding.RefOf(r.obj), r.exam.verdict.Message))
	f.Severity, f.Evidence = finding.Warning, nil
	if r.ready.Status == "True" || r.ready.Status == "" {
		for _, path := range [][]string{{"metadata", "generation"}, {"status", "observedGeneration"}} {
			if value := field.Int(r.obj.Object, path...); value != 0 {
				f.Evidence = append(f.Evidence, evidence(r.obj, strings.Join(path, "."), strconv.FormatInt(value, 10), time.Time{}))
			}
		}
	} else {
		f.Evidence = append(f.Evidence, evidence(r.obj, r.ready.Path, r.ready.Reason+": "+r.ready.Message, r.ready.Since))
	}
	f.Fixes = []finding.Fix{{Text: "Wait until it has finished", Command: escape.Command("flux get helmrelease %s -n %s --watch", r.obj.GetName(), r.obj.GetNamespace())}}
	if len(f.Evidence) > 0 {
		r.exam.fallback = append(r.exam.fallback, f)
	}
}

// reported adds the finding for a message that names the problem by itself.
func (r release) reported(parsed fluxmsg.Helm, m statement) bool {
	wrong, _ := r.x.message(m.text).HelmValueErrors()
	switch {
	case parsed.Problem == fluxmsg.HelmPending:
		r.locked(m)
	case parsed.Problem == fluxmsg.HelmCanceled:
		r.canceled(parsed, m)
	case parsed.Problem == fluxmsg.HelmStoredManifest:
		return r.storedManifest(m)
	case parsed.Problem == fluxmsg.HelmTemplate && (len(wrong) == 0 || wrong[0].Missing):
		r.exam.findings = append(r.exam.findings, r.template(parsed, wrong, m))
	case parsed.Problem == fluxmsg.HelmHook:
		r.hook(parsed, m)
	case len(wrong) > 0:
		r.wrongValues(wrong, parsed, m)
	case parsed.Problem == fluxmsg.HelmPostRender:
		r.postRenderer(m)
	case parsed.Action == "test" && parsed.Problem != fluxmsg.HelmNotReady:
		r.tested(parsed, m)
	default:
		return r.recorded(parsed, m)
	}
	return true
}

// template reports a chart that can't be rendered.
func (r release) template(parsed fluxmsg.Helm, wrong []fluxmsg.HelmValueError, m statement) finding.Finding {
	where := parsed.At.File
	if parsed.At.Line > 0 {
		where += fmt.Sprintf(", line %d", parsed.At.Line)
	}
	f := r.finding(codeTemplateFailed, string(r.exam.verdict.Reason), fmt.Sprintf("the chart of %s can't be rendered: %s: %s", finding.RefOf(r.obj), where, firstLine(parsed.Cause)))
	f.Evidence = withProof(f.Evidence, m.proof)
	fix := finding.Fix{File: r.x.definedIn(r.obj), Command: r.showChart("values")}
	switch {
	case len(wrong) > 0:
		fix.Text = fmt.Sprintf("Set %s in spec.values, as in the values of chart %s", valuesPath(wrong[0].Path)[len("spec.values."):], r.chartName())
	case strings.HasPrefix(parsed.Cause, "execution error at"):
		fix.Text = fmt.Sprintf("Set the value in spec.values that %s of chart %s requires", where, r.chartName())
	case strings.HasPrefix(parsed.Cause, "parse error"):
		fix.Text = fmt.Sprintf("Correct %s in chart %s, or use a version of the chart without the error", where, r.chartName())
	case parsed.At.Rendered:
		fix.Text = fmt.Sprintf("Render the chart with spec.values, and check %s of the output of %s", strings.TrimPrefix(where, parsed.At.File+", "), parsed.At.File)
		fix.Command = r.chartCommand("helm template")
	default:
		fix.Text = fmt.Sprintf("Compare what %s in chart %s uses with spec.values", where, r.chartName())
	}
	f.Fixes = []finding.Fix{fix, r.retry()}
	return f
}

func (r release) chartName() string {
	spec := field.Map(r.obj.Object, "spec", "chart", "spec")
	return strings.TrimSuffix(field.Text(spec, "chart")+" "+field.Text(spec, "version"), " ")
}

// tested reports a failed test of the chart, and blames its pod while the pod exists.
func (r release) tested(parsed fluxmsg.Helm, m statement) {
	for _, pod := range r.x.snap.List(health.PodKind, r.target()).Objects {
		test := strings.Contains(pod.GetAnnotations()["helm.sh/hook"], "test")
		named := strings.Contains(parsed.Cause, "pod "+pod.GetName()+" failed")
		if (named || test && r.owns(pod)) && field.Text(pod.Object, "status", "phase") == "Failed" {
			r.exam.blame = addRef(r.exam.blame, finding.RefOf(pod))
		}
	}
	f := r.finding(codeTestFailed, m.reason, fmt.Sprintf("the test of %s failed: %s; what it installed may still work", finding.RefOf(r.obj), firstLine(parsed.Cause)))
	f.Evidence = withProof(f.Evidence, m.proof)
	f.Fixes = []finding.Fix{{Text: "Run the test again and read its log", Command: r.helmCommand("test", "--logs")}, r.retry()}
	r.exam.findings = append(r.exam.findings, f)
}

// postRenderer reports a post-renderer that fails on the rendered chart.
func (r release) postRenderer(m statement) {
	parsed, _ := r.x.message(m.text).Helm()
	f := r.finding(codePostRenderer, m.reason, fmt.Sprintf("spec.postRenderers of %s fail on the rendered chart: %s", finding.RefOf(r.obj), firstLine(parsed.Cause)))
	f.Evidence = withProof(f.Evidence, m.proof)
	fix := finding.Fix{Text: "Compare the targets of spec.postRenderers with the objects that the chart renders", Command: r.chartCommand("helm template"), File: r.x.definedIn(r.obj)}
	for i, renderer := range field.List(r.obj.Object, "spec", "postRenderers") {
		for j, patch := range field.List(renderer, "kustomize", "patches") {
			name := field.Text(patch, "target", "name")
			if name == "" || !strings.Contains(parsed.Cause, name) {
				continue
			}
			path := fmt.Sprintf("spec.postRenderers[%d].kustomize.patches[%d].target.name", i, j)
			f.Evidence = withProof(f.Evidence, evidence(r.obj, path, name, time.Time{}))
			fix.Text = "Correct " + path + ": the chart renders no object that matches it"
		}
	}
	f.Fixes = []finding.Fix{fix, r.retry()}
	r.exam.findings = append(r.exam.findings, f)
}
