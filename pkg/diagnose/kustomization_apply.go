package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// built reports what kept the layer's manifests from being built, and tells
// whether nothing did.
func (k kustomization) built(message string) bool {
	if reason := k.ready.reason; reason == "AccessDenied" {
		k.exam.findings = append(k.exam.findings, k.plain(codeAccessDenied, reason, message, "Allow the reference across namespaces, or move the source"))
		return false
	}
	build, ok := fluxmsg.ParseBuild(message)
	failed := k.exam.verdict.Reason == "BuildFailed" || k.exam.verdict.Reason == "ArtifactFailed"
	if !ok && !failed {
		return true
	}
	if len(k.exam.blame) > 0 && !ok { // the source is not ready: that is why
		return false
	}
	if build.Problem == fluxmsg.BuildPathNotFound {
		k.exam.findings = append(k.exam.findings, k.missingPath(message))
		return false
	}
	code, fix := codeBuildFailed, "Build it as Flux does and mend what it says: kustomize build "+k.path()
	if build.Problem == fluxmsg.BuildSubstitution {
		code, fix = codeSubstitutionFailed, "Give the variable a value in spec.postBuild.substitute, or in the object that substituteFrom names"
	}
	k.exam.findings = append(k.exam.findings, k.plain(code, "BuildFailed", message, fix))
	return false
}

func (k kustomization) path() string {
	return strings.TrimPrefix(field.Text(k.obj.Object, "spec", "path"), "./")
}

// plain is a finding whose own message says it all.
func (k kustomization) plain(code finding.Code, reason, message, fix string) finding.Finding {
	f := k.finding(code, reason, fmt.Sprintf("%s can't be applied: %s", finding.RefOf(k.obj), firstLine(message)))
	f.Evidence = []finding.Evidence{evidence(k.obj, k.ready.field(), message, k.ready.since)}
	f.Fixes = []finding.Fix{{Text: fix, File: k.path()}}
	return f
}

func (k kustomization) missingPath(message string) finding.Finding {
	f := k.finding(codePathMissing, k.exam.verdict.Reason,
		fmt.Sprintf("%s looks for its manifests in %q, and there is no such folder in %s", finding.RefOf(k.obj), k.path(), health.SourceOf(k.obj)))
	f.Evidence = []finding.Evidence{
		evidence(k.obj, "spec.path", field.Text(k.obj.Object, "spec", "path"), time.Time{}),
		evidence(k.obj, k.ready.field(), message, k.ready.since),
	}
	if source := k.x.snap.Lookup(health.SourceOf(k.obj)).Object; source != nil {
		f.Evidence = append(f.Evidence, evidence(source, "status.artifact.revision",
			field.Text(source.Object, "status", "artifact", "revision"), field.Time(source.Object, "status", "artifact", "lastUpdateTime")))
	}
	f.Fixes = []finding.Fix{{Text: "Correct spec.path, or add the folder to the repository", File: k.x.definedIn(k.obj)}}
	return f
}

// applied reports what the API server refused of the layer, and tells whether
// it refused nothing.
func (k kustomization) applied(message string) bool {
	_, ok := fluxmsg.ParseAPIError(message)
	if !ok && k.exam.verdict.Reason != "ReconciliationFailed" && k.exam.verdict.Reason != "PruneFailed" {
		return true
	}
	if ok {
		findings, blame := k.x.explainAPIError(finding.RefOf(k.obj), message, k.ready.since)
		for i := range findings {
			if findings[i].Since.IsZero() {
				findings[i].Since = k.exam.verdict.Since
			}
			findings[i].Fixes = append(findings[i].Fixes, k.retry("Then have Flux try again"))
		}
		k.exam.findings = append(k.exam.findings, findings...)
		k.exam.blame = append(k.exam.blame, blame...)
	}
	k.exam.fallback = append(k.exam.fallback, k.plain(codeReconcileFailed, k.exam.verdict.Reason, message, "Mend what the API server refuses"))
	return false
}
