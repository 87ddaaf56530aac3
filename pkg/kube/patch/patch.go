// Package patch changes single fields of Flux's objects in a cluster, and reads single
// objects.
package patch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// fieldManager is the owner of the changed fields that the API server records. It must
// not begin with "kubectl": kustomize-controller takes over the fields of such managers
// when it applies an object, and removes those that Git does not have; a suspended layer
// would be reconciled again as soon as the layer above is applied
// (kustomize-controller v1.9.6, kustomization_controller.go, apply;
// fluxcd/pkg/ssa v0.76.2, matchFieldManager).
const fieldManager = "orthweb"

// plurals are the resources of the kinds that can be changed, as their
// CustomResourceDefinitions name them.
var plurals = map[schema.GroupKind]string{
	object.KustomizationKind:  "kustomizations",
	object.HelmReleaseKind:    "helmreleases",
	object.GitRepositoryKind:  "gitrepositories",
	object.OCIRepositoryKind:  "ocirepositories",
	object.BucketKind:         "buckets",
	object.HelmRepositoryKind: "helmrepositories",
	object.HelmChartKind:      "helmcharts",
}

// Client changes objects of one cluster.
type Client struct {
	rest *request.Client
	// dryRun is set if the API server must not store changes.
	dryRun bool
}

// NewClient creates a client for the cluster of the config.
func NewClient(config *rest.Config) (*Client, error) {
	client, err := request.New(config)
	if err != nil {
		return nil, err
	}
	return &Client{rest: client}, nil
}

// DryRun is the same client, whose changes are checked by the API server and not stored.
func (c *Client) DryRun() *Client { return &Client{rest: c.rest, dryRun: true} }

// Merge merges a patch into an object (RFC 7396), which requires the verb patch, and
// checks that the object then has the patch's values. Errors are *Error.
func (c *Client) Merge(ctx context.Context, ref object.Ref, patch map[string]any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encoding the change of %s: %w", ref, err)
	}
	change := c.rest.Patch(types.MergePatchType).Param("fieldManager", fieldManager).Body(body)
	if c.dryRun {
		change.Param("dryRun", "All")
	}
	obj, err := c.send(ctx, "patch", change, ref)
	if err != nil {
		return err
	}
	if field := unmerged(obj.Object, patch, ""); field != "" {
		return &Error{ref, "patch", "", request.Malformed("the API server has not changed %s", field)}
	}
	return nil
}

// unmerged is the first field of a patch whose value differs in the object, empty when
// there is none.
func unmerged(object, patch map[string]any, above string) string {
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		value, there := object[name]
		fields, nested := patch[name].(map[string]any)
		switch {
		case nested:
			inner, _ := value.(map[string]any)
			if field := unmerged(inner, fields, above+name+"."); field != "" {
				return field
			}
		case patch[name] == nil && there && value != false, // a default may be explicit
			patch[name] != nil && !reflect.DeepEqual(value, patch[name]):
			return above + name
		}
	}
	return ""
}

// Get reads an object, which requires the verb get. Errors are *Error.
func (c *Client) Get(ctx context.Context, ref object.Ref) (*unstructured.Unstructured, error) {
	return c.send(ctx, "get", c.rest.Get(), ref)
}

// send sends a request for one object, and returns the object in the answer.
func (c *Client) send(ctx context.Context, verb string, r *rest.Request, ref object.Ref) (*unstructured.Unstructured, error) {
	version, err := schema.ParseGroupVersion(ref.APIVersion)
	plural := plurals[ref.GroupKind()]
	if err != nil || plural == "" {
		return nil, fmt.Errorf("changing %s is not supported for its kind; use kubectl", ref)
	}
	place := request.Place{GroupVersionKind: version.WithKind(ref.Kind), Resource: plural, Namespace: ref.Namespace}
	fail := func(err error) error {
		return &Error{ref, verb, version.WithResource(plural).GroupResource().String(), err}
	}
	path, err := place.Path(ref.Name)
	if err != nil {
		return nil, fail(err)
	}
	var obj *unstructured.Unstructured
	err = c.rest.Do(ctx, r.AbsPath(path...), request.MaxObject, func(body []byte) (err error) {
		obj, err = place.Object(body, ref.Name)
		return err
	})
	if err != nil {
		return nil, fail(err)
	}
	return obj, nil
}
