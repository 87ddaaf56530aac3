// Package cluster is the lab's client of its own API server: it applies manifests, registers
// nodes and reads the progress of Flux.
package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// Cluster is a connection to the API server of a lab.
type Cluster struct {
	client dynamic.Interface
	mapper meta.ResettableRESTMapper
	kinds  discovery.ServerResourcesInterface
}

// Connect prepares the connection that a kubeconfig describes. It sends no request.
func Connect(kubeconfig string) (*Cluster, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the lab's kubeconfig: %w", err)
	}
	// Warnings are for users of the API.
	cfg.WarningHandler = rest.NoWarnings{}
	// The server has its own limits, and no other client uses it.
	cfg.QPS = -1
	cfg.Timeout = 15 * time.Second
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("preparing a client of the lab: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("preparing a client of the lab: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))
	return &Cluster{client: client, mapper: mapper, kinds: disco}, nil
}

// Parse reads the objects of a stream of YAML documents.
func Parse(data []byte) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for docs := utilyaml.NewYAMLReader(newReader(data)); ; {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("splitting a manifest: %w", err)
		}
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(doc, &obj.Object); err != nil {
			return nil, fmt.Errorf("reading a manifest: %w: %.80s", err, bytes.TrimSpace(doc))
		}
		if len(obj.Object) > 0 {
			out = append(out, obj)
		}
	}
}

// Apply applies objects server-side as the field manager: definitions and
// namespaces first, and the rest once the definitions are served.
func (c *Cluster) Apply(ctx context.Context, manager string, objs []*unstructured.Unstructured) error {
	var first, rest []*unstructured.Unstructured
	for _, o := range objs {
		switch o.GetKind() {
		case "CustomResourceDefinition", "Namespace":
			first = append(first, o)
		default:
			rest = append(rest, o)
		}
	}
	for _, list := range [][]*unstructured.Unstructured{first, rest} {
		for _, o := range list {
			if err := c.apply(ctx, manager, o); err != nil {
				return fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
			}
		}
		for _, o := range list {
			if err := c.waitEstablished(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cluster) apply(ctx context.Context, manager string, o *unstructured.Unstructured) error {
	resource, err := c.Resource(o)
	if err != nil {
		return err
	}
	_, err = resource.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: manager, Force: true})
	return err
}

// Create creates an object that must not exist, with its status, as a kubelet registers its
// Node.
func (c *Cluster) Create(ctx context.Context, o *unstructured.Unstructured) error {
	resource, err := c.Resource(o)
	if err != nil {
		return err
	}
	if _, err := resource.Create(ctx, o, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// mapping is how the API server serves the kind.
func (c *Cluster) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		// The definition may be newer than the cached discovery.
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	return mapping, err
}

// Resource is where the API server serves an object.
func (c *Cluster) Resource(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(o.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return c.client.Resource(mapping.Resource), nil
	}
	namespace := o.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return c.client.Resource(mapping.Resource).Namespace(namespace), nil
}

func (c *Cluster) waitEstablished(ctx context.Context, o *unstructured.Unstructured) error {
	if o.GetKind() != "CustomResourceDefinition" {
		return nil
	}
	resource, err := c.Resource(o)
	if err != nil {
		return err
	}
	if wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		got, err := resource.Get(ctx, o.GetName(), metav1.GetOptions{})
		return err == nil && condition(got, "Established").Status == "True", nil
	}) != nil {
		return fmt.Errorf("waiting until %s is served: %w", o.GetName(), context.Cause(ctx))
	}
	return nil
}
