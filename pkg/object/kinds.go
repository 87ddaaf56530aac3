package object

import "k8s.io/apimachinery/pkg/runtime/schema"

// GatewayAPI is the group of the Kubernetes Gateway API, whose Gateway is another
// kind than Istio's.
const GatewayAPI = "gateway.networking.k8s.io"

// The kinds that the program knows, without versions: which of them are served depends on the
// cluster. From Flux 2.8 on v2beta2 is no longer served, and before 2.0 v1 was not.
var (
	// Kinds of Flux.
	HelmReleaseKind      = schema.GroupKind{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease"}
	KustomizationKind    = schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
	GitRepositoryKind    = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "GitRepository"}
	OCIRepositoryKind    = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "OCIRepository"}
	BucketKind           = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "Bucket"}
	ExternalArtifactKind = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "ExternalArtifact"}
	HelmRepositoryKind   = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "HelmRepository"}
	HelmChartKind        = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "HelmChart"}

	// Kinds of cert-manager, its ACME issuer and approver-policy.
	OrderKind         = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Order"}
	ChallengeKind     = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Challenge"}
	CertificateKind   = schema.GroupKind{Group: "cert-manager.io", Kind: "Certificate"}
	IssuerKind        = schema.GroupKind{Group: "cert-manager.io", Kind: "Issuer"}
	ClusterIssuerKind = schema.GroupKind{Group: "cert-manager.io", Kind: "ClusterIssuer"}
	RequestPolicyKind = schema.GroupKind{Group: "policy.cert-manager.io", Kind: "CertificateRequestPolicy"}
	RequestKind       = schema.GroupKind{Group: "cert-manager.io", Kind: "CertificateRequest"}

	// Kinds of Istio.
	GatewayKind             = schema.GroupKind{Group: "networking.istio.io", Kind: "Gateway"}
	VirtualServiceKind      = schema.GroupKind{Group: "networking.istio.io", Kind: "VirtualService"}
	ServiceEntryKind        = schema.GroupKind{Group: "networking.istio.io", Kind: "ServiceEntry"}
	DestinationRuleKind     = schema.GroupKind{Group: "networking.istio.io", Kind: "DestinationRule"}
	AuthorizationPolicyKind = schema.GroupKind{Group: "security.istio.io", Kind: "AuthorizationPolicy"}
	PeerAuthenticationKind  = schema.GroupKind{Group: "security.istio.io", Kind: "PeerAuthentication"}

	// Kinds of the Kubernetes Gateway API.
	GatewayClassKind   = schema.GroupKind{Group: GatewayAPI, Kind: "GatewayClass"}
	APIGatewayKind     = schema.GroupKind{Group: GatewayAPI, Kind: "Gateway"}
	HTTPRouteKind      = schema.GroupKind{Group: GatewayAPI, Kind: "HTTPRoute"}
	GRPCRouteKind      = schema.GroupKind{Group: GatewayAPI, Kind: "GRPCRoute"}
	TLSRouteKind       = schema.GroupKind{Group: GatewayAPI, Kind: "TLSRoute"}
	TCPRouteKind       = schema.GroupKind{Group: GatewayAPI, Kind: "TCPRoute"}
	UDPRouteKind       = schema.GroupKind{Group: GatewayAPI, Kind: "UDPRoute"}
	ReferenceGrantKind = schema.GroupKind{Group: GatewayAPI, Kind: "ReferenceGrant"}

	// Kinds of workloads.
	DeploymentKind  = schema.GroupKind{Group: "apps", Kind: "Deployment"}
	StatefulSetKind = schema.GroupKind{Group: "apps", Kind: "StatefulSet"}
	ReplicaSetKind  = schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}
	DaemonSetKind   = schema.GroupKind{Group: "apps", Kind: "DaemonSet"}
	RevisionKind    = schema.GroupKind{Group: "apps", Kind: "ControllerRevision"}
	AutoscalerKind  = schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}
	JobKind         = schema.GroupKind{Group: "batch", Kind: "Job"}
	CronJobKind     = schema.GroupKind{Group: "batch", Kind: "CronJob"}
	BudgetKind      = schema.GroupKind{Group: "policy", Kind: "PodDisruptionBudget"}

	// Kinds of the core group.
	PodKind                   = schema.GroupKind{Kind: "Pod"}
	ServiceKind               = schema.GroupKind{Kind: "Service"}
	NamespaceKind             = schema.GroupKind{Kind: "Namespace"}
	EventKind                 = schema.GroupKind{Kind: "Event"}
	LimitRangeKind            = schema.GroupKind{Kind: "LimitRange"}
	ConfigMapKind             = schema.GroupKind{Kind: "ConfigMap"}
	SecretKind                = schema.GroupKind{Kind: "Secret"}
	ServiceAccountKind        = schema.GroupKind{Kind: "ServiceAccount"}
	ReplicationControllerKind = schema.GroupKind{Kind: "ReplicationController"}
	QuotaKind                 = schema.GroupKind{Kind: "ResourceQuota"}
	NodeKind                  = schema.GroupKind{Kind: "Node"}
	ClaimKind                 = schema.GroupKind{Kind: "PersistentVolumeClaim"}
	VolumeKind                = schema.GroupKind{Kind: "PersistentVolume"}

	// Kinds of storage.
	DriverKind       = schema.GroupKind{Group: "storage.k8s.io", Kind: "CSIDriver"}
	AttachmentKind   = schema.GroupKind{Group: "storage.k8s.io", Kind: "VolumeAttachment"}
	StorageClassKind = schema.GroupKind{Group: "storage.k8s.io", Kind: "StorageClass"}

	// Kinds of the network.
	EndpointSliceKind = schema.GroupKind{Group: "discovery.k8s.io", Kind: "EndpointSlice"}
	IngressKind       = schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}
	IngressClassKind  = schema.GroupKind{Group: "networking.k8s.io", Kind: "IngressClass"}
	NetworkPolicyKind = schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}

	// Kinds of the control plane.
	PolicyKind            = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}
	BindingKind           = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}
	ValidatingWebhookKind = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}
	MutatingWebhookKind   = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}
	DefinitionKind        = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
	APIServiceKind        = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}
	LeaseKind             = schema.GroupKind{Group: "coordination.k8s.io", Kind: "Lease"}
	PriorityClassKind     = schema.GroupKind{Group: "scheduling.k8s.io", Kind: "PriorityClass"}
)
