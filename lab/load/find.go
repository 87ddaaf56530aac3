package load

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// Find reads a tenant of the cluster as a template. All its layers must be Ready.
func Find(ctx context.Context, c *cluster.Cluster, tenant string) (*Template, error) {
	layers, err := c.Kustomizations(ctx)
	if err != nil {
		return nil, err
	}
	found := false
	for _, k := range layers {
		if strings.HasPrefix(k.Name, tenant+"-") {
			if found = true; k.Ready.Status != "True" {
				return nil, fmt.Errorf("tenant %s can't be copied: its layer %s is not ready: %s", tenant, k.Name, k.Ready.Message)
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("tenant %s can't be copied: it has no layers", tenant)
	}
	stored, err := copiedKinds(c)
	if err != nil {
		return nil, err
	}
	var objects []Object
	for _, r := range stored {
		namespaces := []string{""}
		if r.Namespaced {
			namespaces = []string{tenant + "-orthweb", cluster.FluxNamespace}
		}
		for _, namespace := range namespaces {
			list, err := c.List(ctx, r, namespace, "!"+cluster.CopyLabel)
			if err != nil {
				return nil, err
			}
			for i := range list {
				if belongs(&list[i], tenant) {
					objects = append(objects, &list[i])
				}
			}
		}
	}
	return NewTemplate(tenant, objects)
}

// copiedKinds are the kinds of which a tenant may have objects. Events are also served by
// another group, and kwok's objects make it serve the logs of the lab's processes.
func copiedKinds(c *cluster.Cluster) ([]metav1.APIResource, error) {
	stored, err := c.Stored()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(stored, func(r metav1.APIResource) bool {
		return slices.Contains([]string{"events.k8s.io", "kwok.x-k8s.io", "metrics.k8s.io"}, r.Group)
	}), nil
}

// belongs reports whether an object is one of the tenant's: those in its namespace, the
// namespace itself, its layers and charts with their events, and the volumes of its claims.
func belongs(o Object, tenant string) bool {
	namespace := tenant + "-orthweb"
	switch {
	case o.GetNamespace() == namespace:
		return true
	case o.GetNamespace() == cluster.FluxNamespace:
		return strings.HasPrefix(o.GetName(), tenant+"-")
	case o.GetKind() == "Namespace":
		return o.GetName() == namespace
	case o.GetKind() == "PersistentVolume":
		claim, _, _ := unstructured.NestedString(o.Object, "spec", "claimRef", "namespace")
		return claim == namespace
	}
	return false
}
