package cluster

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Stored are the resources of which objects can be listed and created, each in one version.
func (c *Cluster) Stored() ([]metav1.APIResource, error) {
	lists, err := c.kinds.ServerPreferredResources()
	if err != nil {
		return nil, fmt.Errorf("listing the API server's kinds: %w", err)
	}
	var out []metav1.APIResource
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") && slices.Contains(r.Verbs, "create") {
				r.Group, r.Version = gv.Group, gv.Version
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// List lists the objects of a resource with a label selector, in a namespace or in all.
func (c *Cluster) List(ctx context.Context, r metav1.APIResource, namespace, selector string) ([]unstructured.Unstructured, error) {
	gvr := schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Name}
	opts := metav1.ListOptions{LabelSelector: selector}
	list, err := c.client.Resource(gvr).Namespace(namespace).List(ctx, opts)
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", gvr.GroupResource(), err)
	}
	return list.Items, nil
}

// Empty deletes all objects of a resource in a namespace.
func (c *Cluster) Empty(ctx context.Context, r metav1.APIResource, namespace string) error {
	gvr := schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Name}
	now, how := int64(0), metav1.DeletePropagationBackground
	err := c.client.Resource(gvr).Namespace(namespace).DeleteCollection(ctx,
		metav1.DeleteOptions{GracePeriodSeconds: &now, PropagationPolicy: &how}, metav1.ListOptions{})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsMethodNotSupported(err) {
		return fmt.Errorf("deleting the %s of namespace %s: %w", gvr.GroupResource(), namespace, err)
	}
	return nil
}
