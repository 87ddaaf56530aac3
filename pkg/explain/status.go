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
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// manyScopes is the number of namespaces from which all are read, not only those that a
// tenant's objects may be in.
const manyScopes = 16

// ReadStatus reads what the states of tenants require: of those that are named, or of all. It
// keeps no other fields (queries.Verdicts).
//
// Of named tenants, workloads and pods are read only in the namespaces in which the tenants may
// have some; they are most of what there is. All else may be anywhere: the Service of a central
// ingress, a release that installs into another namespace, another tenant's claim to a host name.
func ReadStatus(ctx context.Context, session *collect.Session, names ...string) (*snapshot.Snapshot, error) {
	required := queries.WithoutEvents(queries.Verdicts())
	if len(names) == 0 {
		snap, err := session.Read(ctx, required)
		if err != nil {
			return nil, err
		}
		return addWarnings(ctx, session, snap)
	}
	isWorkload := func(q collect.Query) bool { return slices.Contains(workloadKinds, q.GroupKind) }
	workloads := slices.DeleteFunc(slices.Clone(required), func(q collect.Query) bool { return !isWorkload(q) })
	shared, err := session.Read(ctx, slices.DeleteFunc(required, isWorkload))
	if err != nil {
		return nil, err
	}
	namespaces := statusNamespaces(shared, names)
	rest, err := session.Read(ctx, queries.In(namespaces, slices.Clone(workloads)))
	if err != nil {
		return nil, err
	}
	snap := snapshot.Join(shared, rest)
	if namespaces != nil && !slices.Equal(namespaces, statusNamespaces(snap, names)) { // workloads show more of the tenants
		if rest, err = session.Read(ctx, workloads); err != nil {
			return nil, err
		}
		snap = snapshot.Join(shared, rest)
	}
	return addWarnings(ctx, session, snap)
}

// workloadKinds are the kinds of which most objects are.
var workloadKinds = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind, object.PodKind}

// statusNamespaces are the namespaces in which the named tenants may have workloads, sorted, or nil
// for all.
func statusNamespaces(snap *snapshot.Snapshot, names []string) []string {
	tenants := tenant.Discover(snap)
	q := &query{Question: Question{Arguments: names}}
	_, scope, all := q.scopeOf(snap, tenants)
	if all {
		return nil
	}
	for _, name := range names {
		t, _ := tenant.Find(tenants, name)
		scope = append(scope, tenant.LabelledNamespaces(snap, t.Name)...)
		for _, layer := range t.Layers {
			scope = append(scope, tenant.AffectedNamespaces(snap, layer.Ref)...)
		}
	}
	slices.Sort(scope)
	if scope = slices.Compact(scope); len(scope) > manyScopes {
		return nil
	}
	return scope
}

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
