package explain

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/collect"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// manyScopes is the number of namespaces from which all are read, not only those that a
// tenant's objects may be in.
const manyScopes = 16

// ReadStatus reads what the states of tenants require: of those that are named, or of all. It
// keeps no other fields (queries.Verdicts). The host names of all tenants are read in any case,
// since two of them may claim the same one.
func ReadStatus(ctx context.Context, session *collect.Session, names ...string) (*snapshot.Snapshot, error) {
	if len(names) == 0 {
		snap, err := session.Read(ctx, queries.WithoutEvents(queries.Verdicts()))
		if err != nil {
			return nil, err
		}
		return addWarnings(ctx, session, snap)
	}
	first := slices.Concat(queries.Shared(), collect.Queries(claimKinds...))
	shared, err := session.Read(ctx, queries.OnlyFields(queries.WithoutEvents(first)))
	if err != nil {
		return nil, err
	}
	q := &query{Question: Question{Arguments: names}}
	_, scope, all := q.scope(shared)
	if all || len(scope) > manyScopes {
		scope = nil
	}
	workloads := slices.DeleteFunc(queries.WithoutEvents(queries.Workloads(scope)), func(q collect.Query) bool {
		return slices.Contains(claimKinds, q.GroupKind)
	})
	rest, err := session.Read(ctx, queries.OnlyFields(workloads))
	if err != nil {
		return nil, err
	}
	return addWarnings(ctx, session, snapshot.Join(shared, rest))
}

// claimKinds are the kinds that claim host names.
var claimKinds = []schema.GroupKind{object.GatewayKind, object.VirtualServiceKind, object.CertificateKind}

// addWarnings reads the Warning events that verdicts may depend on, in the namespaces of the
// objects that they are about: those that are not ready.
func addWarnings(ctx context.Context, session *collect.Session, snap *snapshot.Snapshot) (*snapshot.Snapshot, error) {
	var required []collect.Query
	for _, kind := range []schema.GroupKind{object.KustomizationKind, object.HelmReleaseKind} {
		namespaces := namespacesOf(snap.List(kind, "").Objects, health.NeedsWarnings)
		switch {
		case len(namespaces) == 0:
		case len(namespaces) > fewNamespaces:
			all := queries.Warnings(kind, nil)
			all.Fallback = namespaces
			required = append(required, all)
		default:
			required = append(required, queries.Warnings(kind, namespaces))
		}
	}
	if len(required) == 0 {
		return snap, nil
	}
	more, err := session.Read(ctx, required)
	if err != nil {
		return nil, err
	}
	return snapshot.Join(snap, more), nil
}

// namespacesOf are the namespaces of the objects that match, sorted.
func namespacesOf(objects []*unstructured.Unstructured, match func(*unstructured.Unstructured) bool) []string {
	var namespaces []string
	for _, obj := range objects {
		if match(obj) {
			namespaces = append(namespaces, obj.GetNamespace())
		}
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}
