package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// scaledDown reports the workload of an ingress when all of its workloads are
// scaled to zero, so that no gateway pod runs.
func (x *examiner) scaledDown(workloads []*unstructured.Unstructured) (finding.Finding, bool) {
	for _, workload := range workloads {
		if workload.GetKind() == health.PodKind.Kind || field.IntOr(1, workload.Object, "spec", "replicas") != 0 {
			return finding.Finding{}, false
		}
	}
	return x.gatewayScaledDown(workloads[0]), true
}

// gatewayScaledDown says how many pods there should be, by the autoscaler or by
// another tenant's same workload; a release's values are not in a snapshot. An
// autoscaler leaves a target with 0 replicas alone (kubernetes v1.36,
// pkg/controller/podautoscaler/horizontal.go, ScalingDisabled), and Helm changes
// no replicas that its chart does not set.
func (x *examiner) gatewayScaledDown(workload *unstructured.Unstructured) finding.Finding {
	ref := finding.RefOf(workload)
	f := finding.Finding{
		Code: codeGatewayScaledDown, Ref: ref, Reason: "ScaledToZero", Severity: finding.Critical,
		Message: fmt.Sprintf("%s is scaled to zero: no gateway pod is running", ref),
	}
	prove(&f, workload, "spec.replicas")
	f.Fixes = scaleUp(ref, x.replicasWanted(&f, workload))
	return f
}

// replicasWanted is how many pods a workload that is scaled to zero should have, 0
// when nothing tells.
func (x *examiner) replicasWanted(f *finding.Finding, workload *unstructured.Unstructured) int64 {
	wanted := int64(0)
	if scaler := x.autoscalerOf(workload); scaler != nil {
		prove(f, scaler, "spec.minReplicas")
		wanted = field.IntOr(1, scaler.Object, "spec", "minReplicas")
		f.Message += fmt.Sprintf("; %s does not scale a target that has 0 replicas", finding.RefOf(scaler))
	}
	if peer := x.peer(finding.RefOf(workload)); peer != nil {
		prove(f, peer, "spec.replicas")
		if wanted == 0 {
			wanted = field.IntOr(1, peer.Object, "spec", "replicas")
		}
	}
	return wanted
}

// scaleUp is how to get the pods back, where it is known how many there should
// be, and else where to look.
func scaleUp(ref finding.Ref, wanted int64) []finding.Fix {
	look := finding.Fix{Text: "Find out who scaled it down, and why: check its events, and the replicas that its HelmRelease or Git sets", Command: describe(ref)}
	if wanted == 0 {
		return []finding.Fix{look}
	}
	return []finding.Fix{{Text: fmt.Sprintf("Scale it to %d, unless it was scaled down on purpose", wanted),
		Command: escape.Command("kubectl scale %s %s -n %s --replicas=%d", resourceOf(ref), ref.Name, ref.Namespace, wanted)}, look}
}

// autoscalerOf is the HorizontalPodAutoscaler that scales a workload, nil when
// none is known.
func (x *examiner) autoscalerOf(workload *unstructured.Unstructured) *unstructured.Unstructured {
	for _, scaler := range x.snap.List(autoscalerKind, workload.GetNamespace()).Objects {
		target := field.Map(scaler.Object, "spec", "scaleTargetRef")
		if field.Text(target, "kind") == workload.GetKind() && field.Text(target, "name") == workload.GetName() {
			return scaler
		}
	}
	return nil
}
