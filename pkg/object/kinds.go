package object

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GatewayAPI is the group of the Kubernetes Gateway API, whose Gateway is another
// kind than Istio's.
const GatewayAPI = "gateway.networking.k8s.io"

// The kinds that can be judged, or that help to judge others. Versions are the
// API server's business: from Flux 2.8 on v2beta2 is gone, and before 2.0 there
// was no v1.
var (
	KustomizationKind    = schema.GroupKind{Group: "kustomize.toolkit.fluxcd.io", Kind: "Kustomization"}
	HelmReleaseKind      = schema.GroupKind{Group: "helm.toolkit.fluxcd.io", Kind: "HelmRelease"}
	GitRepositoryKind    = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "GitRepository"}
	OCIRepositoryKind    = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "OCIRepository"}
	BucketKind           = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "Bucket"}
	ExternalArtifactKind = schema.GroupKind{Group: "source.toolkit.fluxcd.io", Kind: "ExternalArtifact"}
	DeploymentKind       = schema.GroupKind{Group: "apps", Kind: "Deployment"}
	StatefulSetKind      = schema.GroupKind{Group: "apps", Kind: "StatefulSet"}
	PodKind              = schema.GroupKind{Kind: "Pod"}
	ServiceKind          = schema.GroupKind{Kind: "Service"}
	NamespaceKind        = schema.GroupKind{Kind: "Namespace"}
	EventKind            = schema.GroupKind{Kind: "Event"}
	LeaseKind            = schema.GroupKind{Group: "coordination.k8s.io", Kind: "Lease"}
	CertificateKind      = schema.GroupKind{Group: "cert-manager.io", Kind: "Certificate"}
	IssuerKind           = schema.GroupKind{Group: "cert-manager.io", Kind: "Issuer"}
	ClusterIssuerKind    = schema.GroupKind{Group: "cert-manager.io", Kind: "ClusterIssuer"}
	GatewayKind          = schema.GroupKind{Group: "networking.istio.io", Kind: "Gateway"}
	VirtualServiceKind   = schema.GroupKind{Group: "networking.istio.io", Kind: "VirtualService"}
	IngressKind          = schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}
	GatewayClassKind     = schema.GroupKind{Group: GatewayAPI, Kind: "GatewayClass"}
	APIGatewayKind       = schema.GroupKind{Group: GatewayAPI, Kind: "Gateway"}
	HTTPRouteKind        = schema.GroupKind{Group: GatewayAPI, Kind: "HTTPRoute"}
	GRPCRouteKind        = schema.GroupKind{Group: GatewayAPI, Kind: "GRPCRoute"}
	TLSRouteKind         = schema.GroupKind{Group: GatewayAPI, Kind: "TLSRoute"}
	TCPRouteKind         = schema.GroupKind{Group: GatewayAPI, Kind: "TCPRoute"}
	UDPRouteKind         = schema.GroupKind{Group: GatewayAPI, Kind: "UDPRoute"}
)

// Kinds that only ACME certificates use.
var (
	OrderKind     = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Order"}
	ChallengeKind = schema.GroupKind{Group: "acme.cert-manager.io", Kind: "Challenge"}
)

// Kinds that configure the admission plugins of the API server.
var (
	LimitRangeKind    = schema.GroupKind{Kind: "LimitRange"}
	PriorityClassKind = schema.GroupKind{Group: "scheduling.k8s.io", Kind: "PriorityClass"}
	PolicyKind        = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}
	BindingKind       = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}
)

var AuthorizationPolicyKind = schema.GroupKind{Group: "security.istio.io", Kind: "AuthorizationPolicy"}

// RequestPolicyKind is the kind by which approver-policy decides.
var RequestPolicyKind = schema.GroupKind{Group: "policy.cert-manager.io", Kind: "CertificateRequestPolicy"}

// DriverKind is an installed storage driver.
var DriverKind = schema.GroupKind{Group: "storage.k8s.io", Kind: "CSIDriver"}

// BudgetKind limits how many pods may be evicted at a time.
var BudgetKind = schema.GroupKind{Group: "policy", Kind: "PodDisruptionBudget"}

var PeerAuthenticationKind = schema.GroupKind{Group: "security.istio.io", Kind: "PeerAuthentication"}

// Kinds that workloads make and own.
var (
	ReplicaSetKind = schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}
	DaemonSetKind  = schema.GroupKind{Group: "apps", Kind: "DaemonSet"}
	JobKind        = schema.GroupKind{Group: "batch", Kind: "Job"}
	RequestKind    = schema.GroupKind{Group: CertificateKind.Group, Kind: "CertificateRequest"}
)

var ReferenceGrantKind = schema.GroupKind{Group: "gateway.networking.k8s.io", Kind: "ReferenceGrant"}

var IngressClassKind = schema.GroupKind{Group: "networking.k8s.io", Kind: "IngressClass"}

var ConfigMapKind = schema.GroupKind{Kind: "ConfigMap"}

// Kinds that only ingress and the webhooks of the API server use.
var (
	EndpointSliceKind     = schema.GroupKind{Group: "discovery.k8s.io", Kind: "EndpointSlice"}
	ServiceEntryKind      = schema.GroupKind{Group: "networking.istio.io", Kind: "ServiceEntry"}
	ValidatingWebhookKind = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}
	MutatingWebhookKind   = schema.GroupKind{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}
	APIServiceKind        = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}
	DefinitionKind        = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
)

var NetworkPolicyKind = schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}

// RevisionKind keeps the templates of StatefulSets and DaemonSets.
var RevisionKind = schema.GroupKind{Group: "apps", Kind: "ControllerRevision"}

var SecretKind = schema.GroupKind{Kind: "Secret"}

var (
	HelmRepositoryKind = schema.GroupKind{Group: GitRepositoryKind.Group, Kind: "HelmRepository"}
	HelmChartKind      = schema.GroupKind{Group: GitRepositoryKind.Group, Kind: "HelmChart"}
)

var ServiceAccountKind = schema.GroupKind{Kind: "ServiceAccount"}

// AttachmentKind attaches a volume to a node.
var AttachmentKind = schema.GroupKind{Group: "storage.k8s.io", Kind: "VolumeAttachment"}

var DestinationRuleKind = schema.GroupKind{Group: "networking.istio.io", Kind: "DestinationRule"}

// ReplicationControllerKind is the predecessor of ReplicaSet.
var ReplicationControllerKind = schema.GroupKind{Kind: "ReplicationController"}

// Kinds that workloads need, and that only their explainers use.
var (
	CronJobKind      = schema.GroupKind{Group: "batch", Kind: "CronJob"}
	AutoscalerKind   = schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}
	QuotaKind        = schema.GroupKind{Kind: "ResourceQuota"}
	NodeKind         = schema.GroupKind{Kind: "Node"}
	ClaimKind        = schema.GroupKind{Kind: "PersistentVolumeClaim"}
	StorageClassKind = schema.GroupKind{Group: "storage.k8s.io", Kind: "StorageClass"}
	VolumeKind       = schema.GroupKind{Kind: "PersistentVolume"}
)
