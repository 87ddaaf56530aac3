// Package queries lists what commands read from a cluster: kinds, and for some of them a
// selector or namespaces. Every user of a command needs permission to list these
// (docs/rbac.md).
package queries

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Names are the kinds that the names of tenants are discovered from.
func Names() []collect.Query {
	return collect.Queries(object.KustomizationKind, object.HelmReleaseKind,
		object.NamespaceKind, object.DeploymentKind, object.StatefulSetKind)
}

// Status are the kinds that determine the states of tenants: one list per kind, for any
// number of tenants. Pods and Events are limited to those that can change a state.
func Status() []collect.Query { return append(Shared(), Workloads(nil)...) }

// Quiet are the kinds of Status that change every few seconds, although no state does: a
// watch need not report each change of them.
func Quiet() []schema.GroupKind { return []schema.GroupKind{object.LeaseKind} }

// Shared are the kinds that identify tenants and their layers, with the sources and
// the controllers' Leases.
func Shared() []collect.Query {
	return append(collect.Queries(
		object.KustomizationKind,
		object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.ExternalArtifactKind,
		object.NamespaceKind, object.ClusterIssuerKind, object.LeaseKind,
	), Warnings(object.KustomizationKind, nil))
}

// Warnings are the Warning events about objects of a kind in namespaces, or in all of them if
// there are none.
func Warnings(about schema.GroupKind, namespaces []string) collect.Query {
	return collect.Query{GroupKind: object.EventKind, FieldSelector: "type=Warning,involvedObject.kind=" + about.Kind, Namespaces: namespaces}
}

// Workloads are the kinds that determine the states of tenants and are in their namespaces.
// They are read in these, or in all namespaces if there are none.
func Workloads(namespaces []string) []collect.Query {
	required := append(collect.Queries(
		object.HelmReleaseKind, object.DeploymentKind, object.StatefulSetKind, object.ServiceKind,
		object.CertificateKind, object.IssuerKind, object.GatewayKind, object.VirtualServiceKind,
	),
		collect.Query{GroupKind: object.PodKind, FieldSelector: health.PendingPods},
		Warnings(object.HelmReleaseKind, nil),
	)
	return In(namespaces, required)
}

// Operate are the kinds that Flux reconciles for a tenant, with the events that show their
// states.
func Operate() []collect.Query {
	required := append(collect.Queries(
		object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.ExternalArtifactKind, object.LeaseKind,
		object.HelmRepositoryKind, object.HelmChartKind,
	), Names()...)
	for _, want := range Status() {
		if want.GroupKind == object.EventKind {
			required = append(required, want)
		}
	}
	return required
}

// Check are the kinds that show whether a cluster is ready for tenants; with pre, only those
// required before Flux is installed. Most of them are read completely: capacity depends on
// all nodes and pods.
func Check(pre bool) []collect.Query {
	required := append(Names(), collect.Queries(
		object.NodeKind, object.PodKind, object.StorageClassKind, object.ServiceKind, object.DaemonSetKind,
	)...)
	if pre {
		return required
	}
	return append(required, collect.Queries(
		object.DefinitionKind, object.ValidatingWebhookKind, object.MutatingWebhookKind, object.GatewayClassKind,
	)...)
}

// Ingress are the kinds that identify a tenant, its ingress and its issuers. With a
// namespace, nothing is read outside of it, so that permissions in it are sufficient.
func Ingress(namespace string) []collect.Query {
	return In(one(namespace), collect.Queries(
		object.KustomizationKind, object.HelmReleaseKind, object.NamespaceKind,
		object.DeploymentKind, object.StatefulSetKind, object.ServiceKind,
		object.CertificateKind, object.IssuerKind, object.ClusterIssuerKind,
		object.GatewayKind, object.VirtualServiceKind,
	))
}

// Certificates are those of Ingress, and the kinds with certificates. Secrets are read only
// on request: they contain more than certificates.
func Certificates(namespace string, secrets bool) []collect.Query {
	required := append(Ingress(namespace), collect.Query{GroupKind: object.RequestKind})
	if secrets {
		required = append(required, collect.Query{GroupKind: object.SecretKind, FieldSelector: "type=kubernetes.io/tls"},
			collect.Query{GroupKind: object.SecretKind, FieldSelector: "type=Opaque"})
	}
	return In(one(namespace), required)
}

// Pods are all pods of the namespace, or of all namespaces.
func Pods(namespace string) collect.Query {
	return collect.Query{GroupKind: object.PodKind, Namespaces: one(namespace)}
}

// Snapshot are the kinds that a snapshot records: those of Status, completely, and the kinds
// that explainers may read. Of Helm's release records it has only the metadata, which has the
// state of a release: their content is large and secret.
func Snapshot(explainers []schema.GroupKind) []collect.Query {
	var required []collect.Query
	listed := map[schema.GroupKind]bool{}
	for _, want := range Status() {
		if want.FieldSelector == "" {
			required, listed[want.GroupKind] = append(required, want), true
		}
	}
	for _, gk := range explainers {
		if !listed[gk] {
			selector := snapshot.ReadingSelector(gk)
			if gk == object.EventKind {
				selector = "" // users may want to read all of a recording
			}
			required = append(required, collect.Query{GroupKind: gk, FieldSelector: selector})
		}
	}
	return append(required, collect.Query{GroupKind: object.SecretKind, FieldSelector: snapshot.HelmRecords, Metadata: true})
}

// one is a list of the namespace, nil for all.
func one(namespace string) []string {
	if namespace == "" {
		return nil
	}
	return []string{namespace}
}

// In limits the kinds to namespaces, unless there are none.
func In(namespaces []string, required []collect.Query) []collect.Query {
	if namespaces != nil {
		for i := range required {
			required[i].Namespaces = namespaces
		}
	}
	return required
}
