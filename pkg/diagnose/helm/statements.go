package helm

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// statements are the messages that may contain the error of Helm, the newest first:
// from helm-controller 0.37 on, Helm's own errors are in the events, and after Flux has
// uninstalled a failed release, only there. Events from before the current sequence of
// failures are about something else.
func statements(r flux.Release) []flux.Statement {
	if r.Result.Verdict.Status != health.Failing {
		return nil
	}
	var all []flux.Statement
	released := object.ConditionOf(r.Obj, "Released")
	for _, e := range r.X.Warnings(r.Obj) {
		if released.Status == "False" && e.Last.Before(released.Since.Add(-time.Minute)) {
			continue
		}
		all = append(all, flux.Statement{Reason: e.Reason, Text: e.Message, At: e.First, Proof: engine.EventEvidence(r.Result.Verdict.Ref, e)})
	}
	for _, kind := range []string{"Released", "TestSuccess", "Ready", "Stalled"} {
		if c := object.ConditionOf(r.Obj, kind); c.Message != "" && (c.Status == "False") == (kind != "Stalled") {
			all = append(all, flux.Statement{Reason: c.Reason, Text: c.Message, At: c.Since, Proof: engine.Quote(r.Obj, c)})
		}
	}
	return all
}

// helmFailure reports why Helm failed: a template, a hook, a refusal of the API server; or
// blames the installed objects that Helm waits for. The newest message counts: an
// attempt that waited for objects had passed all earlier steps.
func helmFailure(r flux.Release, failing bool) {
	timedOut := false
	for _, m := range statements(r) {
		parsed, ok := r.X.Message(m.Text).Helm()
		if ok && (parsed.Action == "rollback" || strings.HasPrefix(parsed.Action, "uninstall")) {
			continue // of what was done after the failure
		}
		if reported(r, parsed, m) {
			return
		}
		if ok && (parsed.Problem == helm.ProblemNotReady || len(parsed.NotReady()) > 0) {
			waitedFor(r, parsed.NotReady())
			timedOut = true
			break
		}
		if refused(r, parsed, m) {
			return
		}
	}
	installed(r, failing)
	switch {
	case !failing || len(r.Result.Blame) > 0:
	case r.Result.Verdict.Status == health.Progressing:
		underway(r)
	default:
		fallback(r, timedOut)
	}
}

// underway reports a release in progress, the end of which an object above it did not
// wait for.
func underway(r flux.Release) {
	f := releaseFinding(r, engine.CodeReleaseUnderway, string(r.Result.Verdict.Reason), fmt.Sprintf("%s is still in progress and has not failed: %s", object.RefOf(r.Obj), r.Result.Verdict.Message))
	f.Severity, f.Evidence = finding.Warning, nil
	if r.Ready.Status == "True" || r.Ready.Status == "" {
		for _, path := range [][]string{{"metadata", "generation"}, {"status", "observedGeneration"}} {
			if value := object.Int(r.Obj.Object, path...); value != 0 {
				f.Evidence = append(f.Evidence, engine.Evidence(r.Obj, strings.Join(path, "."), strconv.FormatInt(value, 10), time.Time{}))
			}
		}
	} else {
		f.Evidence = append(f.Evidence, engine.Evidence(r.Obj, r.Ready.Path, r.Ready.Reason+": "+r.Ready.Message, r.Ready.Since))
	}
	f.Fixes = []finding.Fix{{Text: "Wait until it has finished", Command: escape.Command("flux get helmrelease %s -n %s --watch", r.Obj.GetName(), r.Obj.GetNamespace())}}
	if len(f.Evidence) > 0 {
		r.Result.Fallback = append(r.Result.Fallback, f)
	}
}

// reported adds the finding for a message that names the problem by itself.
func reported(r flux.Release, parsed helm.Failure, m flux.Statement) bool {
	wrong, _ := r.X.Message(m.Text).HelmValueErrors()
	switch {
	case parsed.Problem == helm.ProblemPending:
		locked(r, m)
	case parsed.Problem == helm.ProblemCanceled:
		canceled(r, parsed, m)
	case parsed.Problem == helm.ProblemStoredManifest:
		return storedManifest(r, m)
	case parsed.Problem == helm.ProblemTemplate && (len(wrong) == 0 || wrong[0].Missing):
		r.Result.Findings = append(r.Result.Findings, template(r, parsed, wrong, m))
	case parsed.Problem == helm.ProblemHook:
		hook(r, parsed, m)
	case len(wrong) > 0:
		wrongValues(r, wrong, parsed, m)
	case parsed.Problem == helm.ProblemPostRender:
		postRenderer(r, m)
	case parsed.Action == "test" && parsed.Problem != helm.ProblemNotReady:
		tested(r, parsed, m)
	default:
		return recorded(r, parsed, m)
	}
	return true
}

// template reports a chart that can't be rendered.
func template(r flux.Release, parsed helm.Failure, wrong []helm.ValueError, m flux.Statement) finding.Finding {
	where := parsed.At.File
	if parsed.At.Line > 0 {
		where += fmt.Sprintf(", line %d", parsed.At.Line)
	}
	f := releaseFinding(r, engine.CodeTemplateFailed, string(r.Result.Verdict.Reason), fmt.Sprintf("the chart of %s can't be rendered: %s: %s", object.RefOf(r.Obj), where, health.FirstLine(parsed.Cause)))
	f.Evidence = engine.WithProof(f.Evidence, m.Proof)
	fix := finding.Fix{File: r.X.DefinedIn(r.Obj), Command: showChart(r, "values")}
	switch {
	case len(wrong) > 0:
		fix.Text = fmt.Sprintf("Set %s in spec.values, as in the values of chart %s", valuesPath(wrong[0].Path)[len("spec.values."):], chartName(r))
	case strings.HasPrefix(parsed.Cause, "execution error at"):
		fix.Text = fmt.Sprintf("Set the value in spec.values that %s of chart %s requires", where, chartName(r))
	case strings.HasPrefix(parsed.Cause, "parse error"):
		fix.Text = fmt.Sprintf("Correct %s in chart %s, or use a version of the chart without the error", where, chartName(r))
	case parsed.At.Rendered:
		fix.Text = fmt.Sprintf("Render the chart with spec.values, and check %s of the output of %s", strings.TrimPrefix(where, parsed.At.File+", "), parsed.At.File)
		fix.Command = chartCommand(r, "helm template")
	default:
		fix.Text = fmt.Sprintf("Compare what %s in chart %s uses with spec.values", where, chartName(r))
	}
	f.Fixes = []finding.Fix{fix, retry(r)}
	return f
}

func chartName(r flux.Release) string {
	spec := object.Map(r.Obj.Object, "spec", "chart", "spec")
	return strings.TrimSuffix(object.Text(spec, "chart")+" "+object.Text(spec, "version"), " ")
}

// tested reports a failed test of the chart, and blames its pod while the pod exists.
func tested(r flux.Release, parsed helm.Failure, m flux.Statement) {
	for _, pod := range r.X.Snap.List(object.PodKind, r.Target()).Objects {
		test := strings.Contains(pod.GetAnnotations()["helm.sh/hook"], "test")
		named := strings.Contains(parsed.Cause, "pod "+pod.GetName()+" failed")
		if (named || test && r.Owns(pod)) && object.Text(pod.Object, "status", "phase") == "Failed" {
			r.Result.Blame = engine.AddRef(r.Result.Blame, object.RefOf(pod))
		}
	}
	f := releaseFinding(r, engine.CodeTestFailed, m.Reason, fmt.Sprintf("the test of %s failed: %s; what it installed may still work", object.RefOf(r.Obj), health.FirstLine(parsed.Cause)))
	f.Evidence = engine.WithProof(f.Evidence, m.Proof)
	f.Fixes = []finding.Fix{{Text: "Run the test again and read its log", Command: helmCommand(r, "test", "--logs")}, retry(r)}
	r.Result.Findings = append(r.Result.Findings, f)
}

// postRenderer reports a post-renderer that fails on the rendered chart.
func postRenderer(r flux.Release, m flux.Statement) {
	parsed, _ := r.X.Message(m.Text).Helm()
	f := releaseFinding(r, engine.CodePostRenderer, m.Reason, fmt.Sprintf("spec.postRenderers of %s fail on the rendered chart: %s", object.RefOf(r.Obj), health.FirstLine(parsed.Cause)))
	f.Evidence = engine.WithProof(f.Evidence, m.Proof)
	fix := finding.Fix{Text: "Compare the targets of spec.postRenderers with the objects that the chart renders", Command: chartCommand(r, "helm template"), File: r.X.DefinedIn(r.Obj)}
	for i, renderer := range object.List(r.Obj.Object, "spec", "postRenderers") {
		for j, patch := range object.List(renderer, "kustomize", "patches") {
			name := object.Text(patch, "target", "name")
			if name == "" || !strings.Contains(parsed.Cause, name) {
				continue
			}
			path := fmt.Sprintf("spec.postRenderers[%d].kustomize.patches[%d].target.name", i, j)
			f.Evidence = engine.WithProof(f.Evidence, engine.Evidence(r.Obj, path, name, time.Time{}))
			fix.Text = "Correct " + path + ": the chart renders no object that matches it"
		}
	}
	f.Fixes = []finding.Fix{fix, retry(r)}
	r.Result.Findings = append(r.Result.Findings, f)
}
