package diagnose

import (
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// built reports what kept the layer's manifests from being built, and tells
// whether nothing did.
func (k kustomization) built(message string) bool {
	build, ok := fluxmsg.ParseBuild(message)
	if !ok && (k.exam.verdict.Status != health.Failing || k.exam.verdict.Reason != "BuildFailed" && k.exam.verdict.Reason != "ArtifactFailed") {
		return true
	}
	code, fix := codeBuildFailed, "Build it as Flux does and mend what it says: kustomize build "+k.path()
	switch {
	case build.Problem == fluxmsg.BuildPathNotFound:
		k.exam.findings = append(k.exam.findings, k.missingPath(message))
		return false
	case build.Missing && build.Reference.Name != "":
		k.missingReference(build, message)
		return false
	case build.Problem == fluxmsg.BuildSubstitution:
		code, fix = codeSubstitutionFailed, "Give the variable a value in spec.postBuild.substitute, or in the object that substituteFrom names"
	case build.Problem == fluxmsg.BuildEncrypted:
		fix = "Tell Flux how to decrypt it: set spec.decryption"
	case build.Problem == fluxmsg.BuildDecryption:
		fix = "Put the key that it is encrypted for into the Secret that spec.decryption names"
	case strings.Contains(message, "://source-controller."): // which serves the artifacts
		server := finding.Ref{APIVersion: "apps/v1", Kind: health.DeploymentKind.Kind, Namespace: k.obj.GetNamespace(), Name: "source-controller"}
		fix = "Have source-controller answer again"
		if k.x.unwell(server) {
			k.exam.blame = append(k.exam.blame, server)
		}
	}
	k.exam.findings = append(k.exam.findings, k.plain(code, k.failedAt("BuildFailed"), message, fix))
	return false
}

// failedAt is Flux's own word for the step that failed, where it has one: while
// the next try runs, it may be lost.
func (k kustomization) failedAt(step string) string {
	if reason := k.exam.verdict.Reason; strings.HasSuffix(reason, "Failed") {
		return reason
	}
	return step
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
	f := k.finding(codePathMissing, k.failedAt("ArtifactFailed"),
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

// missingReference reports the Secret or ConfigMap that the variables or the
// keys should have come from, or blames what should make it.
func (k kustomization) missingReference(build fluxmsg.Build, message string) {
	namespace := build.Reference.Namespace
	if namespace == "" {
		namespace = k.obj.GetNamespace()
	}
	needed := part{ref: coreRef(build.Reference.Kind, namespace, build.Reference.Name)}
	code, what, where := codeSubstitutionFailed, "takes variables from", "spec.postBuild.substituteFrom"
	if build.Problem == fluxmsg.BuildDecryption {
		code, what, where = codeBuildFailed, "decrypts its manifests with the keys in", "spec.decryption"
	}
	f := k.plain(code, k.failedAt("BuildFailed"), message, fmt.Sprintf("Make %s, or correct %s", needed, where))
	f.Ref = needed.ref
	f.Message = fmt.Sprintf("%s %s %s, which does not exist", finding.RefOf(k.obj), what, needed)
	if k.x.there(needed) == snapshot.Present {
		f.Ref = finding.RefOf(k.obj)
		f.Message = fmt.Sprintf("%s %s %s, which exists by now: it is built with the next try", finding.RefOf(k.obj), what, needed)
		f.Fixes = []finding.Fix{k.retry("Have Flux try again")}
	} else if maker, ok := k.x.makerInTrouble(needed.ref, finding.RefOf(k.obj)); ok {
		k.exam.blame = append(k.exam.blame, maker)
	}
	k.exam.findings = append(k.exam.findings, f)
}
