package load

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

const suffix = "-orthweb"

func namespaceOf(tenant string) string { return tenant + suffix }

func tenantOf(namespace string) string { return strings.TrimSuffix(namespace, suffix) }

// remove deletes copies. No controller takes part in it: their finalizers are removed.
func (l *Loader) remove(ctx context.Context, tenants map[string]string) error {
	if len(tenants) == 0 {
		return nil
	}
	kinds, err := copiedKinds(l.Cluster)
	if err != nil {
		return err
	}
	var namespaced []metav1.APIResource
	shared := map[string][]Object{} // objects outside of the namespaces, by tenant
	for _, r := range kinds {
		namespace := ""
		if r.Namespaced {
			namespaced = append(namespaced, r)
			namespace = cluster.FluxNamespace
		}
		list, err := l.Cluster.List(ctx, r, namespace, cluster.CopyLabel)
		if err != nil {
			return err
		}
		for i := range list {
			for tenant := range owners(&list[i]) {
				if _, ok := tenants[tenant]; ok && list[i].GetKind() != "Namespace" {
					shared[tenant] = append(shared[tenant], &list[i])
				}
			}
		}
	}
	var names []string
	for tenant := range tenants {
		names = append(names, tenant)
	}
	return l.inParallel(ctx, len(names), "deleted, and the content of namespaces,", func(ctx context.Context, i int) error {
		return l.removeTenant(ctx, names[i], namespaced, shared[names[i]])
	})
}

// owners are the tenants that an object outside of their namespaces may belong to, by its name.
func owners(o Object) map[string]bool {
	out := map[string]bool{}
	if claim, ok, _ := unstructured.NestedString(o.Object, "spec", "claimRef", "namespace"); ok {
		out[tenantOf(claim)] = true
	}
	if tenant, _, ok := strings.Cut(o.GetName(), "-"); ok {
		out[tenant] = true
	}
	return out
}

func (l *Loader) removeTenant(ctx context.Context, tenant string, namespaced []metav1.APIResource, shared []Object) error {
	w := &writer{Loader: l}
	for _, o := range shared {
		if err := w.deleteNow(ctx, o); err != nil {
			return err
		}
	}
	for _, r := range namespaced {
		if r.Kind == "PersistentVolumeClaim" {
			claims, err := l.Cluster.List(ctx, r, namespaceOf(tenant), "")
			if err != nil {
				return err
			}
			for i := range claims {
				if err := w.deleteNow(ctx, &claims[i]); err != nil {
					return err
				}
			}
			continue
		}
		if err := l.Cluster.Empty(ctx, r, namespaceOf(tenant)); err != nil {
			return err
		}
	}
	return w.removeNamespace(ctx, namespaceOf(tenant))
}

// deleteNow deletes an object without its finalizers.
func (w *writer) deleteNow(ctx context.Context, o Object) error {
	if len(o.GetFinalizers()) > 0 {
		resource, err := w.Cluster.Resource(o)
		if err != nil {
			return err
		}
		patch := []byte(`{"metadata":{"finalizers":null}}`)
		if _, err := resource.Patch(ctx, o.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("removing the finalizers of %s: %w", name(o), err)
		}
	}
	return w.delete(ctx, o)
}

// removeNamespace deletes an empty namespace.
func (w *writer) removeNamespace(ctx context.Context, namespace string) error {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}}}
	if err := w.delete(ctx, o); err != nil {
		return err
	}
	resource, err := w.Cluster.Resource(o)
	if err != nil {
		return err
	}
	if _, err := resource.Update(ctx, o, metav1.UpdateOptions{}, "finalize"); err != nil {
		return fmt.Errorf("removing the finalizer of namespace %s: %w", namespace, err)
	}
	return nil
}
