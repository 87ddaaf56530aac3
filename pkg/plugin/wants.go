package plugin

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// statusWants are the kinds that `status` reads: one list per kind, for any number of
// tenants. Pods and Events are limited to those that can change a verdict.
func statusWants() []collect.Want { return append(sharedWants(), workloadWants(nil)...) }

// sharedWants are the kinds that identify tenants and their layers, with the sources and
// the controllers' Leases.
func sharedWants() []collect.Want {
	return append(collect.Wants(
		object.KustomizationKind,
		object.GitRepositoryKind, object.OCIRepositoryKind, object.BucketKind, object.ExternalArtifactKind,
		object.NamespaceKind, object.ClusterIssuerKind, object.LeaseKind,
	), collect.Want{GroupKind: object.EventKind, FieldSelector: "type=Warning,involvedObject.kind=Kustomization"})
}

// workloadWants are the kinds that `status` reads in the namespaces of tenants, or in all
// namespaces.
func workloadWants(namespaces []string) []collect.Want {
	wants := append(collect.Wants(
		object.HelmReleaseKind, object.DeploymentKind, object.StatefulSetKind, object.ServiceKind,
		object.CertificateKind, object.IssuerKind, object.GatewayKind, object.VirtualServiceKind,
	),
		collect.Want{GroupKind: object.PodKind, FieldSelector: health.PendingPods},
		collect.Want{GroupKind: object.EventKind, FieldSelector: "type=Warning,involvedObject.kind=HelmRelease"},
	)
	for i := range wants {
		wants[i].Namespaces = namespaces
	}
	return wants
}

// snapshotWants are the kinds that `snapshot save` reads: those of status and all that an
// explainer may read. Of Helm's release records it reads only the metadata, which has the
// state of a release: their content is large and secret.
func snapshotWants() []collect.Want {
	var wants []collect.Want
	listed := map[schema.GroupKind]bool{}
	for _, want := range statusWants() {
		if want.FieldSelector == "" {
			wants, listed[want.GroupKind] = append(wants, want), true
		}
	}
	for _, gk := range diagnose.Kinds() {
		if !listed[gk] {
			selector := snapshot.ReadingSelector(gk)
			if gk == object.EventKind {
				selector = "" // users may want to read all of a recording
			}
			wants = append(wants, collect.Want{GroupKind: gk, FieldSelector: selector})
		}
	}
	return append(wants, collect.Want{GroupKind: schema.GroupKind{Kind: "Secret"}, FieldSelector: snapshot.HelmRecords, Metadata: true})
}
