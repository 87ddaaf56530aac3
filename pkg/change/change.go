// Package change changes single fields of Flux's objects in a cluster, and looks at
// one object at a time.
package change

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// fieldManager is who the API server writes down as the owner of what is changed.
// It must not begin with "kubectl": kustomize-controller takes over the fields of
// such managers when it applies an object, and so drops those that Git does not
// have; a layer that somebody suspended would run again as soon as the layer above
// is applied (kustomize-controller v1.9.6, kustomization_controller.go, apply;
// fluxcd/pkg/ssa v0.76.2, matchFieldManager).
const fieldManager = "orthweb"

// requestTimeout bounds a request when the user gave no --request-timeout.
const requestTimeout = 30 * time.Second

// plurals are the resources of the kinds that can be changed, as their
// CustomResourceDefinitions name them.
var plurals = map[schema.GroupKind]string{
	health.KustomizationKind: "kustomizations",
	health.HelmReleaseKind:   "helmreleases",
	health.GitRepositoryKind: "gitrepositories",
	health.OCIRepositoryKind: "ocirepositories",
	health.BucketKind:        "buckets",
}

// Client changes objects of one cluster.
type Client struct {
	dynamic dynamic.Interface
}

// NewClient makes a client of the cluster that config names.
func NewClient(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // as many requests as there are objects, and no more than that in a second
	if config.Timeout == 0 {
		config.Timeout = requestTimeout
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("reading the cluster's address and credentials: %w", err)
	}
	return &Client{client}, nil
}

// Merge merges a patch into an object (RFC 7396) and needs the verb patch. Errors
// are *Error.
func (c *Client) Merge(ctx context.Context, ref finding.Ref, patch map[string]any) error {
	resource, err := resourceOf(ref)
	if err != nil {
		return err
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("writing down what to change of %s: %w", ref, err)
	}
	_, err = c.dynamic.Resource(resource).Namespace(ref.Namespace).
		Patch(ctx, ref.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: fieldManager})
	return wrap("patch", ref, resource, err)
}

// Get reads an object and needs the verb get. Errors are *Error.
func (c *Client) Get(ctx context.Context, ref finding.Ref) (*unstructured.Unstructured, error) {
	resource, err := resourceOf(ref)
	if err != nil {
		return nil, err
	}
	obj, err := c.dynamic.Resource(resource).Namespace(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	return obj, wrap("get", ref, resource, err)
}

func resourceOf(ref finding.Ref) (schema.GroupVersionResource, error) {
	version, err := schema.ParseGroupVersion(ref.APIVersion)
	plural := plurals[ref.GroupKind()]
	if err != nil || plural == "" {
		return schema.GroupVersionResource{}, fmt.Errorf("%s is of a kind that can't be changed here; use kubectl", ref)
	}
	return version.WithResource(plural), nil
}
