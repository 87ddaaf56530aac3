package cluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
)

var (
	kustomizations  = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	gitRepositories = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}
)

// FluxNamespace is the namespace of the tree's Kustomizations, and Root is the Kustomization
// that creates the others.
const (
	FluxNamespace = "flux-system"
	Root          = "flux-system"
)

// Kustomization is the status of one layer.
type Kustomization struct {
	Name string
	// Generation and Observed are the generation of the spec and the one that Flux has
	// observed.
	Generation, Observed int64
	// Applied and Attempted are revisions, such as main@sha1:….
	Applied, Attempted string
	Ready              Condition
}

// Condition is a condition of an object's status.
type Condition struct {
	Status, Reason, Message string
	// Generation is the generation of the spec that the condition describes.
	Generation int64
}

// ReadyAt reports whether Flux has applied this commit and found the layer healthy. The
// condition of an older commit does not count.
func (k Kustomization) ReadyAt(commit string) bool {
	return k.Ready.Status == "True" && k.Observed == k.Generation && strings.HasSuffix(k.Applied, ":"+commit)
}

// FailedAt reports whether Flux has tried this commit and stopped until the next retry. A layer
// that waits for another one hasn't failed. The generation in the status does not matter here:
// Flux updates it on success only.
func (k Kustomization) FailedAt(commit string) bool {
	if k.Ready.Status != "False" || k.Ready.Generation != k.Generation || !strings.HasSuffix(k.Attempted, ":"+commit) {
		return false
	}
	switch k.Ready.Reason {
	case "DependencyNotReady", "Progressing", "ProgressingWithRetry", "HealthCheckCanceled":
		return false
	}
	return true
}

// CopyLabel is the label of all objects of copied tenants (the package load). The lab's
// controllers ignore objects that have it.
const CopyLabel = "orthweb-lab.digihunch.com/copy"

// Kustomizations lists the layers by name, without those of copied tenants.
func (c *Cluster) Kustomizations(ctx context.Context) ([]Kustomization, error) {
	list, err := c.client.Resource(kustomizations).Namespace(FluxNamespace).List(ctx, metav1.ListOptions{LabelSelector: "!" + CopyLabel})
	if err != nil {
		return nil, fmt.Errorf("listing the Kustomizations: %w", err)
	}
	var out []Kustomization
	for i := range list.Items {
		o := &list.Items[i]
		k := Kustomization{Name: o.GetName(), Generation: o.GetGeneration(), Ready: condition(o, "Ready")}
		k.Observed, _, _ = unstructured.NestedInt64(o.Object, "status", "observedGeneration")
		k.Applied, _, _ = unstructured.NestedString(o.Object, "status", "lastAppliedRevision")
		k.Attempted, _, _ = unstructured.NestedString(o.Object, "status", "lastAttemptedRevision")
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// AllReady reports whether every layer is Ready at the commit, including the root: only then is
// the list complete.
func AllReady(list []Kustomization, commit string) bool {
	root := false
	for _, k := range list {
		if !k.ReadyAt(commit) {
			return false
		}
		root = root || k.Name == Root
	}
	return root
}

// Watch reads the layers twice a second, passes each result to look, and returns the last one
// when look returns true.
func (c *Cluster) Watch(ctx context.Context, look func([]Kustomization) bool) ([]Kustomization, error) {
	var last []Kustomization
	if wait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		list, err := c.Kustomizations(ctx)
		if err != nil {
			return false, nil
		}
		last = list
		return look(list), nil
	}) != nil {
		return last, context.Cause(ctx)
	}
	return last, nil
}

// Reconcile makes Flux fetch the tree now, and then reconcile every layer. Flux would do
// so itself, but not while layers form a cycle: it sorts them first, and does not report
// when it can't (kustomize-controller v1.9.6, requestsForRevisionChangeOf).
func (c *Cluster) Reconcile(ctx context.Context, commit string) error {
	source := Objects{APIVersion: gitRepositories.GroupVersion().String(), Kind: "GitRepository", Namespace: FluxNamespace, Name: Root}
	if err := c.Request(ctx, source, false); err != nil {
		return fmt.Errorf("asking Flux to fetch the tree: %w", err)
	}
	if err := c.waitFetched(ctx, source, commit); err != nil {
		return err
	}
	layers := Objects{APIVersion: kustomizations.GroupVersion().String(), Kind: "Kustomization", Namespace: FluxNamespace, Without: CopyLabel}
	if err := c.Request(ctx, layers, false); err != nil {
		return fmt.Errorf("asking Flux to look at the layers: %w", err)
	}
	return nil
}

// waitFetched waits until Flux has the commit. It stops after a time limit: a fault may prevent
// Flux from fetching it.
func (c *Cluster) waitFetched(ctx context.Context, source Objects, commit string) error {
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
		list, err := c.Find(ctx, source)
		return slices.ContainsFunc(list, func(o unstructured.Unstructured) bool {
			revision, _, _ := unstructured.NestedString(o.Object, "status", "artifact", "revision")
			return strings.HasSuffix(revision, ":"+commit)
		}), err
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case wait.Interrupted(err):
		return nil
	}
	return err
}

func condition(o *unstructured.Unstructured, kind string) Condition {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok || m["type"] != kind {
			continue
		}
		str := func(key string) string { s, _ := m[key].(string); return s }
		generation, _, _ := unstructured.NestedInt64(m, "observedGeneration")
		return Condition{Status: str("status"), Reason: str("reason"), Message: str("message"), Generation: generation}
	}
	return Condition{Status: "Unknown"}
}

func newReader(data []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(data)) }
