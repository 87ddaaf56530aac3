package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// built reports why the manifests of the layer could not be built, and whether there is
// no such reason.
func (k kustomization) built(message string) bool {
	build, ok := k.x.message(message).Build()
	if !ok && (k.exam.verdict.Status != health.Failing || k.exam.verdict.Reason != "BuildFailed" && k.exam.verdict.Reason != "ArtifactFailed") {
		return true
	}
	if source, said := k.x.message(message).Source(); said && source.Problem == fluxmsg.SourceNoArtifact {
		build.Problem, build.Download.Problem = fluxmsg.BuildDownload, fluxmsg.DownloadNotFound
	}
	switch {
	case build.Problem == fluxmsg.BuildPathNotFound:
		k.report(k.missingPath())
	case build.Problem == fluxmsg.BuildDownload:
		k.download(build)
	case build.Problem == fluxmsg.BuildEncrypted:
		k.report(k.notDecrypted(build))
	case build.Problem == fluxmsg.BuildDecryption:
		k.decryption(build)
	case build.Missing && build.Reference.Name != "":
		k.missingReference(build)
	case build.Problem == fluxmsg.BuildSubstitution:
		k.substitution(build)
	default:
		k.report(k.ownFinding(codeBuildFailed, k.failedAt("BuildFailed"), k.buildFixes(build)...))
	}
	return false
}

// report adds a finding about the layer.
func (k kustomization) report(f finding.Finding) { k.exam.findings = append(k.exam.findings, f) }

// failedAt is the reason that Flux gives for the failed step, if it has one: while the
// next attempt runs, it may be lost.
func (k kustomization) failedAt(step string) string {
	if reason := k.exam.verdict.Reason; strings.HasSuffix(string(reason), "Failed") {
		return string(reason)
	}
	return step
}

func (k kustomization) path() string {
	return strings.TrimPrefix(field.Text(k.obj.Object, "spec", "path"), "./")
}

// ownFinding is a finding whose message names the problem by itself.
func (k kustomization) ownFinding(code finding.Code, reason string, fixes ...finding.Fix) finding.Finding {
	message := cmp.Or(firstLine(k.failed.message), "its last reconciliation failed, and neither its conditions nor its events show why")
	f := k.finding(code, reason, fmt.Sprintf("%s can't be applied: %s", finding.RefOf(k.obj), message))
	f.Evidence = []finding.Evidence{k.failed.proof}
	f.Fixes = fixes
	return f
}

// local is a flux command that works on a clone of the repository.
func (k kustomization) local(verb, text string) finding.Fix {
	return finding.Fix{Text: text, File: k.path(), Command: escape.Command("flux %s kustomization %s -n %s --path ./%s",
		verb, k.obj.GetName(), k.obj.GetNamespace(), k.path())}
}

// buildFixes are what to change if kustomize names a file and its error is of a known
// kind, and how to see the error in a clone of the repository.
func (k kustomization) buildFixes(build fluxmsg.Build) []finding.Fix {
	if k.failed.message == "" {
		return []finding.Fix{k.logs()}
	}
	var fixes []finding.Fix
	add := func(format string, args ...any) {
		fixes = append(fixes, finding.Fix{Text: fmt.Sprintf(format, args...), File: cmp.Or(build.Path, k.path())})
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(build.Detail, w) {
				return true
			}
		}
		return false
	}
	switch {
	case build.Path == "":
	case has("unable to find one of 'kustomization.yaml'"):
		add("Add a kustomization.yaml to the folder %s, or remove the folder from the resources that name it", build.Path)
	case has("no such file or directory"):
		add("Add the file %s to the repository, or remove it from the kustomization.yaml that names it", build.Path)
	case has("yaml: ", "MalformedYAML", "failed to decode Kubernetes YAML"):
		add("Correct the YAML in %s", build.Path)
	}
	if has("no resource matches strategic merge patch", "failed to find unique target for patch", "no matches for Id") {
		add("Correct the kind, name or namespace in the patch: no object in the manifests has those in the message")
	}
	if has("may not add resource with an already registered id") {
		add("Remove one of the two definitions of the object that the message names")
	}
	return append(fixes, k.local("build", "Build it in a clone of the repository, like Flux does, to see the whole error"))
}

// logs is the command that shows the log of the controller about the layer.
func (k kustomization) logs() finding.Fix {
	return finding.Fix{Text: "Read the log of kustomize-controller about it",
		Command: escape.Command("flux logs --kind=Kustomization --name=%s --namespace=%s", k.obj.GetName(), k.obj.GetNamespace())}
}

func (k kustomization) missingPath() finding.Finding {
	f := k.finding(codePathMissing, k.failedAt("ArtifactFailed"),
		fmt.Sprintf("%s applies the manifests in folder %q, which does not exist in %s", finding.RefOf(k.obj), k.path(), health.SourceOf(k.obj)))
	f.Evidence = []finding.Evidence{
		evidence(k.obj, "spec.path", field.Text(k.obj.Object, "spec", "path"), time.Time{}),
		k.failed.proof,
	}
	f.Evidence = append(f.Evidence, k.sourceRevision()...)
	f.Fixes = []finding.Fix{{Text: "Correct spec.path, or add the folder to the repository", File: k.x.definedIn(k.obj)}}
	return f
}

// sourceRevision is the revision of the source of the layer, as evidence.
func (k kustomization) sourceRevision() []finding.Evidence {
	source := k.x.snap.Lookup(health.SourceOf(k.obj)).Object
	if source == nil {
		return nil
	}
	revision := field.Text(source.Object, "status", "artifact", "revision")
	if revision == "" {
		return nil
	}
	return []finding.Evidence{evidence(source, "status.artifact.revision", revision, field.Time(source.Object, "status", "artifact", "lastUpdateTime"))}
}

// missingReference reports a missing Secret or ConfigMap with variables, or blames what
// should create it.
func (k kustomization) missingReference(build fluxmsg.Build) {
	needed := part{ref: coreRef(build.Reference.Kind, cmp.Or(build.Reference.Namespace, k.obj.GetNamespace()), build.Reference.Name)}
	f := k.ownFinding(codeSubstitutionFailed, k.failedAt("BuildFailed"))
	for i, from := range field.List(k.obj.Object, "spec", "postBuild", "substituteFrom") {
		if field.Text(from, "name") == needed.ref.Name && field.Text(from, "kind") == needed.ref.Kind {
			path := fmt.Sprintf("spec.postBuild.substituteFrom[%d].name", i)
			f.Evidence = append([]finding.Evidence{evidence(k.obj, path, needed.ref.Name, time.Time{})}, f.Evidence...)
			break
		}
	}
	k.lacking(f, needed, "takes variables from", "spec.postBuild.substituteFrom")
}

// lacking reports an object that the layer needs for its build and that does not exist.
func (k kustomization) lacking(f finding.Finding, needed part, what, where string) {
	f.Ref = needed.ref
	f.Message = fmt.Sprintf("%s %s %s, which does not exist", finding.RefOf(k.obj), what, needed)
	fix := finding.Fix{Text: fmt.Sprintf("Create %s, or correct %s", needed, where), File: k.x.definedIn(k.obj)}
	switch presence := k.x.presence(needed); {
	case presence == snapshot.Present:
		f.Ref = finding.RefOf(k.obj)
		f.Message = fmt.Sprintf("%s %s %s, which exists now: the next reconciliation finds it", finding.RefOf(k.obj), what, needed)
		f.Fixes = []finding.Fix{k.retry("Reconcile it")}
		k.report(f)
		return
	case presence == snapshot.Unknown:
		k.exam.unknown = append(k.exam.unknown, k.x.unreadable(needed.ref.GroupKind(), needed.ref.Namespace)...)
	default:
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: needed.ref, Field: "object", Value: "does not exist"})
	}
	if other, ok := k.x.inOtherNamespace(needed.ref); ok {
		f.Message += fmt.Sprintf("; there is one in namespace %s, but Flux reads it from the namespace of the layer", other.Namespace)
	} else if near, ok := k.x.nearest(needed.ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		fix.Text = fmt.Sprintf("In %s, write %s instead of %s, or create %s", where, near.Name, needed.ref.Name, needed)
	}
	if maker, ok := k.x.failingCreator(needed.ref, finding.RefOf(k.obj)); ok {
		k.exam.blame = append(k.exam.blame, maker)
	}
	f.Fixes = []finding.Fix{fix}
	k.report(f)
}
