package collect

import (
	"context"
	"errors"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// resource is where a kind is served.
type resource struct {
	group, version, name string
	namespaced           bool
}

// served is what the API server offers.
type served struct {
	kinds map[schema.GroupKind]resource
	// failed holds the groups whose own server did not say what it serves: of
	// their kinds nothing is known.
	failed map[string]error
}

// String is "plural.group", as kubectl and RBAC messages write it.
func (r resource) String() string {
	return schema.GroupResource{Group: r.group, Resource: r.name}.String()
}

func (r resource) path(namespace string) []string {
	path := []string{"apis", r.group, r.version}
	if r.group == "" {
		path = []string{"api", r.version}
	}
	if namespace != "" && r.namespaced {
		path = append(path, "namespaces", namespace)
	}
	return append(path, r.name)
}

// discover asks what is served: two requests where the server has aggregated
// discovery (Kubernetes 1.26 and later), one for each group elsewhere. It never
// relies on a cache: Flux, Istio and cert-manager are installed by the very
// layers that people look at while they come up.
func discover(ctx context.Context, client *discovery.DiscoveryClient) (served, error) {
	done := make(chan struct{})
	var lists []*metav1.APIResourceList
	var err error
	go func() {
		defer close(done)
		lists, err = client.ServerPreferredResources()
	}()
	select { // client-go's discovery takes no context
	case <-ctx.Done():
		return served{}, ctx.Err()
	case <-done:
	}
	failed := map[string]error{}
	var partial *discovery.ErrGroupDiscoveryFailed
	if errors.As(err, &partial) {
		for gv, why := range partial.Groups {
			failed[gv.Group] = why
		}
	} else if err != nil {
		return served{}, err
	}
	return served{kinds: index(lists), failed: failed}, nil
}

// index maps each kind to its preferred place, leaving out subresources.
func index(lists []*metav1.APIResourceList) map[schema.GroupKind]resource {
	kinds := map[schema.GroupKind]resource{}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range list.APIResources {
			if strings.Contains(r.Name, "/") {
				continue
			}
			gk := schema.GroupKind{Group: gv.Group, Kind: r.Kind}
			if _, ok := kinds[gk]; !ok {
				kinds[gk] = resource{group: gv.Group, version: gv.Version, name: r.Name, namespaced: r.Namespaced}
			}
		}
	}
	return kinds
}
