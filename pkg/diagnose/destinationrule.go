package diagnose

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

var peerAuthenticationKind = schema.GroupKind{Group: "security.istio.io", Kind: "PeerAuthentication"}

// explainDestinationRule reports a rule that has Istio's clients connect without
// mutual TLS to pods which accept nothing else.
func explainDestinationRule(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	ref := finding.RefOf(obj)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	mode := field.Text(obj.Object, "spec", "trafficPolicy", "tls", "mode")
	name, namespace, ok := serviceHost(field.Text(obj.Object, "spec", "host"), obj.GetNamespace())
	if obj.GetDeletionTimestamp() != nil || !ok || mode != "DISABLE" && mode != "SIMPLE" {
		return e
	}
	service := x.snap.Lookup(coreRef(health.ServiceKind.Kind, namespace, name)).Object
	if service == nil {
		return e
	}
	for _, workload := range x.selected(selectorOf(service), namespace) {
		strict, ok := x.strict(workload)
		if !ok {
			continue
		}
		f := finding.Finding{
			Code: codePlaintext, Ref: ref, Reason: "PlaintextToStrict", Severity: finding.Critical,
			Message: fmt.Sprintf("%s disables mutual TLS for %s, but %s requires it for %s",
				ref, finding.RefOf(service), finding.RefOf(strict), finding.RefOf(workload)),
		}
		prove(&f, obj, "spec.trafficPolicy.tls.mode", "spec.host")
		prove(&f, strict, "spec.mtls.mode")
		f.Fixes = []finding.Fix{{Text: "In spec.trafficPolicy.tls.mode, write ISTIO_MUTUAL, or remove the setting",
			Command: x.applyNow(obj), File: x.file(obj, "spec.trafficPolicy.tls.mode")}}
		e.findings = append(e.findings, f)
		e.judge()
		return e
	}
	return e
}

// strict is the PeerAuthentication by which the pods of a workload accept mutual
// TLS alone: the one for the pods goes before that of the namespace, this before
// that of the mesh, and UNSET or none inherits. One with settings of single ports
// is not judged.
func (x *examiner) strict(workload *unstructured.Unstructured) (*unstructured.Unstructured, bool) {
	if !x.meshed(workload) {
		return nil, false
	}
	var own, wide []*unstructured.Unstructured
	for _, policy := range x.peerAuthentications(workload.GetNamespace()) {
		labels, selects, _ := unstructured.NestedStringMap(policy.Object, "spec", "selector", "matchLabels")
		switch {
		case selects && len(labels) > 0 && policy.GetNamespace() == workload.GetNamespace():
			if matches(labels, podLabels(workload)) {
				own = append(own, policy)
			}
		case len(labels) == 0:
			wide = append(wide, policy)
		}
	}
	for _, policy := range append(own, wide...) {
		if field.Map(policy.Object, "spec", "portLevelMtls") != nil {
			return nil, false
		}
		if mode := field.Text(policy.Object, "spec", "mtls", "mode"); mode != "" && mode != "UNSET" {
			return policy, mode == "STRICT"
		}
	}
	return nil, false
}

// peerAuthentications are those of a namespace, then those of the mesh, each the
// oldest first, which is the one that counts (istio 1.24,
// pilot/pkg/model/authentication.go).
func (x *examiner) peerAuthentications(namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, at := range slices.Compact([]string{namespace, meshNamespace}) {
		list := slices.Clone(x.snap.List(peerAuthenticationKind, at).Objects)
		slices.SortStableFunc(list, func(a, b *unstructured.Unstructured) int {
			return a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time)
		})
		found = append(found, list...)
	}
	return found
}
