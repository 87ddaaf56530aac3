package kustomize

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// built reports why the manifests of the layer could not be built, and whether there is
// no such reason.
func built(k flux.Kustomization, text string) bool {
	build, ok := k.X.Message(text).Build()
	if !ok && (k.Result.Verdict.Status != health.Failing || k.Result.Verdict.Reason != "BuildFailed" && k.Result.Verdict.Reason != "ArtifactFailed") {
		return true
	}
	if source, ok := k.X.Message(text).Source(); ok && source.Problem == message.SourceNoArtifact {
		build.Problem, build.Download.Problem = message.BuildDownload, message.DownloadNotFound
	}
	switch {
	case build.Problem == message.BuildPathNotFound:
		report(k, missingPath(k))
	case build.Problem == message.BuildDownload:
		download(k, build)
	case build.Problem == message.BuildEncrypted:
		report(k, notDecrypted(k, build))
	case build.Problem == message.BuildDecryption:
		decryption(k, build)
	case build.Missing && build.Reference.Name != "":
		missingReference(k, build)
	case build.Problem == message.BuildSubstitution:
		substitution(k, build)
	default:
		report(k, ownFinding(k, engine.CodeBuildFailed, failedAt(k, "BuildFailed"), buildFixes(k, build)...))
	}
	return false
}

// report adds a finding about the layer.
func report(k flux.Kustomization, f finding.Finding) {
	k.Result.Findings = append(k.Result.Findings, f)
}

// failedAt is the reason that Flux gives for the failed step, if it has one: while the
// next attempt runs, it may be lost.
func failedAt(k flux.Kustomization, step string) string {
	if reason := k.Result.Verdict.Reason; strings.HasSuffix(string(reason), "Failed") {
		return string(reason)
	}
	return step
}

func path(k flux.Kustomization) string {
	return strings.TrimPrefix(object.Text(k.Obj.Object, "spec", "path"), "./")
}

// ownFinding is a finding whose message names the problem by itself.
func ownFinding(k flux.Kustomization, code finding.Code, reason string, fixes ...finding.Fix) finding.Finding {
	message := cmp.Or(health.FirstLine(k.Failed.Message), "its last reconciliation failed, and neither its conditions nor its events show why")
	f := kustomizationFinding(k, code, reason, fmt.Sprintf("%s can't be applied: %s", object.RefOf(k.Obj), message))
	f.Evidence = []finding.Evidence{k.Failed.Proof}
	f.Fixes = fixes
	return f
}

// local is a flux command that works on a clone of the repository.
func local(k flux.Kustomization, verb, text string) finding.Fix {
	return finding.Fix{Text: text, File: path(k), Command: escape.Command("flux %s kustomization %s -n %s --path ./%s",
		verb, k.Obj.GetName(), k.Obj.GetNamespace(), path(k))}
}

// buildFixes are what to change if kustomize names a file and its error is of a known
// kind, and how to see the error in a clone of the repository.
func buildFixes(k flux.Kustomization, build message.Build) []finding.Fix {
	if k.Failed.Message == "" {
		return []finding.Fix{logs(k)}
	}
	var fixes []finding.Fix
	add := func(format string, args ...any) {
		fixes = append(fixes, finding.Fix{Text: fmt.Sprintf(format, args...), File: cmp.Or(build.Path, path(k))})
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
		add("Correct the kind, name or namespace in the patch: no object in the manifests matches those in the message")
	}
	if has("may not add resource with an already registered id") {
		add("Remove one of the two definitions of the object that the message names")
	}
	return append(fixes, local(k, "build", "Build it in a clone of the repository, like Flux does, to see the whole error"))
}

// logs is the command that shows the log of the controller about the layer.
func logs(k flux.Kustomization) finding.Fix {
	return finding.Fix{Text: "Read what kustomize-controller logged for this Kustomization",
		Command: escape.Command("flux logs --kind=Kustomization --name=%s --namespace=%s", k.Obj.GetName(), k.Obj.GetNamespace())}
}

func missingPath(k flux.Kustomization) finding.Finding {
	f := kustomizationFinding(k, engine.CodePathMissing, failedAt(k, "ArtifactFailed"),
		fmt.Sprintf("%s applies the manifests in folder %q, which does not exist in %s", object.RefOf(k.Obj), path(k), health.SourceOf(k.Obj)))
	f.Evidence = []finding.Evidence{
		engine.Evidence(k.Obj, "spec.path", object.Text(k.Obj.Object, "spec", "path"), time.Time{}),
		k.Failed.Proof,
	}
	f.Evidence = append(f.Evidence, sourceRevision(k)...)
	f.Fixes = []finding.Fix{{Text: "Correct spec.path, or add the folder to the repository", File: k.X.DefinedIn(k.Obj)}}
	return f
}

// sourceRevision is the revision of the source of the layer, as evidence.
func sourceRevision(k flux.Kustomization) []finding.Evidence {
	source := k.X.Snap.Lookup(health.SourceOf(k.Obj)).Object
	if source == nil {
		return nil
	}
	revision := object.Text(source.Object, "status", "artifact", "revision")
	if revision == "" {
		return nil
	}
	return []finding.Evidence{engine.Evidence(source, "status.artifact.revision", revision, object.Time(source.Object, "status", "artifact", "lastUpdateTime"))}
}

// missingReference reports a missing Secret or ConfigMap with variables, or blames what
// should create it.
func missingReference(k flux.Kustomization, build message.Build) {
	needed := engine.ConfigSource{Ref: engine.CoreRef(build.Reference.Kind, cmp.Or(build.Reference.Namespace, k.Obj.GetNamespace()), build.Reference.Name)}
	f := ownFinding(k, engine.CodeSubstitutionFailed, failedAt(k, "BuildFailed"))
	for i, from := range object.List(k.Obj.Object, "spec", "postBuild", "substituteFrom") {
		if object.Text(from, "name") == needed.Ref.Name && object.Text(from, "kind") == needed.Ref.Kind {
			path := fmt.Sprintf("spec.postBuild.substituteFrom[%d].name", i)
			f.Evidence = append([]finding.Evidence{engine.Evidence(k.Obj, path, needed.Ref.Name, time.Time{})}, f.Evidence...)
			break
		}
	}
	lacking(k, f, needed, "takes variables from", "spec.postBuild.substituteFrom")
}

// lacking reports an object that the layer needs for its build and that does not exist.
func lacking(k flux.Kustomization, f finding.Finding, needed engine.ConfigSource, what, where string) {
	f.Ref = needed.Ref
	f.Message = fmt.Sprintf("%s %s %s, which does not exist", object.RefOf(k.Obj), what, needed)
	fix := finding.Fix{Text: fmt.Sprintf("Create %s, or correct %s", needed, where), File: k.X.DefinedIn(k.Obj)}
	switch presence := k.X.Presence(needed); {
	case presence == snapshot.Present:
		f.Ref = object.RefOf(k.Obj)
		f.Message = fmt.Sprintf("%s %s %s, which exists now: the next reconciliation finds it", object.RefOf(k.Obj), what, needed)
		f.Fixes = []finding.Fix{k.Retry("Reconcile it")}
		report(k, f)
		return
	case presence == snapshot.Unknown:
		k.Result.Unknown = append(k.Result.Unknown, k.X.Unreadable(needed.Ref.GroupKind(), needed.Ref.Namespace)...)
	default:
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: needed.Ref, Field: "object", Value: "does not exist"})
	}
	if other, ok := k.X.InOtherNamespace(needed.Ref); ok {
		f.Message += fmt.Sprintf("; there is one in namespace %s, but Flux reads it from the namespace of the layer", other.Namespace)
	} else if near, ok := k.X.Nearest(needed.Ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		fix.Text = fmt.Sprintf("In %s, write %s instead of %s, or create %s", where, near.Name, needed.Ref.Name, needed)
	}
	if creator, ok := flux.FailingCreator(k.X, needed.Ref, object.RefOf(k.Obj)); ok {
		k.Result.Blame = append(k.Result.Blame, creator)
	}
	f.Fixes = []finding.Fix{fix}
	report(k, f)
}
