package cluster

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Objects names one object, or, without a Name, those with the labels in the namespace. Without
// a Namespace, it names objects of all namespaces.
type Objects struct {
	APIVersion  string            `json:"apiVersion"`
	Kind        string            `json:"kind"`
	Namespace   string            `json:"namespace,omitempty"`
	Name        string            `json:"name,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Subresource string            `json:"subresource,omitempty"`
	// Without is a label that the objects must not have.
	Without string `json:"without,omitempty"`
}

// String returns "Kind namespace/name" or "Kind namespace/labels".
func (o Objects) String() string {
	return fmt.Sprintf("%s %s/%s%s", o.Kind, o.Namespace, o.Name, labels.Set(o.Labels))
}

// selector selects the objects by their labels.
func (o Objects) selector() string {
	selector := labels.Set(o.Labels).String()
	switch {
	case o.Without == "":
		return selector
	case selector == "":
		return "!" + o.Without
	}
	return selector + ",!" + o.Without
}

// Find returns the objects that exist.
func (c *Cluster) Find(ctx context.Context, o Objects) ([]unstructured.Unstructured, error) {
	mapping, err := c.mapping(schema.FromAPIVersionAndKind(o.APIVersion, o.Kind))
	if err != nil {
		return nil, err
	}
	resource := c.client.Resource(mapping.Resource).Namespace(o.Namespace)
	opts := metav1.ListOptions{LabelSelector: o.selector()}
	if o.Name != "" {
		opts.FieldSelector = "metadata.name=" + o.Name
	}
	list, err := resource.List(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", o, err)
	}
	return list.Items, nil
}

// Delete deletes the objects and doesn't wait until they are removed.
func (c *Cluster) Delete(ctx context.Context, o Objects) error {
	return c.each(ctx, o, func(obj *unstructured.Unstructured) error {
		resource, err := c.Resource(obj)
		if err != nil {
			return err
		}
		// Background propagation deletes the objects that the owner owns, too.
		how := metav1.DeletePropagationBackground
		return resource.Delete(ctx, obj.GetName(), metav1.DeleteOptions{PropagationPolicy: &how})
	})
}

// Patch merges the JSON patch into each object.
func (c *Cluster) Patch(ctx context.Context, o Objects, patch []byte) error {
	var sub []string
	if o.Subresource != "" {
		sub = []string{o.Subresource}
	}
	return c.each(ctx, o, func(obj *unstructured.Unstructured) error {
		resource, err := c.Resource(obj)
		if err != nil {
			return err
		}
		_, err = resource.Patch(ctx, obj.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, sub...)
		return err
	})
}

// Request makes Flux reconcile the objects now. With force a HelmRelease is upgraded
// although nothing changed (helm-controller v1.6.1, api/v2/annotations.go).
func (c *Cluster) Request(ctx context.Context, o Objects, force bool) error {
	at := time.Now().Format(time.RFC3339Nano)
	more := ""
	if force {
		more = fmt.Sprintf(`,"reconcile.fluxcd.io/forceAt":%q`, at)
	}
	return c.Patch(ctx, o, fmt.Appendf(nil, `{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q%s}}}`, at, more))
}

func (c *Cluster) each(ctx context.Context, o Objects, do func(*unstructured.Unstructured) error) error {
	list, err := c.Find(ctx, o)
	if err != nil {
		return err
	}
	for i := range list {
		if err := do(&list[i]); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s %s: %w", o.Kind, list[i].GetName(), err)
		}
	}
	return nil
}
