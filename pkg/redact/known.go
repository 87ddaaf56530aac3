package redact

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// knownKinds are the kinds whose fields the program reads, and whose secrets are
// known: they are redacted by what is known of them. Of any other kind all free
// text goes. A test of the explainers holds the list to the kinds they read.
var knownKinds = map[string][]string{
	"":                             {"ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount"},
	"acme.cert-manager.io":         {"Challenge", "Order"},
	"admissionregistration.k8s.io": {"MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"apps":                         {"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"argoproj.io":                  {"Application"},
	"autoscaling":                  {"HorizontalPodAutoscaler"},
	"batch":                        {"CronJob", "Job"},
	"cert-manager.io":              {"Certificate", "CertificateRequest", "ClusterIssuer", "Issuer"},
	"certificates.k8s.io":          {"CertificateSigningRequest"},
	"coordination.k8s.io":          {"Lease"},
	"discovery.k8s.io":             {"EndpointSlice"},
	"gateway.networking.k8s.io":    {"GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "ReferenceGrant", "TCPRoute", "TLSRoute", "UDPRoute"},
	"helm.toolkit.fluxcd.io":       {"HelmRelease"},
	"kustomize.toolkit.fluxcd.io":  {"Kustomization"},
	"networking.istio.io":          {"DestinationRule", "Gateway", "ServiceEntry", "VirtualService"},
	"networking.k8s.io":            {"Ingress", "IngressClass", "NetworkPolicy"},
	"openreports.io":               {"ClusterReport", "Report"},
	"policy":                       {"PodDisruptionBudget"},
	"policy.cert-manager.io":       {"CertificateRequestPolicy"},
	"resource.k8s.io":              {"ResourceClaim"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"security.istio.io":            {"AuthorizationPolicy", "PeerAuthentication"},
	"snapshot.storage.k8s.io":      {"VolumeSnapshot", "VolumeSnapshotContent"},
	"source.toolkit.fluxcd.io":     {"Bucket", "ExternalArtifact", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository"},
	"storage.k8s.io":               {"CSIDriver", "StorageClass", "VolumeAttachment"},
	"wgpolicyk8s.io":               {"ClusterPolicyReport", "PolicyReport"},
}

// unreadKinds are known besides: nobody reads their fields, but they are redacted by
// rules of their own.
var unreadKinds = map[string][]string{
	"":                               {"List"},
	"extensions.istio.io":            {"WasmPlugin"},
	"networking.istio.io":            {"EnvoyFilter"},
	"notification.toolkit.fluxcd.io": {"Alert", "Provider", "Receiver"},
	"apps":                           {"ControllerRevision"},
}

// KnownKinds are the kinds whose fields the program reads, by group and kind.
func KnownKinds() []schema.GroupKind {
	var kinds []schema.GroupKind
	for group, names := range knownKinds {
		for _, name := range names {
			kinds = append(kinds, schema.GroupKind{Group: group, Kind: name})
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return kinds
}

// isUnknown tells whether the map is an object of a kind that is not known.
func isUnknown(m map[string]any) bool {
	version, _ := m["apiVersion"].(string)
	kind, _ := m["kind"].(string)
	if kind == "" || version == "" {
		return false
	}
	group, _, _ := strings.Cut(version, "/")
	if !strings.Contains(version, "/") {
		group = ""
	}
	if slices.Contains(knownKinds[group], kind) || slices.Contains(unreadKinds[group], kind) {
		return false
	}
	of, isList := strings.CutSuffix(kind, "List")
	return !isList || !slices.Contains(knownKinds[group], of)
}
