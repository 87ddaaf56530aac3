package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func init() { register(explainHelmChart, helmChartKind) }

// explainHelmChart blames the chart's repository, or reports what is wrong with
// the chart that is asked for. Flux makes HelmCharts from HelmReleases: the
// release is what a person has to change.
func explainHelmChart(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: sourceVerdict(x, obj)}
	if e.verdict.Status == health.Ready {
		return e
	}
	repository := sourceRef(field.Map(obj.Object, "spec", "sourceRef"), obj.GetNamespace())
	problem, _ := fluxmsg.ParseSource(e.verdict.Message)
	waits := e.verdict.Status != health.Failing || problem.Problem == fluxmsg.SourceNoArtifact
	switch answer := x.snap.Lookup(repository); answer.Presence {
	case snapshot.Unknown:
		if waits {
			e.unknown = append(e.unknown, *answer.Why)
			return e
		}
	case snapshot.Present: // one that is switched off serves what it has
		status := sourceVerdict(x, answer.Object).Status
		if status == health.Failing || waits && status != health.Ready {
			e.blame = append(e.blame, repository)
			return e
		}
	case snapshot.Absent:
		e.findings = append(e.findings, x.chartFinding(obj, e.verdict, codeSourceRefMissing,
			fmt.Sprintf("takes its chart from %s, which does not exist", repository)))
		return e
	}
	if e.verdict.Status != health.Failing {
		return e
	}
	chart, version := field.Text(obj.Object, "spec", "chart"), field.Text(obj.Object, "spec", "version")
	if problem.Problem == fluxmsg.SourceNoArtifact { // by now the repository has one
		e.fallback = append(e.fallback, x.chartFinding(obj, e.verdict, codeChartFailed,
			fmt.Sprintf("waits for chart %s %s, whose repository is ready by now", chart, version)))
		return e
	}
	if problem.Problem == fluxmsg.SourceChartNotFound || problem.Problem == fluxmsg.SourceVersionNotFound {
		e.findings = append(e.findings, x.chartFinding(obj, e.verdict, codeChartVersion,
			fmt.Sprintf("asks for chart %s in version %s, which %s does not have", chart, version, repository)))
		return e
	}
	e.findings = append(e.findings, x.chartFinding(obj, e.verdict, codeChartFailed,
		fmt.Sprintf("can't have its chart %s %s: %s", chart, version, firstLine(e.verdict.Message))))
	return e
}

// chartFinding is about the HelmRelease that a chart was made for, or about the
// chart when nobody knows of one.
func (x *examiner) chartFinding(chart *unstructured.Unstructured, v health.Verdict, code finding.Code, message string) finding.Finding {
	f := finding.Finding{Code: code, Ref: v.Ref, Reason: v.Reason, Severity: finding.Critical, Since: v.Since}
	f.Evidence = []finding.Evidence{evidence(chart, "spec.version", field.Text(chart.Object, "spec", "version"), v.Since)}
	for _, kind := range []string{"FetchFailed", "BuildFailed", "Ready"} {
		if c := conditionOf(chart, kind); c.message != "" && c.status != "" {
			f.Evidence = append(f.Evidence, evidence(chart, c.field(), c.reason+": "+c.message, c.since))
			break
		}
	}
	fix := finding.Fix{Text: "Ask for a chart and version that the repository has", Command: reconcileSource("reconcile", chart)}
	for _, release := range x.snap.List(health.HelmReleaseKind, "").Objects {
		if field.Text(release.Object, "status", "helmChart") == chart.GetNamespace()+"/"+chart.GetName() {
			f.Ref = finding.RefOf(release)
			fix = finding.Fix{Text: "Correct spec.chart.spec.version to one that the repository has", File: x.definedIn(release)}
			break
		}
	}
	f.Message = f.Ref.String() + " " + message
	f.Fixes = []finding.Fix{fix}
	return f
}
