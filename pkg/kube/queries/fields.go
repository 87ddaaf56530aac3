package queries

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Verdicts are Status with only the fields that determine the states of tenants.
func Verdicts() []collect.Query { return OnlyFields(Status()) }

// WithoutEvents are the queries of other kinds than Event. An API server reads all events of a
// cluster to select some, which takes longer than all other lists.
func WithoutEvents(required []collect.Query) []collect.Query {
	return slices.DeleteFunc(required, func(q collect.Query) bool { return q.GroupKind == object.EventKind })
}

// OnlyFields limits the kinds to the fields that packages health, tenant, hosts/entries,
// certs/trust and certs/issue read. Others read more, such as explainers: what is read with these
// queries is not for them, nor for a file.
func OnlyFields(required []collect.Query) []collect.Query {
	for i := range required {
		required[i].Fields = keptFields[required[i].GroupKind]
	}
	return required
}

// keptFields are the fields that OnlyFields keeps, by kind. All fields of a kind that is not listed
// are kept: Events and Secrets.
var keptFields = map[schema.GroupKind][]string{
	object.KustomizationKind: slices.Concat(reported, attempts, []string{
		"spec.suspend", "spec.interval", "spec.retryInterval", "spec.timeout", "spec.path", "spec.targetNamespace",
		"spec.dependsOn", "spec.sourceRef", "spec.healthChecks",
		"status.lastAppliedRevision", "status.lastAttemptedRevision", "status.inventory",
	}),
	object.HelmReleaseKind: slices.Concat(reported, attempts, []string{
		"spec.suspend", "spec.interval", "spec.retryInterval", "spec.timeout", "spec.targetNamespace", "spec.dependsOn",
		"spec.chartRef", "spec.chart.spec.sourceRef",
		"status.failures", "status.helmChart",
		"status.history.status", "status.history.lastDeployed", "status.history.chartName", "status.history.chartVersion",
	}),
	object.GitRepositoryKind: own, object.OCIRepositoryKind: own, object.BucketKind: own, object.ExternalArtifactKind: own,
	object.IssuerKind: own, object.ClusterIssuerKind: own, object.GatewayKind: own, object.VirtualServiceKind: own, object.LeaseKind: own,
	object.NamespaceKind:   {"status.phase"},
	object.DeploymentKind:  workload,
	object.StatefulSetKind: workload,
	object.ServiceKind:     {"spec.type", "spec.selector", "spec.ports", "status"},
	object.CertificateKind: slices.Concat(reported, []string{
		"spec.commonName", "spec.dnsNames", "spec.ipAddresses", "spec.emailAddresses", "spec.uris",
		"spec.isCA", "spec.issuerRef", "spec.secretName",
		"status.notBefore", "status.notAfter", "status.renewalTime", "status.revision",
		"status.failedIssuanceAttempts", "status.lastFailureTime",
	}),
	object.RequestKind: {"metadata.annotations", "status.certificate"},
	object.PodKind: {
		"spec.nodeName", "spec.containers.name", "spec.containers.ports", "status.phase", "status.conditions",
		"status.containerStatuses", "status.initContainerStatuses",
	},
}

// own are the fields of an object apart from its metadata.
var own = []string{"spec", "status"}

// reported are the fields with which controllers report the state of an object.
var reported = []string{"status.conditions", "status.observedGeneration"}

// attempts are the fields of Flux's history of an object.
var attempts = []string{"status.history.lastReconciled", "status.history.lastReconciledStatus", "status.history.firstReconciled"}

var workload = slices.Concat(reported, []string{
	"spec.replicas", "spec.progressDeadlineSeconds", "spec.updateStrategy", "spec.template.spec.containers.image",
	"status.replicas", "status.readyReplicas", "status.availableReplicas", "status.updatedReplicas",
	"status.currentRevision", "status.updateRevision",
})
