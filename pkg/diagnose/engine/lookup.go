package engine

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// WebhookKinds are the kinds that configure admission webhooks.
var WebhookKinds = []schema.GroupKind{object.ValidatingWebhookKind, object.MutatingWebhookKind}

// InOtherNamespace finds an object of the same kind and name in another namespace. If
// there are two, they prove nothing.
func (x *Context) InOtherNamespace(ref object.Ref) (object.Ref, bool) {
	return x.InOtherNamespaceOf(x.TenantOf(ref.Namespace), ref)
}

// InOtherNamespaceOf is like InOtherNamespace for the owning tenant, or for no tenant: an
// object of another tenant with the same name does not count.
func (x *Context) InOtherNamespaceOf(owner string, ref object.Ref) (object.Ref, bool) {
	var found []object.Ref
	for _, obj := range x.Snap.List(ref.GroupKind(), "").Objects {
		other := x.TenantOf(obj.GetNamespace())
		if obj.GetName() == ref.Name && obj.GetNamespace() != ref.Namespace && (owner == "" || other == "" || owner == other) {
			found = append(found, object.RefOf(obj))
		}
	}
	if len(found) != 1 {
		return object.Ref{}, false
	}
	return found[0], true
}

// Nearest finds the object of the kind whose name is most similar to the missing one,
// if any is similar.
func (x *Context) Nearest(ref object.Ref) (object.Ref, bool) {
	best, least := object.Ref{}, max(2, len(ref.Name)/3)+1
	for _, obj := range x.Snap.List(ref.GroupKind(), "").Objects {
		if ref.Namespace != "" && obj.GetNamespace() != ref.Namespace {
			continue
		}
		if d := similar.Distance(ref.Name, obj.GetName()); d < least {
			best, least = object.RefOf(obj), d
		}
	}
	return best, best.Name != ""
}

// DefinedIn is the folder of the GitOps tree that contains an object: the path of the
// Kustomization that applied it.
func (x *Context) DefinedIn(obj *unstructured.Unstructured) string {
	if answer := x.Snap.Lookup(health.AppliedBy(obj)); answer.Object != nil {
		return strings.TrimPrefix(object.Text(answer.Object.Object, "spec", "path"), "./")
	}
	return ""
}

// CycleOf are the members of the shortest dependency cycle of ref, in the order in
// which they wait for each other, starting with the first in sort order. A greedy
// search would fail if cycles share members.
func (x *Context) CycleOf(ref object.Ref) []object.Ref {
	paths := [][]object.Ref{{ref}}
	seen := map[object.Key]bool{ref.Key(): true}
	for i := 0; i < len(paths); i++ {
		path := paths[i]
		for _, dep := range x.Health.Of(path[len(path)-1]).WaitsFor {
			if dep.Same(ref) {
				return rotate(path)
			}
			if !seen[dep.Key()] && x.Health.Of(dep).Reason == health.DependencyCycle {
				seen[dep.Key()] = true
				paths = append(paths, append(path[:len(path):len(path)], dep))
			}
		}
	}
	return []object.Ref{ref}
}

// rotate starts a cycle with its first member in sort order, so that the result is the
// same for every member.
func rotate(refs []object.Ref) []object.Ref {
	least := 0
	for i, ref := range refs {
		if ref.Compare(refs[least]) < 0 {
			least = i
		}
	}
	return append(append([]object.Ref{}, refs[least:]...), refs[:least]...)
}

// Find looks an object up: it exists, or could not be read, or does not exist. An
// object of a kind that the cluster does not serve does not exist either.
func (x *Context) Find(ref object.Ref) (obj *unstructured.Unstructured, unknown *snapshot.Failure, gone bool) {
	answer := x.Snap.Lookup(ref)
	switch answer.Presence {
	case snapshot.Present:
		return answer.Object, nil, false
	case snapshot.Unknown:
		if answer.Failure.Reason != snapshot.NotServed {
			return nil, answer.Failure, false
		}
	}
	return nil, nil, true
}

// WorkloadKinds are the kinds that create pods and that users write.
var WorkloadKinds = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.JobKind}

// CoreRef names an object of the core group.
func CoreRef(kind, namespace, name string) object.Ref {
	return object.Ref{APIVersion: "v1", Kind: kind, Namespace: namespace, Name: name}
}

// deploymentRef names the Deployment of a ReplicaSet.
func deploymentRef(namespace, name string) object.Ref {
	return object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: name}
}
