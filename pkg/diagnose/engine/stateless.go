package engine

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Stateless are kinds without a state: they are configuration, which takes effect as it
// is. Nothing in them can show that they do not work; if they have conditions, as those
// of Istio do, those count. For any other kind without a status, nothing is known.
var Stateless = groupKinds(map[string][]string{
	"":                               {"ConfigMap", "ServiceAccount", "LimitRange", "PodTemplate", "Event"},
	"rbac.authorization.k8s.io":      {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"},
	"apps":                           {"ControllerRevision"},
	"events.k8s.io":                  {"Event"},
	"networking.k8s.io":              {"NetworkPolicy", "IngressClass", "IPAddress"},
	"policy.networking.k8s.io":       {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy"},
	"storage.k8s.io":                 {"StorageClass", "CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttributesClass"},
	"snapshot.storage.k8s.io":        {"VolumeSnapshotClass"},
	"scheduling.k8s.io":              {"PriorityClass"},
	"node.k8s.io":                    {"RuntimeClass"},
	"coordination.k8s.io":            {"Lease"},
	"resource.k8s.io":                {"DeviceClass", "ResourceClaimTemplate", "ResourceSlice"},
	"certificates.k8s.io":            {"ClusterTrustBundle"},
	"flowcontrol.apiserver.k8s.io":   {"FlowSchema", "PriorityLevelConfiguration"},
	"admissionregistration.k8s.io":   {"MutatingAdmissionPolicy"},
	"gateway.networking.k8s.io":      {"ReferenceGrant"},
	"networking.istio.io":            {"DestinationRule", "ServiceEntry", "Sidecar", "EnvoyFilter", "WorkloadGroup", "ProxyConfig"},
	"security.istio.io":              {"AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"},
	"telemetry.istio.io":             {"Telemetry"},
	"extensions.istio.io":            {"WasmPlugin"},
	"monitoring.coreos.com":          {"ServiceMonitor", "PodMonitor", "Probe", "PrometheusRule", "AlertmanagerConfig", "ScrapeConfig"},
	"keda.sh":                        {"TriggerAuthentication", "ClusterTriggerAuthentication"},
	"argoproj.io":                    {"AppProject", "WorkflowTemplate", "ClusterWorkflowTemplate", "AnalysisTemplate", "ClusterAnalysisTemplate"},
	"metallb.io":                     {"IPAddressPool", "L2Advertisement", "BGPAdvertisement", "Community", "BFDProfile"},
	"traefik.io":                     {"IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "Middleware", "MiddlewareTCP", "TLSOption", "TLSStore", "TraefikService", "ServersTransport"},
	"k8s.cni.cncf.io":                {"NetworkAttachmentDefinition"},
	"apiextensions.crossplane.io":    {"Composition", "EnvironmentConfig"},
	"notification.toolkit.fluxcd.io": {"Provider", "Alert"},
})

func groupKinds(byGroup map[string][]string) []schema.GroupKind {
	var found []schema.GroupKind
	for group, kinds := range byGroup {
		for _, kind := range kinds {
			found = append(found, schema.GroupKind{Group: group, Kind: kind})
		}
	}
	return found
}
