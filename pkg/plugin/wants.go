package plugin

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// statusWants is what `status` reads: one list a kind, whatever the number of
// tenants. Pods and Events are narrowed to what can change a verdict.
func statusWants() []collect.Want {
	wants := collect.Wants(
		health.KustomizationKind, health.HelmReleaseKind,
		health.GitRepositoryKind, health.OCIRepositoryKind, health.BucketKind, health.ExternalArtifactKind,
		health.NamespaceKind, health.DeploymentKind, health.StatefulSetKind, health.ServiceKind,
		health.CertificateKind, health.IssuerKind, health.ClusterIssuerKind,
		health.GatewayKind, health.VirtualServiceKind,
		health.LeaseKind,
	)
	return append(wants,
		collect.Want{GroupKind: health.PodKind, FieldSelector: health.PendingPods},
		collect.Want{GroupKind: health.EventKind, FieldSelector: "type=Warning,involvedObject.kind=Kustomization"},
		collect.Want{GroupKind: health.EventKind, FieldSelector: "type=Warning,involvedObject.kind=HelmRelease"},
	)
}

// snapshotWants is what `snapshot save` reads: all that a root cause has ever
// been found in. Of Helm's release records it takes the labels alone, which say
// what became of a release: their content is large, and nothing but secrets.
func snapshotWants() []collect.Want {
	kinds := []schema.GroupKind{
		health.KustomizationKind, health.HelmReleaseKind,
		health.GitRepositoryKind, health.OCIRepositoryKind, health.BucketKind, health.ExternalArtifactKind,
		{Group: health.GitRepositoryKind.Group, Kind: "HelmRepository"},
		{Group: health.GitRepositoryKind.Group, Kind: "HelmChart"},
		health.NamespaceKind, health.PodKind, health.ServiceKind, health.EventKind,
		{Kind: "Node"}, {Kind: "PersistentVolumeClaim"}, {Kind: "PersistentVolume"},
		{Kind: "ResourceQuota"}, {Kind: "LimitRange"}, {Kind: "ConfigMap"}, {Kind: "ServiceAccount"},
		{Group: "discovery.k8s.io", Kind: "EndpointSlice"},
		health.DeploymentKind, health.StatefulSetKind,
		{Group: "apps", Kind: "DaemonSet"}, {Group: "apps", Kind: "ReplicaSet"},
		{Group: "batch", Kind: "Job"}, {Group: "batch", Kind: "CronJob"},
		{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"},
		{Group: "policy", Kind: "PodDisruptionBudget"},
		{Group: "storage.k8s.io", Kind: "StorageClass"},
		{Group: "networking.k8s.io", Kind: "NetworkPolicy"},
		{Group: "apiregistration.k8s.io", Kind: "APIService"},
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"},
		{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"},
		health.CertificateKind, health.IssuerKind, health.ClusterIssuerKind,
		{Group: health.CertificateKind.Group, Kind: "CertificateRequest"},
		{Group: "acme.cert-manager.io", Kind: "Order"}, {Group: "acme.cert-manager.io", Kind: "Challenge"},
		health.GatewayKind, health.VirtualServiceKind,
		{Group: health.GatewayKind.Group, Kind: "DestinationRule"},
		{Group: "security.istio.io", Kind: "AuthorizationPolicy"},
		{Group: "security.istio.io", Kind: "PeerAuthentication"},
		health.LeaseKind,
	}
	return append(collect.Wants(kinds...),
		collect.Want{GroupKind: schema.GroupKind{Kind: "Secret"}, FieldSelector: snapshot.WithoutHelmRecords},
		collect.Want{GroupKind: schema.GroupKind{Kind: "Secret"}, FieldSelector: snapshot.HelmRecords, Metadata: true})
}

// manyNamespaces is from how many on a list of each is dearer than one of all.
const manyNamespaces = 8

// causeWants is what `explain` reads besides, of the namespaces where something
// is wrong, or everywhere when those are many.
func causeWants(namespaces []string) []collect.Want {
	if len(namespaces) > manyNamespaces {
		namespaces = nil
	}
	asked := map[schema.GroupKind]bool{}
	for _, want := range statusWants() {
		if want.FieldSelector == "" {
			asked[want.GroupKind] = true
		}
	}
	var wants []collect.Want
	for _, want := range snapshotWants() {
		if !asked[want.GroupKind] && want.GroupKind != (schema.GroupKind{Kind: "ConfigMap"}) {
			if want.Group != health.GitRepositoryKind.Group { // charts are fetched in Flux's own namespace, for releases anywhere
				want.Namespaces = namespaces
			}
			wants = append(wants, want)
		}
	}
	return wants
}
