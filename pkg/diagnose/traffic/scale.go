package traffic

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ScaledDown reports the workload of an ingress when all of its workloads are
// scaled to zero, so that no gateway pod runs.
func ScaledDown(x *engine.Context, workloads []*unstructured.Unstructured) (finding.Finding, bool) {
	for _, workload := range workloads {
		if workload.GetKind() == object.PodKind.Kind || object.IntOr(1, workload.Object, "spec", "replicas") != 0 {
			return finding.Finding{}, false
		}
	}
	return gatewayScaledDown(x, workloads[0]), true
}

// gatewayScaledDown derives the number of pods from the autoscaler or another tenant's
// corresponding workload; a release's values are not in a snapshot. An autoscaler does
// not scale a target with 0 replicas (kubernetes v1.36,
// pkg/controller/podautoscaler/horizontal.go, ScalingDisabled), and Helm does not change
// replicas that its chart does not set.
func gatewayScaledDown(x *engine.Context, workload *unstructured.Unstructured) finding.Finding {
	ref := object.RefOf(workload)
	f := finding.Finding{
		Code: engine.CodeGatewayScaledDown, Ref: ref, Reason: "ScaledToZero", Severity: finding.Critical,
		Message: fmt.Sprintf("%s is scaled to zero: no gateway pod is running", ref),
	}
	engine.Prove(&f, workload, "spec.replicas")
	f.Fixes = ScaleUp(ref, ReplicasWanted(x, &f, workload))
	return f
}

// ReplicasWanted is the number of pods that a workload that is scaled to zero should
// have, 0 if it is not known.
func ReplicasWanted(x *engine.Context, f *finding.Finding, workload *unstructured.Unstructured) int64 {
	wanted := int64(0)
	if scaler := autoscalerOf(x, workload); scaler != nil {
		engine.Prove(f, scaler, "spec.minReplicas")
		wanted = object.IntOr(1, scaler.Object, "spec", "minReplicas")
		f.Message += fmt.Sprintf("; %s does not scale a target that has 0 replicas", object.RefOf(scaler))
	}
	if peer := x.Peer(object.RefOf(workload)); peer != nil {
		engine.Prove(f, peer, "spec.replicas")
		if wanted == 0 {
			wanted = object.IntOr(1, peer.Object, "spec", "replicas")
		}
	}
	return wanted
}

// ScaleUp is the fix that restores the pods if their number is known, and otherwise what
// to check.
func ScaleUp(ref object.Ref, wanted int64) []finding.Fix {
	look := finding.Fix{Text: "Find out who scaled it down, and why: check its events, and the replicas that its HelmRelease or Git sets", Command: engine.Describe(ref)}
	if wanted == 0 {
		return []finding.Fix{look}
	}
	return []finding.Fix{{Text: fmt.Sprintf("Scale it to %d, unless it was scaled down on purpose", wanted),
		Command: escape.Command("kubectl scale %s %s -n %s --replicas=%d", engine.ResourceOf(ref), ref.Name, ref.Namespace, wanted)}, look}
}

// autoscalerOf is the HorizontalPodAutoscaler of a workload, nil if none is known.
func autoscalerOf(x *engine.Context, workload *unstructured.Unstructured) *unstructured.Unstructured {
	for _, scaler := range x.Snap.List(object.AutoscalerKind, workload.GetNamespace()).Objects {
		target := object.Map(scaler.Object, "spec", "scaleTargetRef")
		if object.Text(target, "kind") == workload.GetKind() && object.Text(target, "name") == workload.GetName() {
			return scaler
		}
	}
	return nil
}
