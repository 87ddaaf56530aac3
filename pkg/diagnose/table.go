package diagnose

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/apiserver"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/deletion"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/istio"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/kustomize"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/network"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/node"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pki"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pod"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/source"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/workload"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// kindEntry is the entry of a kind: its explainer, and the other kinds that the
// explainer reads.
type kindEntry struct {
	kinds   []schema.GroupKind
	explain engine.Explainer
	// reads are the kinds that this explainer reads and that no other entry explains.
	reads []schema.GroupKind
}

func of(kinds ...schema.GroupKind) []schema.GroupKind { return kinds }

// kindTable has one entry for each explainer. Objects of any other kind are judged by
// judgesByKind.
func kindTable() []kindEntry {
	return []kindEntry{
		// Flux
		{of(object.KustomizationKind), kustomize.ExplainKustomization, of(object.EventKind, object.SecretKind, object.ConfigMapKind)},
		{of(object.HelmReleaseKind), helm.ExplainHelmRelease, of(object.SecretKind, object.ConfigMapKind, object.DefinitionKind)},
		{of(object.HelmChartKind), helm.ExplainHelmChart, nil},
		{of(object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.ExternalArtifactKind, object.HelmRepositoryKind), source.ExplainSource, of(object.SecretKind)},
		{of(object.LeaseKind), flux.ExplainLease, nil},
		// workloads
		{of(object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.ReplicaSetKind), workload.ExplainWorkload, of(object.RevisionKind, object.LimitRangeKind, object.PriorityClassKind)},
		{of(object.JobKind), workload.ExplainJob, nil},
		{of(object.CronJobKind), workload.ExplainCronJob, nil},
		{of(object.PodKind), pod.ExplainPod, of(object.ServiceAccountKind, object.SecretKind, object.ConfigMapKind, object.AttachmentKind)},
		{of(object.AutoscalerKind), workload.ExplainAutoscaler, nil},
		{of(object.QuotaKind), workload.ExplainQuota, nil},
		// storage and nodes
		{of(object.ClaimKind), node.ExplainClaim, of(object.StorageClassKind, object.DriverKind)},
		{of(object.VolumeKind), node.ExplainVolume, nil},
		{of(object.NodeKind), node.ExplainNode, of(object.BudgetKind)},
		{of(object.NamespaceKind), explainNamespace, nil},
		// certificates
		{of(object.CertificateKind), pki.ExplainCertificate, of(object.SecretKind)},
		{of(object.RequestKind), pki.ExplainCertificateRequest, of(object.RequestPolicyKind)},
		{of(object.IssuerKind, object.ClusterIssuerKind), pki.ExplainIssuer, of(object.SecretKind)},
		{of(object.OrderKind), pki.ExplainOrder, nil},
		{of(object.ChallengeKind), pki.ExplainChallenge, of(object.IngressClassKind)},
		// the ingress path
		{of(object.GatewayKind), istio.ExplainGateway, of(object.SecretKind)},
		{of(object.VirtualServiceKind), istio.ExplainVirtualService, of(object.ServiceEntryKind)},
		{of(object.DestinationRuleKind), istio.ExplainDestinationRule, of(object.PeerAuthenticationKind)},
		{of(object.AuthorizationPolicyKind), traffic.ExplainAuthorizationPolicy, nil},
		{of(object.NetworkPolicyKind), traffic.ExplainNetworkPolicy, nil},
		{of(object.ServiceKind), network.ExplainService, of(object.EndpointSliceKind)},
		{of(object.IngressKind), network.ExplainIngress, of(object.IngressClassKind)},
		{of(object.APIGatewayKind), network.ExplainAPIGateway, of(object.SecretKind, object.ReferenceGrantKind)},
		{of(object.GatewayClassKind), network.ExplainGatewayClass, nil},
		{of(object.HTTPRouteKind, object.GRPCRouteKind, object.TLSRouteKind, object.TCPRouteKind, object.UDPRouteKind), network.ExplainAPIRoute, of(object.ReferenceGrantKind)},
		// the API server
		{of(object.ValidatingWebhookKind, object.MutatingWebhookKind), apiserver.ExplainWebhook, of(object.PolicyKind, object.BindingKind)},
		{of(object.APIServiceKind), apiserver.ExplainAPIService, nil},
	}
}

// newContext returns a context of the snapshot with all explainers.
func newContext(snap *snapshot.Snapshot, tenants []tenant.Tenant) *engine.Context {
	x := engine.New(snap, tenants, engine.Registry{ByKind: explainersByKind(), Terminating: deletion.ExplainTerminating, Other: selfreport.ExplainOther, Judges: judgesByKind()})
	pods.ProvideChecks(x, pod.CheckFailed, pod.CheckTerminating, node.CheckScheduling, pods.View.OnNotReadyNode, pod.CheckContainers, pod.CheckMounts, pod.CheckReadinessGates, pod.CheckStarting)
	return x
}

// explainersByKind are all explainers.
func explainersByKind() map[schema.GroupKind]engine.Explainer {
	byKind := map[schema.GroupKind]engine.Explainer{}
	for _, entry := range kindTable() {
		for _, gk := range entry.kinds {
			byKind[gk] = entry.explain
		}
	}
	return byKind
}

// Kinds are all kinds that an explainer may read, by group and kind: what a recorded
// snapshot must contain to give the answer that a live cluster gives.
func Kinds() []schema.GroupKind {
	var kinds []schema.GroupKind
	for _, entry := range kindTable() {
		kinds = append(append(kinds, entry.kinds...), entry.reads...)
	}
	slices.SortFunc(kinds, func(a, b schema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return slices.Compact(kinds)
}

// judgesByKind are the judges of the kinds that conventions alone do not judge
// correctly: their state is in specific fields, or they have none.
func judgesByKind() map[schema.GroupKind]engine.Judge {
	judges := map[schema.GroupKind]engine.Judge{
		object.PodKind:         pod.JudgePod,
		object.DeploymentKind:  workload.JudgeWorkload,
		object.StatefulSetKind: workload.JudgeWorkload,
		object.DaemonSetKind:   workload.JudgeWorkload,
		object.ReplicaSetKind:  workload.JudgeWorkload,

		object.ReplicationControllerKind: workload.JudgeWorkload,
		object.JobKind:                   workload.JudgeJob,
		object.CronJobKind:               workload.JudgeCronJob,
		object.AutoscalerKind:            workload.JudgeAutoscaler,

		object.ClaimKind:  node.JudgeClaim,
		object.VolumeKind: node.JudgeVolume,
		{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:               node.JudgeAttachment,
		{Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshot"}:        node.JudgeSnapshot,
		{Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshotContent"}: node.JudgeSnapshot,
		{Group: "resource.k8s.io", Kind: "ResourceClaim"}:                 node.JudgeResourceClaim,

		object.SecretKind: pki.JudgeSecret,
		object.NodeKind:   node.JudgeNode,
		object.QuotaKind:  workload.JudgeQuota,
		{Group: "policy", Kind: "PodDisruptionBudget"}:                                    workload.JudgeBudget,
		{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}:                 pki.JudgeSigningRequest,
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        apiserver.JudgeAdmissionPolicy,
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: apiserver.JudgeAdmissionPolicyBinding,
		{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicyBinding"}:   apiserver.JudgeAdmissionPolicyBinding,

		object.ServiceKind:                            network.JudgeService,
		object.EndpointSliceKind:                      network.JudgeEndpointSlice,
		{Kind: "Endpoints"}:                           network.JudgeEndpoints,
		object.GatewayKind:                            istio.JudgeIstio,
		object.VirtualServiceKind:                     istio.JudgeIstio,
		{Group: "networking.k8s.io", Kind: "Ingress"}: network.JudgeIngress,

		object.APIServiceKind: selfreport.JudgeByConventions,

		{Group: "wgpolicyk8s.io", Kind: "PolicyReport"}:        apiserver.JudgePolicyReport,
		{Group: "wgpolicyk8s.io", Kind: "ClusterPolicyReport"}: apiserver.JudgePolicyReport,
		{Group: "openreports.io", Kind: "Report"}:              apiserver.JudgePolicyReport,
		{Group: "openreports.io", Kind: "ClusterReport"}:       apiserver.JudgePolicyReport,

		object.NamespaceKind:                        judgeNamespace,
		{Group: "argoproj.io", Kind: "Application"}: selfreport.JudgeApplication,
	}
	for _, gk := range engine.Stateless {
		judges[gk] = selfreport.JudgeStateless
	}
	return judges
}
