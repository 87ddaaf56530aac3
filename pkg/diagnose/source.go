package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

var (
	helmRepositoryKind = schema.GroupKind{Group: health.GitRepositoryKind.Group, Kind: "HelmRepository"}
	helmChartKind      = schema.GroupKind{Group: health.GitRepositoryKind.Group, Kind: "HelmChart"}
)

// explainSource reports why a source can't be fetched. What it fetched before is still
// served: the layers of it are out of date, not broken.
func explainSource(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: sourceVerdict(x, obj)}
	if e.verdict.Status == health.Ready || e.verdict.Status == health.Progressing {
		return e
	}
	if e.verdict.Status == health.Unknown {
		x.explainStale(obj, &e)
		return e
	}
	if e.verdict.Status == health.Suspended {
		f := finding.Finding{
			Code: codeSuspended, Ref: e.verdict.Ref, Reason: "Suspended", Severity: finding.Warning,
			Message:  fmt.Sprintf("%s is suspended: Flux does not fetch new revisions", e.verdict.Ref),
			Evidence: []finding.Evidence{evidence(obj, "spec.suspend", "true", e.verdict.Since)},
			Fixes:    []finding.Fix{{Text: "Find out why it was suspended, then resume it", Command: reconcileSource("resume", obj)}},
		}
		e.findings = []finding.Finding{f}
		return e
	}
	switch {
	case isAbandoned(e.verdict) && e.verdict.Ref.GroupKind() != health.ExternalArtifactKind:
		x.stuck(obj, &e)
	case e.verdict.Ref.GroupKind() == health.ExternalArtifactKind:
		x.externalArtifact(obj, &e)
	default:
		x.unfetched(obj, &e)
	}
	return e
}

// sourceVerdict is the health of a source. HelmRepositories and HelmCharts are judged
// here, by the same conditions as the sources of layers, because status does not read
// them. An OCI HelmRepository has no status.
func sourceVerdict(x *examiner, obj *unstructured.Unstructured) health.Verdict {
	ref := finding.RefOf(obj)
	kind := ref.GroupKind()
	if kind != helmRepositoryKind && kind != helmChartKind {
		return x.health.Of(ref)
	}
	ready := field.ConditionOf(obj, "Ready")
	v := health.Verdict{Ref: ref, Status: health.Ready, Since: ready.Since}
	switch {
	case field.Bool(obj.Object, "spec", "suspend"):
		v.Status, v.Reason = health.Suspended, "Suspended"
	case ready.Status == "False":
		v = v.FromCondition(health.Failing, ready)
	case ready.Status == "Unknown" && x.overdue(obj):
		v.Status, v.Reason, v.Since = health.Failing, health.Stuck, ready.Since
		v.Message = fmt.Sprintf("it has been reconciling for %s, longer than its timeout of %s: %s",
			duration.HumanDuration(x.now.Sub(ready.Since)), health.Timeout(obj), firstLine(ready.Message))
	case ready.Status == "Unknown":
		v = v.FromCondition(health.Progressing, ready)
	case ready.Status == "" && field.Text(obj.Object, "spec", "type") != "oci":
		v.Status, v.Reason, v.Message = health.Progressing, "NotYetReconciled", "Flux has not acted on it yet"
	}
	for _, kind := range []string{"FetchFailed", "Stalled", "BuildFailed"} {
		if failed := field.ConditionOf(obj, kind); failed.Status == "True" && v.Status != health.Suspended {
			v = v.FromCondition(health.Failing, failed)
			break
		}
	}
	return v
}
