package object

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GatewayAPI is the group of the Kubernetes Gateway API, whose Gateway is another
// kind than Istio's.
const GatewayAPI = "gateway.networking.k8s.io"

// Kinds of Flux. Versions are not part of a kind: Flux 2.8 no longer serves v2beta2, and
// Flux before 2.0 did not serve v1.
var (
	KustomizationKind     = schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
	HelmReleaseKind       = schema.GroupKind{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease"}
	GitRepositoryKind     = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "GitRepository"}
	OCIRepositoryKind     = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "OCIRepository"}
	BucketKind            = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "Bucket"}
	ExternalArtifactKind  = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "ExternalArtifact"}
	ArtifactGeneratorKind = schema.GroupKind{Group: "source.extensions.fluxcd.io", Kind: "ArtifactGenerator"}
	HelmRepositoryKind    = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "HelmRepository"}
	HelmChartKind         = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "HelmChart"}
)

// Workloads, and the objects that they create or need.
var (
	DeploymentKind            = schema.GroupKind{Group: "apps", Kind: "Deployment"}
	StatefulSetKind           = schema.GroupKind{Group: "apps", Kind: "StatefulSet"}
	DaemonSetKind             = schema.GroupKind{Group: "apps", Kind: "DaemonSet"}
	ReplicaSetKind            = schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}
	ReplicationControllerKind = schema.GroupKind{Kind: "ReplicationController"}
	JobKind                   = schema.GroupKind{Group: "batch", Kind: "Job"}
	CronJobKind               = schema.GroupKind{Group: "batch", Kind: "CronJob"}
	PodKind                   = schema.GroupKind{Kind: "Pod"}
	RevisionKind              = schema.GroupKind{Group: "apps", Kind: "ControllerRevision"}
	AutoscalerKind            = schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}
	BudgetKind                = schema.GroupKind{Group: "policy", Kind: "PodDisruptionBudget"}
	ServiceAccountKind        = schema.GroupKind{Kind: "ServiceAccount"}
	ConfigMapKind             = schema.GroupKind{Kind: "ConfigMap"}
	SecretKind                = schema.GroupKind{Kind: "Secret"}
)

// Storage, nodes and namespaces.
var (
	ClaimKind         = schema.GroupKind{Kind: "PersistentVolumeClaim"}
	VolumeKind        = schema.GroupKind{Kind: "PersistentVolume"}
	StorageClassKind  = schema.GroupKind{Group: "storage.k8s.io", Kind: "StorageClass"}
	DriverKind        = schema.GroupKind{Group: "storage.k8s.io", Kind: "CSIDriver"}
	AttachmentKind    = schema.GroupKind{Group: "storage.k8s.io", Kind: "VolumeAttachment"}
	NodeKind          = schema.GroupKind{Kind: "Node"}
	NamespaceKind     = schema.GroupKind{Kind: "Namespace"}
	QuotaKind         = schema.GroupKind{Kind: "ResourceQuota"}
	LimitRangeKind    = schema.GroupKind{Kind: "LimitRange"}
	PriorityClassKind = schema.GroupKind{Group: "scheduling.k8s.io", Kind: "PriorityClass"}
	EventKind         = schema.GroupKind{Kind: "Event"}
	LeaseKind         = schema.GroupKind{Group: "coordination.k8s.io", Kind: "Lease"}
)

// Kinds of cert-manager, and of its approver-policy and ACME servers.
var (
	CertificateKind   = schema.GroupKind{Group: "cert-manager.io", Kind: "Certificate"}
	IssuerKind        = schema.GroupKind{Group: "cert-manager.io", Kind: "Issuer"}
	ClusterIssuerKind = schema.GroupKind{Group: "cert-manager.io", Kind: "ClusterIssuer"}
	RequestKind       = schema.GroupKind{Group: "cert-manager.io", Kind: "CertificateRequest"}
	RequestPolicyKind = schema.GroupKind{Group: "policy.cert-manager.io", Kind: "CertificateRequestPolicy"}
	OrderKind         = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Order"}
	ChallengeKind     = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Challenge"}
)

// Services, ingress, and the kinds of Istio.
var (
	ServiceKind             = schema.GroupKind{Kind: "Service"}
	EndpointSliceKind       = schema.GroupKind{Group: "discovery.k8s.io", Kind: "EndpointSlice"}
	IngressKind             = schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}
	IngressClassKind        = schema.GroupKind{Group: "networking.k8s.io", Kind: "IngressClass"}
	NetworkPolicyKind       = schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}
	GatewayKind             = schema.GroupKind{Group: "networking.istio.io", Kind: "Gateway"}
	VirtualServiceKind      = schema.GroupKind{Group: "networking.istio.io", Kind: "VirtualService"}
	ServiceEntryKind        = schema.GroupKind{Group: "networking.istio.io", Kind: "ServiceEntry"}
	DestinationRuleKind     = schema.GroupKind{Group: "networking.istio.io", Kind: "DestinationRule"}
	AuthorizationPolicyKind = schema.GroupKind{Group: "security.istio.io", Kind: "AuthorizationPolicy"}
	PeerAuthenticationKind  = schema.GroupKind{Group: "security.istio.io", Kind: "PeerAuthentication"}
)

// Kinds of the Kubernetes Gateway API.
var (
	GatewayClassKind   = schema.GroupKind{Group: GatewayAPI, Kind: "GatewayClass"}
	APIGatewayKind     = schema.GroupKind{Group: GatewayAPI, Kind: "Gateway"}
	HTTPRouteKind      = schema.GroupKind{Group: GatewayAPI, Kind: "HTTPRoute"}
	GRPCRouteKind      = schema.GroupKind{Group: GatewayAPI, Kind: "GRPCRoute"}
	TLSRouteKind       = schema.GroupKind{Group: GatewayAPI, Kind: "TLSRoute"}
	TCPRouteKind       = schema.GroupKind{Group: GatewayAPI, Kind: "TCPRoute"}
	UDPRouteKind       = schema.GroupKind{Group: GatewayAPI, Kind: "UDPRoute"}
	ReferenceGrantKind = schema.GroupKind{Group: GatewayAPI, Kind: "ReferenceGrant"}
)

// Kinds that extend the API server, or decide what it admits.
var (
	DefinitionKind        = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
	APIServiceKind        = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}
	ValidatingWebhookKind = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}
	MutatingWebhookKind   = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}
	PolicyKind            = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}
	BindingKind           = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}
)
