// Package load fills a lab with copies of one of its tenants: the objects that Flux,
// Kubernetes' controllers and cert-manager have made of it, with their statuses, under other
// names. Some of the copies are broken, as these controllers would report it.
package load

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Object is an object of a tenant.
type Object = *unstructured.Unstructured

// Template is a tenant from which others are copied.
type Template struct {
	tenant string
	// objects are in the order of their creation: each one follows those whose UIDs it contains.
	objects []Object
	// pods are the addresses of its Pods.
	pods []string
	// addresses are those of its load balancers.
	addresses   []string
	credentials *credentials
	// releases are the contents of Helm's Secrets, by name.
	releases map[string]any
}

// NewTemplate returns the template of a tenant that has these objects. Their generations in
// statuses become relative to that of the object: a copy has another one.
func NewTemplate(tenant string, objects []Object) (*Template, error) {
	t := &Template{tenant: tenant, releases: map[string]any{}}
	for _, o := range objects {
		o = o.DeepCopy()
		t.pods = append(t.pods, podAddresses(o)...)
		t.addresses = append(t.addresses, balancerAddresses(o)...)
		relativeGenerations(o)
		clean(o)
		t.objects = append(t.objects, o)
	}
	var err error
	if t.objects, err = sorted(t.objects); err != nil {
		return nil, err
	}
	if t.credentials, err = readCredentials(t.objects); err != nil {
		return nil, err
	}
	return t, t.readReleases()
}

// clean removes what the API server sets itself, and what only the original may have: a
// controller that removes a finalizer, and the numbers that are allocated to a Service.
func clean(o Object) {
	for _, field := range []string{"resourceVersion", "managedFields", "creationTimestamp", "generation", "finalizers", "selfLink"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	if o.GroupVersionKind().GroupKind() != serviceKind {
		return
	}
	if ip, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP"); ip != "None" {
		unstructured.RemoveNestedField(o.Object, "spec", "clusterIP")
		unstructured.RemoveNestedField(o.Object, "spec", "clusterIPs")
	}
	unstructured.RemoveNestedField(o.Object, "spec", "healthCheckNodePort")
	ports, _, _ := unstructured.NestedSlice(o.Object, "spec", "ports")
	for _, p := range ports {
		if port, ok := p.(map[string]any); ok {
			delete(port, "nodePort")
		}
	}
	if len(ports) > 0 {
		_ = unstructured.SetNestedSlice(o.Object, ports, "spec", "ports")
	}
	if kind, _, _ := unstructured.NestedString(o.Object, "spec", "type"); kind == "LoadBalancer" {
		// A cluster has 2,768 node ports, which are too few for the ports of a thousand gateways.
		_ = unstructured.SetNestedField(o.Object, false, "spec", "allocateLoadBalancerNodePorts")
	}
}

// generationFields are the fields of statuses that contain a generation.
var generationFields = []string{"observedGeneration", "lastAttemptedGeneration"}

// relativeGenerations replaces generations in the status by their difference from the object's.
func relativeGenerations(o Object) {
	eachGeneration(o, func(n int64) int64 { return n - o.GetGeneration() })
}

// absoluteGenerations reverts relativeGenerations for an object with a generation.
func absoluteGenerations(o Object, generation int64) {
	eachGeneration(o, func(n int64) int64 { return max(n+generation, 0) })
}

// eachGeneration replaces each generation in the status.
func eachGeneration(o Object, replace func(int64) int64) {
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				if n, ok := value.(int64); ok && slices.Contains(generationFields, key) {
					v[key] = replace(n)
				} else {
					walk(value)
				}
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(o.Object["status"])
}

// sorted returns the objects in the order of their creation.
func sorted(objects []Object) ([]Object, error) {
	byUID := map[string]Object{}
	for _, o := range objects {
		byUID[string(o.GetUID())] = o
	}
	slices.SortStableFunc(objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(name(a), name(b)))
	})
	var out []Object
	const visiting, done = 1, 2
	state := map[Object]int{}
	var visit func(Object) error
	visit = func(o Object) error {
		switch state[o] {
		case done:
			return nil
		case visiting:
			return fmt.Errorf("%s and another object contain the UID of each other", name(o))
		}
		state[o] = visiting
		for _, uid := range uidsIn(o) {
			if owner := byUID[uid]; owner != nil && owner != o {
				if err := visit(owner); err != nil {
					return err
				}
			}
		}
		state[o] = done
		out = append(out, o)
		return nil
	}
	for _, o := range objects {
		if err := visit(o); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rank is the order of kinds that the API server requires of each other.
func rank(o Object) int {
	switch o.GetKind() {
	case "Namespace":
		return 0
	case "ServiceAccount":
		return 1
	case "Event":
		return 3
	}
	return 2
}

// name identifies an object among those of a tenant.
func name(o Object) string {
	gk := o.GroupVersionKind().GroupKind()
	return fmt.Sprintf("%s %s/%s", gk, o.GetNamespace(), o.GetName())
}

// uidsIn are the strings of an object, other than its own UID, that have the form of a UID, sorted.
func uidsIn(o Object) []string {
	var out []string
	eachString(o.Object, func(s string) {
		if isUID(s) && s != string(o.GetUID()) {
			out = append(out, s)
		}
	})
	slices.Sort(out)
	return out
}

func isUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
}

// eachString calls do with each value of type string.
func eachString(v any, do func(string)) {
	switch v := v.(type) {
	case string:
		do(v)
	case map[string]any:
		for _, value := range v {
			eachString(value, do)
		}
	case []any:
		for _, item := range v {
			eachString(item, do)
		}
	}
}

// mapStrings returns a copy of a value, with each string, keys included, replaced.
func mapStrings(v any, replace func(string) string) any {
	switch v := v.(type) {
	case string:
		return replace(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[replace(key)] = mapStrings(value, replace)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = mapStrings(item, replace)
		}
		return out
	}
	return v
}

func podAddresses(o Object) []string {
	if o.GroupVersionKind().GroupKind() != podKind {
		return nil
	}
	ip, _, _ := unstructured.NestedString(o.Object, "status", "podIP")
	if host, _, _ := unstructured.NestedString(o.Object, "status", "hostIP"); ip == "" || ip == host {
		return nil
	}
	return []string{ip}
}

func balancerAddresses(o Object) []string {
	if o.GroupVersionKind().GroupKind() != serviceKind {
		return nil
	}
	var out []string
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "loadBalancer", "ingress")
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			if ip, _ := m["ip"].(string); ip != "" {
				out = append(out, ip)
			}
		}
	}
	return out
}
