package helm

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// chart blames the source of the chart while the release waits for it, and reports whether
// nothing else has to be examined.
func chart(r flux.Release) bool {
	waits := waitsForChart(r)
	ref, direct := chartSource(r)
	answer := r.X.Snap.Lookup(ref)
	switch {
	case ref.Name == "" || answer.Presence != snapshot.Present && !direct:
		return repository(r, waits) || unread(r, waits, ref, answer)
	case answer.Presence == snapshot.Absent:
		missingSource(r, ref, "spec.chartRef")
		return true
	case answer.Presence == snapshot.Unknown:
		return unread(r, waits, ref, answer)
	}
	status := flux.SourceVerdict(r.X, answer.Object).Status
	empty := object.Text(answer.Object.Object, "status", "artifact", "revision") == ""
	if status == health.Failing || status != health.Ready && (waits || empty) {
		r.Result.Blame = append(r.Result.Blame, ref)
	}
	if waits && r.Result.Verdict.Status == health.Failing {
		r.Result.Fallback = append(r.Result.Fallback, awaitedChart(r, answer.Object, status == health.Ready && !empty))
	}
	return waits || empty && len(r.Result.Blame) > 0
}

// awaitedChart reports a release that waits for its chart. If the chart is ready for
// its newest spec, the status of the release is out of date.
func awaitedChart(r flux.Release, chart *unstructured.Unstructured, ready bool) finding.Finding {
	ref := object.RefOf(chart)
	if !ready || object.IntOr(chart.GetGeneration(), chart.Object, "status", "observedGeneration") < chart.GetGeneration() {
		f := releaseFinding(r, engine.CodeChartFailed, r.Ready.Reason, fmt.Sprintf("%s waits for its chart: %s", object.RefOf(r.Obj), health.FirstLine(r.Ready.Message)))
		f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: flux.Command("reconcile", chart)}}
		return f
	}
	c := object.ConditionOf(chart, "Ready")
	since := "is"
	if !c.Since.IsZero() {
		since = "has been ready for " + duration.HumanDuration(r.X.Now.Sub(c.Since))
	}
	f := releaseFinding(r, engine.CodeChartWasFetched, r.Ready.Reason, fmt.Sprintf("%s reports that its chart is not ready, but %s %s: the status of the release is out of date",
		object.RefOf(r.Obj), ref, since))
	f.Evidence = engine.WithProof(f.Evidence, engine.Quote(chart, c))
	f.Fixes = []finding.Fix{
		{Text: "Reconcile the release", Command: fluxReconcile(r, "reconcile")},
		{Text: "If the status does not change, read the log of helm-controller", Command: inspect(r)[0].Command},
	}
	return f
}

// waitsForChart reports whether the release waits for its chart (helm-controller v1.6;
// ArtifactFailed before 1.0, and if the chart can't be read).
func waitsForChart(r flux.Release) bool {
	parsed, ok := r.X.Message(r.Ready.Message).Source()
	return r.Ready.Status != "True" && (r.Ready.Reason == "SourceNotReady" || r.Ready.Reason == "ArtifactFailed" && ok && parsed.Problem != "")
}

// chartSource is the object that provides the chart: the HelmChart that Flux created
// for spec.chart, or directly the object in spec.chartRef.
func chartSource(r flux.Release) (ref object.Ref, direct bool) {
	if chartRef := object.Map(r.Obj.Object, "spec", "chartRef"); chartRef != nil {
		return object.SourceRef(chartRef, r.Obj.GetNamespace()), true
	}
	namespace, name, _ := strings.Cut(object.Text(r.Obj.Object, "status", "helmChart"), "/")
	return object.Ref{APIVersion: object.HelmChartKind.Group + "/v1", Kind: object.HelmChartKind.Kind, Namespace: namespace, Name: name}, false
}

// repository blames the repository of the chart if it can't be fetched: this is all
// that is known while no HelmChart exists, or it can't be read.
func repository(r flux.Release, waits bool) bool {
	source := object.Map(r.Obj.Object, "spec", "chart", "spec", "sourceRef")
	if source == nil {
		return false
	}
	ref := object.SourceRef(source, r.Obj.GetNamespace())
	switch answer := r.X.Snap.Lookup(ref); {
	case answer.Presence == snapshot.Absent:
		missingSource(r, ref, "spec.chart.spec.sourceRef")
		return true
	case answer.Presence != snapshot.Present:
		return false
	case flux.SourceVerdict(r.X, answer.Object).Status == health.Failing || waits && flux.SourceVerdict(r.X, answer.Object).Status != health.Ready:
		r.Result.Blame = append(r.Result.Blame, ref)
		return true
	}
	return false
}

// unread handles a chart that can't be read: the message of the release is used if it
// names the problem.
func unread(r flux.Release, waits bool, ref object.Ref, answer snapshot.Answer) bool {
	if !waits || answer.Presence != snapshot.Unknown {
		return false
	}
	c := requestedChart(r)
	parsed, _ := r.X.Message(r.Ready.Message).Source()
	repository, _ := r.X.Message(r.Ready.Message).ChartRepository()
	f := releaseFinding(r, engine.CodeChartVersion, r.Ready.Reason, "")
	switch {
	case repository.Problem == message.ChartSchemeOCI && c.points(repository, r.X.DefinedIn(r.Obj), &f):
	case repository.Problem == message.ChartRateLimited:
		c.limited(repository, r.X.DefinedIn(r.Obj), &f)
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Wait until the limit is lifted, then retry", Command: fluxReconcile(r, "reconcile", "--with-source")})
	case parsed.Problem == message.SourceVersionNotFound || parsed.Problem == message.SourceChartNotFound:
		c.name, c.version = cmp.Or(parsed.Chart, c.name), cmp.Or(parsed.Version, c.version)
		f.Message = f.Ref.String() + " " + c.missing(parsed.Problem)
		addOtherCharts(r.X, c, parsed.Problem, r.X.DefinedIn(r.Obj), &f)
	default:
		if answer.Failure.Reason != snapshot.NotServed {
			r.Result.Unknown = append(r.Result.Unknown, *answer.Failure)
		}
		return true
	}
	r.Result.Findings = append(r.Result.Findings, f)
	return true
}

// requestedChart is the chart that spec.chart requests.
func requestedChart(r flux.Release) chartRequest {
	spec := object.Map(r.Obj.Object, "spec", "chart", "spec")
	ref := object.SourceRef(object.Map(spec, "sourceRef"), r.Obj.GetNamespace())
	return chartRequest{name: object.Text(spec, "chart"), version: object.Text(spec, "version"), repository: r.X.Snap.Lookup(ref).Object, ref: ref}
}

func missingSource(r flux.Release, ref object.Ref, where string) {
	f := releaseFinding(r, engine.CodeSourceRefMissing, cmp.Or(r.Ready.Reason, "SourceNotReady"), fmt.Sprintf("%s takes its chart from %s, which does not exist", object.RefOf(r.Obj), ref))
	f.Evidence = append(f.Evidence, engine.Evidence(r.Obj, where+".name", ref.Name, time.Time{}), finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
	f.Fixes = []finding.Fix{{Text: "Name an existing source in " + where, File: r.X.DefinedIn(r.Obj)}}
	if near, ok := r.X.Nearest(ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	}
	r.Result.Findings = append(r.Result.Findings, f)
}
