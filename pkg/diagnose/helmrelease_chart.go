package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// chart blames the source of the chart while the release waits for it, and reports
// whether nothing else is to be examined.
func (r release) chart() bool {
	waits := r.waitsForChart()
	ref, direct := r.chartSource()
	answer := r.x.snap.Lookup(ref)
	switch {
	case ref.Name == "" || answer.Presence != snapshot.Present && !direct:
		return r.repository(waits) || r.unread(waits, ref, answer)
	case answer.Presence == snapshot.Absent:
		r.missingSource(ref, "spec.chartRef")
		return true
	case answer.Presence == snapshot.Unknown:
		return r.unread(waits, ref, answer)
	}
	status := sourceVerdict(r.x, answer.Object).Status
	empty := field.Text(answer.Object.Object, "status", "artifact", "revision") == ""
	if status == health.Failing || status != health.Ready && (waits || empty) {
		r.exam.blame = append(r.exam.blame, ref)
	}
	if waits && r.exam.verdict.Status == health.Failing {
		r.exam.fallback = append(r.exam.fallback, r.awaitedChart(answer.Object, status == health.Ready && !empty))
	}
	return waits || empty && len(r.exam.blame) > 0
}

// awaitedChart reports a release that waits for its chart. If the chart is ready for
// its newest spec, the status of the release is out of date.
func (r release) awaitedChart(chart *unstructured.Unstructured, ready bool) finding.Finding {
	ref := finding.RefOf(chart)
	if !ready || field.IntOr(chart.GetGeneration(), chart.Object, "status", "observedGeneration") < chart.GetGeneration() {
		f := r.finding(codeChartFailed, r.ready.Reason, fmt.Sprintf("%s waits for its chart: %s", finding.RefOf(r.obj), firstLine(r.ready.Message)))
		f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: reconcileSource("reconcile", chart)}}
		return f
	}
	c := field.ConditionOf(chart, "Ready")
	since := "is"
	if !c.Since.IsZero() {
		since = "has been ready for " + duration.HumanDuration(r.x.now.Sub(c.Since))
	}
	f := r.finding(codeChartWasFetched, r.ready.Reason, fmt.Sprintf("%s reports that its chart is not ready, but %s %s: the status of the release is out of date",
		finding.RefOf(r.obj), ref, since))
	f.Evidence = withProof(f.Evidence, quote(chart, c))
	f.Fixes = []finding.Fix{
		{Text: "Reconcile the release", Command: r.flux("reconcile")},
		{Text: "If the status does not change, read the log of helm-controller", Command: r.inspect()[0].Command},
	}
	return f
}

// waitsForChart reports whether the release waits for its chart (helm-controller v1.6;
// ArtifactFailed before 1.0, and if the chart can't be read).
func (r release) waitsForChart() bool {
	said, ok := r.x.message(r.ready.Message).Source()
	return r.ready.Status != "True" && (r.ready.Reason == "SourceNotReady" || r.ready.Reason == "ArtifactFailed" && ok && said.Problem != "")
}

// chartSource is the object that provides the chart: the HelmChart that Flux created
// for spec.chart, or directly the object in spec.chartRef.
func (r release) chartSource() (ref finding.Ref, direct bool) {
	if chartRef := field.Map(r.obj.Object, "spec", "chartRef"); chartRef != nil {
		return sourceRef(chartRef, r.obj.GetNamespace()), true
	}
	namespace, name, _ := strings.Cut(field.Text(r.obj.Object, "status", "helmChart"), "/")
	return finding.Ref{APIVersion: helmChartKind.Group + "/v1", Kind: helmChartKind.Kind, Namespace: namespace, Name: name}, false
}

// repository blames the repository of the chart if it can't be fetched: this is all
// that is known while no HelmChart exists, or it can't be read.
func (r release) repository(waits bool) bool {
	source := field.Map(r.obj.Object, "spec", "chart", "spec", "sourceRef")
	if source == nil {
		return false
	}
	ref := sourceRef(source, r.obj.GetNamespace())
	switch answer := r.x.snap.Lookup(ref); {
	case answer.Presence == snapshot.Absent:
		r.missingSource(ref, "spec.chart.spec.sourceRef")
		return true
	case answer.Presence != snapshot.Present:
		return false
	case sourceVerdict(r.x, answer.Object).Status == health.Failing || waits && sourceVerdict(r.x, answer.Object).Status != health.Ready:
		r.exam.blame = append(r.exam.blame, ref)
		return true
	}
	return false
}

// unread handles a chart that can't be read: the message of the release is used if it
// names the problem.
func (r release) unread(waits bool, ref finding.Ref, answer snapshot.Answer) bool {
	if !waits || answer.Presence != snapshot.Unknown {
		return false
	}
	c := r.chartRequest()
	said, _ := r.x.message(r.ready.Message).Source()
	repository, _ := r.x.message(r.ready.Message).ChartRepository()
	f := r.finding(codeChartVersion, r.ready.Reason, "")
	switch {
	case repository.Problem == fluxmsg.ChartSchemeOCI && c.points(repository, r.x.definedIn(r.obj), &f):
	case repository.Problem == fluxmsg.ChartRateLimited:
		c.limited(repository, r.x.definedIn(r.obj), &f)
		f.Fixes = append(f.Fixes, finding.Fix{Text: "Wait until the limit is lifted, then retry", Command: r.flux("reconcile", "--with-source")})
	case said.Problem == fluxmsg.SourceVersionNotFound || said.Problem == fluxmsg.SourceChartNotFound:
		c.name, c.version = cmp.Or(said.Chart, c.name), cmp.Or(said.Version, c.version)
		f.Message = f.Ref.String() + " " + c.missing(said.Problem)
		r.x.addOtherCharts(c, said.Problem, r.x.definedIn(r.obj), &f)
	default:
		if answer.Why.Why != snapshot.NotServed {
			r.exam.unknown = append(r.exam.unknown, *answer.Why)
		}
		return true
	}
	r.exam.findings = append(r.exam.findings, f)
	return true
}

// chartRequest is the chart that spec.chart requests.
func (r release) chartRequest() chartRequest {
	spec := field.Map(r.obj.Object, "spec", "chart", "spec")
	ref := sourceRef(field.Map(spec, "sourceRef"), r.obj.GetNamespace())
	return chartRequest{name: field.Text(spec, "chart"), version: field.Text(spec, "version"), repository: r.x.snap.Lookup(ref).Object, ref: ref}
}

func (r release) missingSource(ref finding.Ref, where string) {
	f := r.finding(codeSourceRefMissing, cmp.Or(r.ready.Reason, "SourceNotReady"), fmt.Sprintf("%s takes its chart from %s, which does not exist", finding.RefOf(r.obj), ref))
	f.Evidence = append(f.Evidence, evidence(r.obj, where+".name", ref.Name, time.Time{}), finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
	f.Fixes = []finding.Fix{{Text: "Name an existing source in " + where, File: r.x.definedIn(r.obj)}}
	if near, ok := r.x.nearest(ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	}
	r.exam.findings = append(r.exam.findings, f)
}

func sourceRef(source map[string]any, home string) finding.Ref {
	return finding.Ref{APIVersion: helmChartKind.Group + "/v1", Kind: field.Text(source, "kind"),
		Namespace: cmp.Or(field.Text(source, "namespace"), home), Name: field.Text(source, "name")}
}
