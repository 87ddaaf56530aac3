package collect

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// resource is where a kind is served.
type resource struct {
	group, version, name string
	singular             string
	shortNames           []string
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
	lists, err := discovery.ServerPreferredResources(discoverer{client, ctx})
	failed := map[string]error{}
	var partial *discovery.ErrGroupDiscoveryFailed
	if errors.As(err, &partial) {
		for gv, why := range partial.Groups {
			failed[gv.Group] = why
		}
	} else if err != nil {
		return served{}, err
	}
	if ctx.Err() != nil { // which looks as if all the groups that were left had failed
		return served{}, ctx.Err()
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
		// client-go gives them in no order.
		slices.SortFunc(list.APIResources, func(a, b metav1.APIResource) int { return cmp.Compare(a.Name, b.Name) })
		for _, r := range list.APIResources {
			if strings.Contains(r.Name, "/") {
				continue
			}
			gk := schema.GroupKind{Group: gv.Group, Kind: r.Kind}
			if _, ok := kinds[gk]; !ok {
				kinds[gk] = resource{
					group: gv.Group, version: gv.Version, name: r.Name, singular: r.SingularName, shortNames: r.ShortNames, namespaced: r.Namespaced,
				}
			}
		}
	}
	return kinds
}

// discoverer is client-go's discovery with requests that end with a context, which
// client-go's own (v0.36) don't, and with answers that are checked: one that is no
// list of groups must not pass for a server that serves nothing.
type discoverer struct {
	*discovery.DiscoveryClient
	ctx context.Context // of the one call that the discoverer is made for
}

// groups are what /api or /apis lists.
type groups struct {
	list metav1.APIGroupList
	// resources are set by aggregated discovery alone.
	resources map[schema.GroupVersion]*metav1.APIResourceList
	failed    map[schema.GroupVersion]error
}

// GroupsAndMaybeResources asks for the core group and for the others.
func (d discoverer) GroupsAndMaybeResources() (*metav1.APIGroupList, map[schema.GroupVersion]*metav1.APIResourceList, map[schema.GroupVersion]error, error) {
	// One after the other: the first opens the connection that all requests share.
	// client-go (v0.36, transport.debuggingRoundTripper) reads its trace of a
	// connection while another request that opens one still writes it.
	core, coreErr := d.groups("/api", "APIVersions")
	others, othersErr := d.groups("/apis", "APIGroupList")
	noCoreGroup := apierrors.IsNotFound(coreErr)
	if noCoreGroup {
		coreErr = nil
	}
	if err := cmp.Or(coreErr, othersErr); err != nil {
		return nil, nil, nil, err
	}
	core.list.Groups = append(core.list.Groups, others.list.Groups...)
	failed := map[schema.GroupVersion]error{}
	maps.Copy(failed, core.failed)
	maps.Copy(failed, others.failed)
	// A server has aggregated discovery for both, or for none.
	if others.resources == nil || core.resources == nil && !noCoreGroup {
		return &core.list, nil, failed, nil
	}
	resources := map[schema.GroupVersion]*metav1.APIResourceList{}
	maps.Copy(resources, core.resources)
	maps.Copy(resources, others.resources)
	return &core.list, resources, failed, nil
}

// groups reads /api or /apis, whose answer is of the legacy kind where the server
// has no aggregated discovery.
func (d discoverer) groups(path, legacy string) (groups, error) {
	const accept = discovery.AcceptV2 + "," + discovery.AcceptV2Beta1 + "," + discovery.AcceptV1
	body, err := do(d.ctx, d.RESTClient().Get().AbsPath(path).SetHeader("Accept", accept))
	if err != nil {
		return groups{}, err
	}
	var answer struct {
		Kind, Message string // of a Status, too
	}
	if err := unmarshal(body, &answer, legacy); err != nil {
		return groups{}, err
	}
	switch answer.Kind {
	case "APIGroupDiscoveryList": // v2 or v2beta1, which are alike
		var aggregated apidiscovery.APIGroupDiscoveryList
		if err := unmarshal(body, &aggregated, answer.Kind); err != nil {
			return groups{}, err
		}
		list, resources, failed := discovery.SplitGroupsAndResources(aggregated)
		return groups{*list, resources, failed}, nil
	case "APIVersions":
		var versions metav1.APIVersions
		err := unmarshal(body, &versions, answer.Kind)
		return groups{list: coreGroup(versions)}, err
	case "APIGroupList":
		var list metav1.APIGroupList
		err := unmarshal(body, &list, answer.Kind)
		return groups{list: list}, err
	}
	return groups{}, otherKind(answer.Kind, answer.Message, legacy)
}

// coreGroup is the group that has no name.
func coreGroup(versions metav1.APIVersions) metav1.APIGroupList {
	if len(versions.Versions) == 0 {
		return metav1.APIGroupList{}
	}
	var group metav1.APIGroup
	for _, v := range versions.Versions {
		group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{GroupVersion: v, Version: v})
	}
	group.PreferredVersion = group.Versions[0]
	return metav1.APIGroupList{Groups: []metav1.APIGroup{group}}
}

// ServerResourcesForGroupVersion asks for one version of a group.
func (d discoverer) ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error) {
	path := "/apis/" + groupVersion
	if !strings.Contains(groupVersion, "/") {
		path = "/api/" + groupVersion
	}
	body, err := do(d.ctx, d.RESTClient().Get().AbsPath(path))
	if err != nil {
		return nil, err
	}
	var list struct {
		metav1.APIResourceList
		Message string `json:"message"`
	}
	if err := unmarshal(body, &list, "APIResourceList"); err != nil {
		return nil, err
	}
	if list.Kind != "APIResourceList" {
		return nil, otherKind(list.Kind, list.Message, "APIResourceList")
	}
	return &list.APIResourceList, nil
}

// serverVersion asks for the API server's version.
func serverVersion(ctx context.Context, client rest.Interface) (string, error) {
	body, err := do(ctx, client.Get().AbsPath("/version"))
	if err != nil {
		return "", err
	}
	var info version.Info
	if err := unmarshal(body, &info, "version"); err != nil {
		return "", err
	}
	if info.GitVersion == "" {
		return "", malformed("the answer has no gitVersion")
	}
	return info.GitVersion, nil
}
