// Package dryrun applies objects as kustomize-controller does, but in a dry run: the API server
// admits each object, and returns what it would store. It also reads single objects of any kind.
//
// Nothing in the cluster changes. Webhooks are called unless they have side effects
// (Kubernetes, "Dry-run", in docs/reference/using-api/api-concepts.md).
package dryrun

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// FieldManager is the owner of the fields that kustomize-controller applies
// (kustomize-controller v1.9.6, main.go: controllerName).
const FieldManager = "kustomize-controller"

// maxBody is the largest request, in bytes, that an API server accepts by default
// (k8s.io/apiserver v0.36, pkg/server/config.go: MaxRequestBodyBytes).
const maxBody = 3 << 20

// Client sends requests to one cluster.
type Client struct {
	rest *request.Client
}

// NewClient creates a client for the cluster of the config.
func NewClient(config *rest.Config) (*Client, error) {
	client, err := request.New(config)
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

// Get reads an object, which requires the verb get. Errors are *Error.
func (c *Client) Get(ctx context.Context, place request.Place, name string) (*unstructured.Unstructured, error) {
	return c.send(ctx, "get", c.rest.Get(), place, name)
}

// Apply applies an object in a dry run, with the options of fluxcd/pkg/ssa v0.76.2
// (manager_apply.go, dryRunApply), and returns the object as it would be stored. It requires the
// verb patch, and create if the object does not exist. Errors are *Error.
func (c *Client) Apply(ctx context.Context, place request.Place, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(obj.Object)
	if err == nil && len(body) > maxBody {
		err = request.Malformed("the object has %d KiB, and an API server accepts no more than %d", len(body)>>10, maxBody>>10)
	}
	if err != nil {
		return nil, &Error{refOf(place, obj.GetName()), "patch", "", err}
	}
	patch := c.rest.Patch(types.ApplyPatchType).
		Param("fieldManager", FieldManager).Param("force", "true").Param("dryRun", "All").Body(body)
	return c.send(ctx, "patch", patch, place, obj.GetName())
}

// Merge merges a patch (RFC 7396) into an object in a dry run, and returns the object as it would be
// stored. It requires the verb patch. Errors are *Error.
func (c *Client) Merge(ctx context.Context, place request.Place, name string, change map[string]any) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(change)
	if err != nil {
		return nil, &Error{refOf(place, name), "patch", "", err}
	}
	patch := c.rest.Patch(types.MergePatchType).Param("fieldManager", FieldManager).Param("dryRun", "All").Body(body)
	return c.send(ctx, "patch", patch, place, name)
}

// send sends a request for one object, and returns the object in the answer.
func (c *Client) send(ctx context.Context, verb string, r *rest.Request, place request.Place, name string) (*unstructured.Unstructured, error) {
	fail := func(err error) error {
		return &Error{refOf(place, name), verb, place.GroupVersion().WithResource(place.Resource).GroupResource().String(), err}
	}
	path, err := place.Path(name)
	if err != nil {
		return nil, fail(err)
	}
	var obj *unstructured.Unstructured
	err = c.rest.Do(ctx, r.AbsPath(path...), request.MaxObject, func(body []byte) (err error) {
		obj, err = place.Object(body, name)
		return err
	})
	if err != nil {
		return nil, fail(err)
	}
	return obj, nil
}

func refOf(place request.Place, name string) object.Ref {
	return object.Ref{APIVersion: place.GroupVersion().String(), Kind: place.Kind, Namespace: place.Namespace, Name: name}
}

// Error is a request for one object that failed.
type Error struct {
	Ref object.Ref
	// Verb is the verb that the request requires, on Resource ("plural.group").
	Verb, Resource string
	Err            error
}

// Error describes what was attempted and what failed, in one line.
func (e *Error) Error() string {
	if e.Verb == "get" {
		return fmt.Sprintf("reading %s: %v", e.Ref, e.Err)
	}
	return fmt.Sprintf("applying %s in a dry run: %v", e.Ref, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
