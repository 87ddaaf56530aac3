package diagnose

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// externalArtifact explains an artifact that a controller of another project writes: no
// flux command fetches it. spec.sourceRef is the object that it is created from
// (source-controller api v1, ExternalArtifactSpec).
func (x *examiner) externalArtifact(obj *unstructured.Unstructured, e *exam) {
	f := finding.Finding{
		Code: codeSourceFailed, Ref: e.verdict.Ref, Reason: string(e.verdict.Reason), Severity: finding.Critical, Since: e.verdict.Since,
		Message: fmt.Sprintf("%s has no new artifact: %s", e.verdict.Ref, e.verdict.Message),
	}
	if ready := field.ConditionOf(obj, "Ready"); ready.Status != "" {
		f.Evidence = append(f.Evidence, quote(obj, ready))
	} else {
		f.Evidence = append(f.Evidence, evidence(obj, "metadata.creationTimestamp", field.Text(obj.Object, "metadata", "creationTimestamp"), obj.GetCreationTimestamp().Time))
	}
	source := field.Map(obj.Object, "spec", "sourceRef")
	if field.Text(source, "name") == "" {
		f.Message += "; a controller that is not part of Flux writes it, and spec.sourceRef does not name its source"
		f.Fixes = []finding.Fix{{Text: "Check in its labels, owners and managed fields which controller writes it",
			Command: escape.Command("kubectl get externalartifact %s -n %s -o yaml --show-managed-fields", obj.GetName(), obj.GetNamespace())}}
		e.findings = append(e.findings, f)
		return
	}
	ref := finding.Ref{
		APIVersion: field.Text(source, "apiVersion"), Kind: field.Text(source, "kind"),
		Namespace: cmp.Or(field.Text(source, "namespace"), obj.GetNamespace()), Name: field.Text(source, "name"),
	}
	f.Message += fmt.Sprintf("; another controller creates it from %s", ref)
	f.Evidence = append(f.Evidence, evidence(obj, "spec.sourceRef.name", ref.Name, time.Time{}))
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check what the controller of %s reports about it", ref), Command: inspect(ref)}}
	switch answer := x.snap.Lookup(ref); answer.Presence {
	case snapshot.Absent:
		f.Message += ", which does not exist"
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create %s, or correct spec.sourceRef", ref), File: x.definedIn(obj)}}
	case snapshot.Present:
		e.blame = append(e.blame, ref) // its own conditions say more, if it is not well
	default:
		if answer.Why.Why != snapshot.NotServed {
			e.unknown = append(e.unknown, *answer.Why)
		}
	}
	e.findings = append(e.findings, f)
}

// overdue reports whether an object of a kind that pkg/health does not judge has been
// in an attempt for longer than its timeout plus a tolerance.
func (x *examiner) overdue(obj *unstructured.Unstructured) bool {
	var last time.Time
	for _, kind := range []string{"Ready", "Reconciling"} {
		if since := field.ConditionOf(obj, kind).Since; since.After(last) {
			last = since
		}
	}
	return !last.IsZero() && x.now.Sub(last) > health.Timeout(obj)+health.Tolerance
}
