// Package source explains the sources of Flux: Git and OCI repositories, buckets
// and Helm repositories.
package source

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainSource reports why a source can't be fetched. What it fetched before is still
// served: its layers are out of date, but work.
func ExplainSource(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: flux.SourceVerdict(x, obj)}
	if e.Verdict.Status == health.Ready || e.Verdict.Status == health.Progressing {
		return e
	}
	if e.Verdict.Status == health.Unknown {
		flux.ExplainStale(x, obj, &e)
		return e
	}
	if e.Verdict.Status == health.Suspended {
		f := finding.Finding{
			Code: engine.CodeSuspended, Ref: e.Verdict.Ref, Reason: "Suspended", Severity: finding.Warning,
			Message:  fmt.Sprintf("%s is suspended: Flux does not fetch new revisions", e.Verdict.Ref),
			Evidence: []finding.Evidence{engine.Evidence(obj, "spec.suspend", "true", e.Verdict.Since)},
			Fixes:    []finding.Fix{{Text: "Find out why it was suspended, then resume it", Command: flux.Command("resume", obj)}},
		}
		e.Findings = []finding.Finding{f}
		return e
	}
	switch {
	case flux.IsAbandoned(e.Verdict) && e.Verdict.Ref.GroupKind() != object.ExternalArtifactKind:
		flux.ExplainStuck(x, obj, &e)
	case e.Verdict.Ref.GroupKind() == object.ExternalArtifactKind:
		externalArtifact(x, obj, &e)
	default:
		unfetched(x, obj, &e)
	}
	return e
}

// externalArtifact explains an artifact that a controller of another project writes: no
// flux command fetches it. spec.sourceRef is the object that it is created from
// (source-controller api v1, ExternalArtifactSpec).
func externalArtifact(x *engine.Context, obj *unstructured.Unstructured, e *engine.Result) {
	f := finding.Finding{
		Code: engine.CodeSourceFailed, Ref: e.Verdict.Ref, Reason: string(e.Verdict.Reason), Severity: finding.Critical, Since: e.Verdict.Since,
		Message: fmt.Sprintf("%s has no new artifact: %s", e.Verdict.Ref, e.Verdict.Message),
	}
	if ready := object.ConditionOf(obj, "Ready"); ready.Status != "" {
		f.Evidence = append(f.Evidence, engine.Quote(obj, ready))
	} else {
		f.Evidence = append(f.Evidence, engine.Evidence(obj, "metadata.creationTimestamp", object.Text(obj.Object, "metadata", "creationTimestamp"), obj.GetCreationTimestamp().Time))
	}
	source := object.Map(obj.Object, "spec", "sourceRef")
	if object.Text(source, "name") == "" {
		f.Message += "; a controller that is not part of Flux writes it, and spec.sourceRef does not name its source"
		f.Fixes = []finding.Fix{{Text: "Check in its labels, owners and managed fields which controller writes it",
			Command: escape.Command("kubectl get externalartifact %s -n %s -o yaml --show-managed-fields", obj.GetName(), obj.GetNamespace())}}
		e.Findings = append(e.Findings, f)
		return
	}
	ref := object.Ref{
		APIVersion: object.Text(source, "apiVersion"), Kind: object.Text(source, "kind"),
		Namespace: cmp.Or(object.Text(source, "namespace"), obj.GetNamespace()), Name: object.Text(source, "name"),
	}
	f.Message += fmt.Sprintf("; another controller creates it from %s", ref)
	f.Evidence = append(f.Evidence, engine.Evidence(obj, "spec.sourceRef.name", ref.Name, time.Time{}))
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check what the controller of %s reports about it", ref), Command: flux.DescribeCommand(ref)}}
	switch answer := x.Snap.Lookup(ref); answer.Presence {
	case snapshot.Absent:
		f.Message += ", which does not exist"
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create %s, or correct spec.sourceRef", ref), File: x.DefinedIn(obj)}}
	case snapshot.Present:
		e.Blame = append(e.Blame, ref) // its own conditions are more informative if it is not ready
	default:
		if answer.Failure.Reason != snapshot.NotServed {
			e.Unknown = append(e.Unknown, *answer.Failure)
		}
	}
	e.Findings = append(e.Findings, f)
}
