package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainHelmChart blames the repository of the chart, or reports the problem of the
// requested chart. Flux creates HelmCharts from HelmReleases: the release is what a
// user changes.
func explainHelmChart(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: sourceVerdict(x, obj)}
	if e.verdict.Status == health.Ready {
		return e
	}
	if m, ok := x.fetchStatement(obj); ok && e.verdict.Status == health.Failing && e.verdict.Reason != health.Stuck {
		e.verdict.Reason, e.verdict.Message = cmp.Or(health.Reason(m.reason), e.verdict.Reason), firstLine(m.text)
		e.verdict.Statement = health.Statement{Field: m.proof.Field, Reason: m.reason, Message: m.text, At: m.at}
	}
	repository := sourceRef(field.Map(obj.Object, "spec", "sourceRef"), obj.GetNamespace())
	problem, _ := x.message(e.verdict.Statement.Message).Source()
	waits := e.verdict.Status != health.Failing || problem.Problem == fluxmsg.SourceNoArtifact
	answer := x.snap.Lookup(repository)
	switch answer.Presence {
	case snapshot.Unknown:
		if waits {
			e.unknown = append(e.unknown, *answer.Why)
			return e
		}
	case snapshot.Present: // one that is suspended serves what it has
		status := sourceVerdict(x, answer.Object)
		if f, ok := x.repositoryTypeFinding(answer.Object, status); ok {
			e.findings = append(e.findings, f)
			return e
		}
		if status.Status == health.Failing || waits && status.Status != health.Ready {
			e.blame = append(e.blame, repository)
			return e
		}
	case snapshot.Absent:
		f := x.chartFinding(obj, e.verdict, codeSourceRefMissing, fmt.Sprintf("takes its chart from %s, which does not exist", repository))
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: repository, Field: "object", Value: "does not exist"})
		f.Fixes[0] = finding.Fix{Text: "Name an existing source in spec.chart.spec.sourceRef", File: f.Fixes[0].File}
		e.findings = append(e.findings, f)
		return e
	}
	if e.verdict.Status != health.Failing {
		return e
	}
	f := x.chartFailure(obj, answer.Object, repository, e.verdict)
	if problem.Problem == fluxmsg.SourceNoArtifact { // the repository has one now
		e.fallback = append(e.fallback, f)
		return e
	}
	e.findings = append(e.findings, f)
	return e
}

// chartFailure is why a chart can't be fetched from a repository that is ready; the
// repository is nil if it could not be read.
func (x *examiner) chartFailure(obj, repository *unstructured.Unstructured, ref finding.Ref, v health.Verdict) finding.Finding {
	c := chartRequest{name: field.Text(obj.Object, "spec", "chart"), version: field.Text(obj.Object, "spec", "version"), repository: repository, ref: ref}
	problem, _ := x.message(v.Statement.Message).Source()
	if f, ok := x.chartRepositoryFinding(obj, c, v); ok {
		return f
	}
	missing := problem.Problem == fluxmsg.SourceChartNotFound || problem.Problem == fluxmsg.SourceVersionNotFound
	switch {
	case problem.Problem == fluxmsg.SourceNoArtifact:
		f := x.chartFinding(obj, v, codeChartFailed, fmt.Sprintf("waits for chart %s, whose repository is ready now", c))
		f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: reconcileSource("reconcile", obj)}}
		return f
	case missing && problem.Version != "" && c.version != "" && problem.Version != c.version:
		f := x.chartFinding(obj, v, codeChartFailed, "")
		f.Message = fmt.Sprintf("%s reports that version %s does not exist, but requests %s now: its status is out of date", v.Ref, problem.Version, c.version)
		f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: reconcileSource("reconcile", obj)}}
		return f
	case missing:
		f := x.chartFinding(obj, v, codeChartVersion, c.missing(problem.Problem))
		file := f.Fixes[0].File
		f.Fixes = nil
		x.addOtherCharts(c, problem.Problem, file, &f)
		return f
	}
	f := x.chartFinding(obj, v, codeChartFailed, fmt.Sprintf("can't fetch its chart %s: %s", c, firstLine(v.Message)))
	f.Fixes[0].Text, f.Fixes[0].Command = "Fetch the chart by hand to see the whole error", c.command("helm show chart")
	return f
}

// chartRequest is a requested chart, with its repository.
type chartRequest struct {
	name, version string
	repository    *unstructured.Unstructured // nil when it could not be read
	ref           finding.Ref
}

// String is the chart and its version for a message.
func (c chartRequest) String() string { return strings.TrimSpace(c.name + " " + c.version) }

// address is the URL of the repository.
func (c chartRequest) address() string {
	if c.repository == nil {
		return ""
	}
	return field.Text(c.repository.Object, "spec", "url")
}

// command is a Helm command about the chart in its repository, empty if the chart is
// not from a HelmRepository.
func (c chartRequest) command(verb string) string {
	if c.address() == "" || c.ref.GroupKind() != helmRepositoryKind {
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
func (c chartRequest) missing(problem fluxmsg.SourceProblem) string {
	what := "requests chart " + c.name
	if problem == fluxmsg.SourceVersionNotFound {
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
func (x *examiner) addOtherCharts(c chartRequest, problem fluxmsg.SourceProblem, file string, f *finding.Finding) {
	list := finding.Fix{Text: "Set spec.chart.spec.version to a version that the repository lists", File: file}
	unversioned := c
	unversioned.version = ""
	list.Command = unversioned.command("helm show chart")
	if problem == fluxmsg.SourceChartNotFound {
		list = finding.Fix{Text: "Correct spec.chart.spec.chart, or name the repository that has the chart in spec.chart.spec.sourceRef", File: file}
		if c.address() != "" && !strings.HasPrefix(c.address(), "oci://") {
			list.Command = escape.Command("curl -sL %s/index.yaml | grep -E '^  [a-z]'", strings.TrimSuffix(c.address(), "/"))
		}
	}
	for _, other := range x.snap.List(helmChartKind, "").Objects {
		revision := field.Text(other.Object, "status", "artifact", "revision")
		if field.Text(other.Object, "spec", "chart") != c.name || revision == "" || field.ConditionOf(other, "Ready").Status != "True" {
			continue
		}
		from := sourceRef(field.Map(other.Object, "spec", "sourceRef"), other.GetNamespace())
		proof := evidence(other, "status.artifact.revision", revision, field.Time(other.Object, "status", "artifact", "lastUpdateTime"))
		switch {
		case !from.Same(c.ref) && (problem == fluxmsg.SourceChartNotFound || revision == c.version):
			f.Evidence = withProof(f.Evidence, proof)
			f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("Name %s in spec.chart.spec.sourceRef: %s has version %s from it", from, finding.RefOf(other), revision), File: file})
		case from.Same(c.ref) && problem == fluxmsg.SourceVersionNotFound && revision == c.version:
			f.Message += fmt.Sprintf("; %s has fetched that version from it before", finding.RefOf(other))
			f.Evidence = withProof(f.Evidence, proof)
		case from.Same(c.ref) && problem == fluxmsg.SourceVersionNotFound && !strings.Contains(list.Text, "such as"):
			f.Evidence = withProof(f.Evidence, proof)
			list.Text += fmt.Sprintf(", such as %s, which %s has from it", revision, finding.RefOf(other))
		}
	}
	f.Fixes = append(f.Fixes, list)
}

// chartFinding is about the HelmRelease that the chart was created for, or about the
// chart if no release is known. Its first fix has the file of the release.
func (x *examiner) chartFinding(chart *unstructured.Unstructured, v health.Verdict, code finding.Code, message string) finding.Finding {
	f := finding.Finding{Code: code, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since}
	if version := field.Text(chart.Object, "spec", "version"); version != "" {
		f.Evidence = append(f.Evidence, evidence(chart, "spec.version", version, v.Since))
	}
	if m, ok := x.fetchStatement(chart); ok {
		f.Evidence = append(f.Evidence, m.proof)
	} else if c := field.ConditionOf(chart, "Ready"); c.Message != "" {
		f.Evidence = append(f.Evidence, quoteWithStatus(chart, c))
	}
	f.Fixes = []finding.Fix{{Text: "Reconcile the chart", Command: reconcileSource("reconcile", chart)}}
	for _, release := range x.snap.List(health.HelmReleaseKind, "").Objects {
		if field.Text(release.Object, "status", "helmChart") == chart.GetNamespace()+"/"+chart.GetName() {
			f.Ref = finding.RefOf(release)
			f.Fixes[0].File = x.definedIn(release)
			break
		}
	}
	f.Message = f.Ref.String() + " " + message
	return f
}
