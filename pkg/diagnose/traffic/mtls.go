package traffic

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// SentPlaintext reports whether the client of a connection has no Istio proxy while its
// server requires mutual TLS, and the PeerAuthentication that requires it.
func SentPlaintext(x *engine.Context, c Connection) (strict *unstructured.Unstructured, ok bool) {
	if _, inject := InjectionSet(c.From); inject != "false" {
		return nil, false
	}
	return StrictPeerAuthentication(x, c.To)
}

// StrictPeerAuthentication is the PeerAuthentication that requires mutual TLS for the
// pods of a workload: the one for the pods takes precedence over that of the namespace,
// and this over that of the mesh; UNSET or none inherits. One with settings for single
// ports is not judged.
func StrictPeerAuthentication(x *engine.Context, workload *unstructured.Unstructured) (*unstructured.Unstructured, bool) {
	if !meshed(x, workload) {
		return nil, false
	}
	var own, wide []*unstructured.Unstructured
	for _, policy := range peerAuthentications(x, workload.GetNamespace()) {
		labels, selects, _ := unstructured.NestedStringMap(policy.Object, "spec", "selector", "matchLabels")
		switch {
		case selects && len(labels) > 0 && policy.GetNamespace() == workload.GetNamespace():
			if engine.Matches(labels, engine.PodLabels(workload)) {
				own = append(own, policy)
			}
		case len(labels) == 0:
			wide = append(wide, policy)
		}
	}
	for _, policy := range append(own, wide...) {
		if object.Map(policy.Object, "spec", "portLevelMtls") != nil {
			return nil, false
		}
		if mode := object.Text(policy.Object, "spec", "mtls", "mode"); mode != "" && mode != "UNSET" {
			return policy, mode == "STRICT"
		}
	}
	return nil, false
}

// peerAuthentications are those of a namespace, then those of the mesh, each with the
// oldest first, which applies (istio 1.24, pilot/pkg/model/authentication.go).
func peerAuthentications(x *engine.Context, namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, at := range slices.Compact([]string{namespace, MeshNamespace}) {
		list := slices.Clone(x.Snap.List(object.PeerAuthenticationKind, at).Objects)
		slices.SortStableFunc(list, func(a, b *unstructured.Unstructured) int {
			return a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time)
		})
		found = append(found, list...)
	}
	return found
}

// InjectLabel is the label of a pod that enables or disables Istio's sidecar.
const InjectLabel = "sidecar.istio.io/inject"
