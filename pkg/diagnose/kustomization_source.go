package diagnose

import (
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// denied reports a source in another namespace that the layer is not allowed to use.
// The state of that source does not matter then.
func (k kustomization) denied() bool {
	if k.ready.Reason != "AccessDenied" {
		return false
	}
	source := health.SourceOf(k.obj)
	f := k.ownFinding(codeAccessDenied, k.ready.Reason, finding.Fix{File: k.x.definedIn(k.obj),
		Text: fmt.Sprintf("Create a %s in namespace %s and name it in spec.sourceRef: kustomize-controller runs with --no-cross-namespace-refs", source.Kind, k.obj.GetNamespace())})
	if source.Namespace != k.obj.GetNamespace() && field.Text(k.obj.Object, "spec", "sourceRef", "namespace") != "" {
		f.Evidence = append(f.Evidence, evidence(k.obj, "spec.sourceRef.namespace", source.Namespace, time.Time{}))
	}
	k.report(f)
	return true
}

// sourced blames the source while the layer waits for it, or reports that it does not
// exist, and reports whether the layer has something to build. A source with an
// artifact is not to blame: that it fetches nothing newer does not make a layer fail.
func (k kustomization) sourced(message string) bool {
	ref := health.SourceOf(k.obj)
	_, built := k.x.message(message).Build()
	waits := k.exam.verdict.Reason == "ArtifactFailed" && !built
	switch answer := k.x.snap.Lookup(ref); answer.Presence {
	case snapshot.Absent:
		k.exam.findings = append(k.exam.findings, k.missingSource(ref))
		return false
	case snapshot.Unknown:
		if waits && answer.Why.Why != snapshot.NotServed {
			k.exam.unknown = append(k.exam.unknown, *answer.Why)
			return false
		}
	default:
		empty := field.Text(answer.Object.Object, "status", "artifact", "revision") == ""
		if empty && k.x.health.Of(ref).Status != health.Ready {
			k.exam.blame = append(k.exam.blame, ref)
			return false
		}
	}
	return true
}

func (k kustomization) missingSource(ref finding.Ref) finding.Finding {
	f := k.finding(codeSourceRefMissing, k.failedAt("ArtifactFailed"), fmt.Sprintf("%s takes its manifests from %s, which does not exist", finding.RefOf(k.obj), ref))
	f.Evidence = []finding.Evidence{
		evidence(k.obj, "spec.sourceRef.name", ref.Name, time.Time{}),
		{Ref: ref, Field: "object", Value: "does not exist"},
	}
	fix := finding.Fix{Text: "Name an existing source in spec.sourceRef", File: k.x.definedIn(k.obj)}
	if other, ok := k.x.inOtherNamespace(ref); ok {
		f.Message += "; there is one in namespace " + other.Namespace
		fix.Text = "In spec.sourceRef, write namespace: " + other.Namespace
	} else if near, ok := k.x.nearest(ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		fix.Text = fmt.Sprintf("In spec.sourceRef, write %s instead of %s", near.Name, ref.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}
