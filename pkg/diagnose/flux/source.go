package flux

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Statement is a message about the failure of an object.
type Statement struct {
	Reason, Text string
	At           time.Time
	Proof        finding.Evidence
}

// SourceVerdict is the health of a source. HelmRepositories and HelmCharts are judged
// here, by the same conditions as the sources of layers, because status does not read
// them. An OCI HelmRepository has no status.
func SourceVerdict(x *engine.Context, obj *unstructured.Unstructured) health.Verdict {
	ref := object.RefOf(obj)
	kind := ref.GroupKind()
	if kind != object.HelmRepositoryKind && kind != object.HelmChartKind {
		return x.Health.Of(ref)
	}
	ready := object.ConditionOf(obj, "Ready")
	v := health.Verdict{Ref: ref, Status: health.Ready, Since: ready.Since}
	switch {
	case object.Bool(obj.Object, "spec", "suspend"):
		v.Status, v.Reason = health.Suspended, "Suspended"
	case ready.Status == "False":
		v = v.FromCondition(health.Failing, ready)
	case ready.Status == "Unknown" && overdue(x, obj):
		v.Status, v.Reason, v.Since = health.Failing, health.Stuck, ready.Since
		v.Message = fmt.Sprintf("it has been reconciling for %s, longer than its timeout of %s: %s",
			duration.HumanDuration(x.Now.Sub(ready.Since)), health.Timeout(obj), health.FirstLine(ready.Message))
	case ready.Status == "Unknown":
		v = v.FromCondition(health.Progressing, ready)
	case ready.Status == "" && object.Text(obj.Object, "spec", "type") != "oci":
		v.Status, v.Reason, v.Message = health.Progressing, "NotYetReconciled", "Flux has not acted on it yet"
	}
	for _, kind := range []string{"FetchFailed", "Stalled", "BuildFailed"} {
		if failed := object.ConditionOf(obj, kind); failed.Status == "True" && v.Status != health.Suspended {
			v = v.FromCondition(health.Failing, failed)
			break
		}
	}
	return v
}

// overdue reports whether an object of a kind that pkg/health does not judge has been
// in an attempt for longer than its timeout plus a tolerance.
func overdue(x *engine.Context, obj *unstructured.Unstructured) bool {
	var last time.Time
	for _, kind := range []string{"Ready", "Reconciling"} {
		if since := object.ConditionOf(obj, kind).Since; since.After(last) {
			last = since
		}
	}
	return !last.IsZero() && x.Now.Sub(last) > health.Timeout(obj)+health.Tolerance
}

// sourceConditions are those that explain a missing artifact, in the order in which
// pkg/health checks them.
var sourceConditions = []string{"Stalled", "FetchFailed", "StorageOperationFailed", "IncludeUnavailable", "BuildFailed"}

// FetchStatement is the message about a failed fetch: the first message that names a
// problem, or otherwise the first one. The conditions of a failure are not equally
// informative, and the event about it may be more informative than they are.
func FetchStatement(x *engine.Context, obj *unstructured.Unstructured) (Statement, bool) {
	var all []Statement
	for _, kind := range append(slices.Clone(sourceConditions), "Ready") {
		c := object.ConditionOf(obj, kind)
		if bad := kind != "Ready" && c.Status == "True" || kind == "Ready" && c.Status == "False"; bad && c.Message != "" {
			all = append(all, Statement{c.Reason, c.Message, c.Since, engine.Quote(obj, c)})
		}
	}
	if len(all) == 0 {
		return Statement{}, false
	}
	names := func(m Statement) bool { _, ok := x.Message(m.Text).Fetch(); return ok }
	if at := slices.IndexFunc(all, names); at >= 0 {
		return all[at], true
	}
	for _, w := range x.Warnings(obj) {
		m := Statement{w.Reason, w.Message, w.Last, engine.EventEvidence(object.RefOf(obj), w)}
		if !w.Last.Before(all[0].At) && names(m) {
			return m, true
		}
	}
	return all[0], true
}
