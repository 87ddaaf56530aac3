package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

func init() { register(explainAutoscaler, autoscalerKind) }

// explainAutoscaler warns when an autoscaler can't do its work. It never is why
// something is down: without it, the replicas stay as many as they were. So
// below something that failed, it says nothing.
func explainAutoscaler(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	ref := finding.RefOf(obj)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	if failing {
		return e
	}
	target := field.Text(obj.Object, "spec", "scaleTargetRef", "kind") + " " + field.Text(obj.Object, "spec", "scaleTargetRef", "name")
	for _, kind := range []string{"AbleToScale", "ScalingActive"} {
		c := conditionOf(obj, kind)
		if c.status != "False" || c.reason == "ScalingDisabled" { // its target is scaled to zero
			continue
		}
		e.findings = append(e.findings, finding.Finding{
			Code: codeAutoscaler, Ref: ref, Reason: c.reason, Severity: finding.Warning, Since: c.since,
			Message:  fmt.Sprintf("%s can't scale %s: %s", ref, target, firstLine(c.message)),
			Evidence: []finding.Evidence{evidence(obj, c.field(), c.reason+": "+c.message, c.since)},
			Fixes:    []finding.Fix{{Text: "See whether metrics are served", Command: "kubectl top pods -n " + ref.Namespace}},
		})
		break
	}
	return e
}
