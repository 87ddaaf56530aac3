package diagnose

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// kindEntry is the entry of a kind: its explainer, and the other kinds that the
// explainer reads. A new kind is added here and nowhere else.
type kindEntry struct {
	kinds   []schema.GroupKind
	explain explainer
	// reads are the kinds that this explainer reads and that no other entry explains.
	reads []schema.GroupKind
}

func of(kinds ...schema.GroupKind) []schema.GroupKind { return kinds }

// kindTable has one entry for each explainer. Objects of any other kind are judged by
// judgesByKind.
func kindTable() []kindEntry {
	return []kindEntry{
		// Flux
		{of(health.KustomizationKind), explainKustomization, of(health.EventKind, secretKind, configMapKind)},
		{of(health.HelmReleaseKind), explainHelmRelease, of(secretKind, configMapKind, definitionKind)},
		{of(helmChartKind), explainHelmChart, nil},
		{of(health.GitRepositoryKind, health.OCIRepositoryKind, health.BucketKind, health.ExternalArtifactKind, helmRepositoryKind), explainSource, of(secretKind)},
		{of(health.LeaseKind), explainLease, nil},
		// workloads
		{of(health.DeploymentKind, health.StatefulSetKind, daemonSetKind, replicaSetKind), explainWorkload, of(revisionKind, limitRangeKind, priorityClassKind)},
		{of(jobKind), explainJob, nil},
		{of(cronJobKind), explainCronJob, nil},
		{of(health.PodKind), explainPod, of(serviceAccountKind, secretKind, configMapKind, attachmentKind)},
		{of(autoscalerKind), explainAutoscaler, nil},
		{of(quotaKind), explainQuota, nil},
		// storage and nodes
		{of(claimKind), explainClaim, of(storageClassKind, driverKind)},
		{of(volumeKind), explainVolume, nil},
		{of(nodeKind), explainNode, of(budgetKind)},
		{of(health.NamespaceKind), explainNamespace, nil},
		// certificates
		{of(health.CertificateKind), explainCertificate, of(secretKind)},
		{of(requestKind), explainCertificateRequest, of(requestPolicyKind)},
		{of(health.IssuerKind, health.ClusterIssuerKind), explainIssuer, of(secretKind)},
		{of(orderKind), explainOrder, nil},
		{of(challengeKind), explainChallenge, of(ingressClassKind)},
		// the ingress path
		{of(health.GatewayKind), explainGateway, of(secretKind)},
		{of(health.VirtualServiceKind), explainVirtualService, of(serviceEntryKind)},
		{of(destinationRuleKind), explainDestinationRule, of(peerAuthenticationKind)},
		{of(authorizationPolicyKind), explainAuthorizationPolicy, nil},
		{of(networkPolicyKind), explainNetworkPolicy, nil},
		{of(health.ServiceKind), explainService, of(endpointSliceKind)},
		{of(health.IngressKind), explainIngress, of(ingressClassKind)},
		{of(health.APIGatewayKind), explainAPIGateway, of(secretKind, referenceGrantKind)},
		{of(health.GatewayClassKind), explainGatewayClass, nil},
		{of(health.HTTPRouteKind, health.GRPCRouteKind, health.TLSRouteKind, health.TCPRouteKind, health.UDPRouteKind), explainAPIRoute, of(referenceGrantKind)},
		// the API server
		{of(validatingWebhookKind, mutatingWebhookKind), explainWebhook, of(policyKind, bindingKind)},
		{of(apiServiceKind), explainAPIService, nil},
	}
}

var serviceAccountKind = schema.GroupKind{Kind: "ServiceAccount"}

// newExaminer returns an examiner of the snapshot with all explainers.
func newExaminer(snap *snapshot.Snapshot, tenants []tenant.Tenant) *examiner {
	x := newContext(snap, tenants, registry{byKind: explainersByKind(), terminating: explainTerminating, other: explainOther, judges: judgesByKind()})
	provideChecks(x, podView.ended, podView.leaving, podView.unscheduled, podView.onBadNode, podView.containers, podView.unmounted, podView.unready, podView.starting)
	return x
}

// explainersByKind are all explainers.
func explainersByKind() map[schema.GroupKind]explainer {
	byKind := map[schema.GroupKind]explainer{}
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
