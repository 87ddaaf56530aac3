package helm

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainHelmChart blames the repository of the chart, or reports the problem of the
// requested chart. Flux creates HelmCharts from HelmReleases: the release is what a
// user changes.
func ExplainHelmChart(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: flux.SourceVerdict(x, obj)}
	if e.Verdict.Status == health.Ready {
		return e
	}
	if m, ok := flux.FetchStatement(x, obj); ok && e.Verdict.Status == health.Failing && e.Verdict.Reason != health.Stuck {
		e.Verdict.Reason, e.Verdict.Message = cmp.Or(health.Reason(m.Reason), e.Verdict.Reason), health.FirstLine(m.Text)
		e.Verdict.Statement = health.Statement{Field: m.Proof.Field, Reason: m.Reason, Message: m.Text, At: m.At}
	}
	repository := object.SourceRef(object.Map(obj.Object, "spec", "sourceRef"), obj.GetNamespace())
	problem, _ := x.Message(e.Verdict.Statement.Message).Source()
	waits := e.Verdict.Status != health.Failing || problem.Problem == message.SourceNoArtifact
	answer := x.Snap.Lookup(repository)
	switch answer.Presence {
	case snapshot.Unknown:
		if waits {
			e.Unknown = append(e.Unknown, *answer.Failure)
			return e
		}
	case snapshot.Present: // a suspended one serves its last artifact
		status := flux.SourceVerdict(x, answer.Object)
		if f, ok := repositoryTypeFinding(x, answer.Object, status); ok {
			e.Findings = append(e.Findings, f)
			return e
		}
		if status.Status == health.Failing || waits && status.Status != health.Ready {
			e.Blame = append(e.Blame, repository)
			return e
		}
	case snapshot.Absent:
		f := chartFinding(x, obj, e.Verdict, engine.CodeSourceRefMissing, fmt.Sprintf("takes its chart from %s, which does not exist", repository))
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: repository, Field: "object", Value: "does not exist"})
		f.Fixes[0] = finding.Fix{Text: "Name an existing source in spec.chart.spec.sourceRef", File: f.Fixes[0].File}
		e.Findings = append(e.Findings, f)
		return e
	}
	if e.Verdict.Status != health.Failing {
		return e
	}
	f := chartFailure(x, obj, answer.Object, repository, e.Verdict)
	if problem.Problem == message.SourceNoArtifact { // the repository has one now
		e.Fallback = append(e.Fallback, f)
		return e
	}
	e.Findings = append(e.Findings, f)
	return e
}

// chartFailure is why a chart can't be fetched from a repository that is ready; the
// repository is nil if it could not be read.
func chartFailure(x *engine.Context, obj, repository *unstructured.Unstructured, ref object.Ref, v health.Verdict) finding.Finding {
	c := chartRequest{name: object.Text(obj.Object, "spec", "chart"), version: object.Text(obj.Object, "spec", "version"), repository: repository, ref: ref}
	problem, _ := x.Message(v.Statement.Message).Source()
	if f, ok := chartRepositoryFinding(x, obj, c, v); ok {
		return f
	}
	missing := problem.Problem == message.SourceChartNotFound || problem.Problem == message.SourceVersionNotFound
	switch {
	case problem.Problem == message.SourceNoArtifact:
		f := chartFinding(x, obj, v, engine.CodeChartFailed, fmt.Sprintf("waits for chart %s, whose repository is ready now", c))
		f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: flux.Command("reconcile", obj)}}
		return f
	case missing && problem.Version != "" && c.version != "" && problem.Version != c.version:
		f := chartFinding(x, obj, v, engine.CodeChartFailed, "")
		f.Message = fmt.Sprintf("%s reports that version %s does not exist, but requests %s now: its status is out of date", v.Ref, problem.Version, c.version)
		f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: flux.Command("reconcile", obj)}}
		return f
	case missing:
		f := chartFinding(x, obj, v, engine.CodeChartVersion, c.missing(problem.Problem))
		file := f.Fixes[0].File
		f.Fixes = nil
		addOtherCharts(x, c, problem.Problem, file, &f)
		return f
	}
	f := chartFinding(x, obj, v, engine.CodeChartFailed, fmt.Sprintf("can't fetch its chart %s: %s", c, health.FirstLine(v.Message)))
	f.Fixes[0].Text, f.Fixes[0].Command = "Fetch the chart manually to see the whole error", c.command("helm show chart")
	return f
}

// chartRequest is a requested chart, with its repository.
type chartRequest struct {
	name, version string
	repository    *unstructured.Unstructured // nil when it could not be read
	ref           object.Ref
}

// String is the chart and its version for a message.
func (c chartRequest) String() string { return strings.TrimSpace(c.name + " " + c.version) }

// address is the URL of the repository.
func (c chartRequest) address() string {
	if c.repository == nil {
		return ""
	}
	return object.Text(c.repository.Object, "spec", "url")
}

// command is a Helm command about the chart in its repository, empty if the chart is
// not from a HelmRepository.
func (c chartRequest) command(verb string) string {
	if c.address() == "" || c.ref.GroupKind() != object.HelmRepositoryKind {
		return ""
	}
	text := escape.Command("%s %s --repo %s", escape.Shell(verb), c.name, c.address())
	if strings.HasPrefix(c.address(), "oci://") {
		text = escape.Command("%s %s/%s", escape.Shell(verb), strings.TrimSuffix(c.address(), "/"), c.name)
	}
	if c.version != "" {
		text += " --version " + escape.ShellWord(c.version)
	}
	return text
}

// missing is what the repository does not have, as a clause.
func (c chartRequest) missing(problem message.SourceProblem) string {
	what := "requests chart " + c.name
	if problem == message.SourceVersionNotFound {
		what = fmt.Sprintf("requests version %s of chart %s", cmp.Or(c.version, "*"), c.name)
	}
	what += fmt.Sprintf(", which %s does not have", c.ref)
	if c.retired() {
		what += "; Bitnami stopped updating most charts of its free catalogue in August 2025"
	}
	return what
}

// retired reports whether the chart is from the free catalogue of Bitnami
// (bitnami/charts#35164).
func (c chartRequest) retired() bool {
	address := c.address()
	return strings.Contains(address, "://charts.bitnami.com/") || strings.HasSuffix(strings.TrimSuffix(address, "/"), ".docker.io/bitnamicharts")
}

// addOtherCharts adds what other charts in the cluster show about a missing chart: a
// version that the repository has, or a repository that has the chart.
func addOtherCharts(x *engine.Context, c chartRequest, problem message.SourceProblem, file string, f *finding.Finding) {
	list := finding.Fix{Text: "Set spec.chart.spec.version to a version that the repository lists", File: file}
	unversioned := c
	unversioned.version = ""
	list.Command = unversioned.command("helm show chart")
	if problem == message.SourceChartNotFound {
		list = finding.Fix{Text: "Correct spec.chart.spec.chart, or name the repository that has the chart in spec.chart.spec.sourceRef", File: file}
		if c.address() != "" && !strings.HasPrefix(c.address(), "oci://") {
			list.Command = escape.Command("curl -sL %s/index.yaml | grep -E '^  [a-z]'", strings.TrimSuffix(c.address(), "/"))
		}
	}
	for _, other := range x.Snap.List(object.HelmChartKind, "").Objects {
		revision := object.Text(other.Object, "status", "artifact", "revision")
		if object.Text(other.Object, "spec", "chart") != c.name || revision == "" || object.ConditionOf(other, "Ready").Status != "True" {
			continue
		}
		from := object.SourceRef(object.Map(other.Object, "spec", "sourceRef"), other.GetNamespace())
		proof := engine.Evidence(other, "status.artifact.revision", revision, object.Time(other.Object, "status", "artifact", "lastUpdateTime"))
		switch {
		case !from.Same(c.ref) && (problem == message.SourceChartNotFound || revision == c.version):
			f.Evidence = engine.WithProof(f.Evidence, proof)
			f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("Name %s in spec.chart.spec.sourceRef: %s has version %s from it", from, object.RefOf(other), revision), File: file})
		case from.Same(c.ref) && problem == message.SourceVersionNotFound && revision == c.version:
			f.Message += fmt.Sprintf("; %s has fetched that version from it before", object.RefOf(other))
			f.Evidence = engine.WithProof(f.Evidence, proof)
		case from.Same(c.ref) && problem == message.SourceVersionNotFound && !strings.Contains(list.Text, "such as"):
			f.Evidence = engine.WithProof(f.Evidence, proof)
			list.Text += fmt.Sprintf(", such as %s, which %s has from it", revision, object.RefOf(other))
		}
	}
	f.Fixes = append(f.Fixes, list)
}

// chartFinding is about the HelmRelease that the chart was created for, or about the
// chart if no release is known. Its first fix has the file of the release.
func chartFinding(x *engine.Context, chart *unstructured.Unstructured, v health.Verdict, code finding.Code, message string) finding.Finding {
	f := finding.Finding{Code: code, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since}
	if version := object.Text(chart.Object, "spec", "version"); version != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(chart, "spec.version", version, v.Since))
	}
	if m, ok := flux.FetchStatement(x, chart); ok {
		f.Evidence = append(f.Evidence, m.Proof)
	} else if c := object.ConditionOf(chart, "Ready"); c.Message != "" {
		f.Evidence = append(f.Evidence, engine.QuoteWithStatus(chart, c))
	}
	f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: flux.Command("reconcile", chart)}}
	for _, release := range x.Snap.List(object.HelmReleaseKind, "").Objects {
		if object.Text(release.Object, "status", "helmChart") == chart.GetNamespace()+"/"+chart.GetName() {
			f.Ref = object.RefOf(release)
			f.Fixes[0].File = x.DefinedIn(release)
			break
		}
	}
	f.Message = f.Ref.String() + " " + message
	return f
}
