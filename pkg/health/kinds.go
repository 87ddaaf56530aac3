package health

import "k8s.io/apimachinery/pkg/runtime/schema"

// gatewayAPI is the group of the Kubernetes Gateway API, whose Gateway is another
// kind than Istio's.
const gatewayAPI = "gateway.networking.k8s.io"

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
	GatewayClassKind     = schema.GroupKind{Group: gatewayAPI, Kind: "GatewayClass"}
	APIGatewayKind       = schema.GroupKind{Group: gatewayAPI, Kind: "Gateway"}
	HTTPRouteKind        = schema.GroupKind{Group: gatewayAPI, Kind: "HTTPRoute"}
	GRPCRouteKind        = schema.GroupKind{Group: gatewayAPI, Kind: "GRPCRoute"}
	TLSRouteKind         = schema.GroupKind{Group: gatewayAPI, Kind: "TLSRoute"}
	TCPRouteKind         = schema.GroupKind{Group: gatewayAPI, Kind: "TCPRoute"}
	UDPRouteKind         = schema.GroupKind{Group: gatewayAPI, Kind: "UDPRoute"}
)
