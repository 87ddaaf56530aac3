package collect

import (
	"bytes"
	"cmp"
	"context"
	stdjson "encoding/json"
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

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// resource is where a kind is served.
type resource struct {
	group, version, name string
	singular             string
	shortNames           []string
	namespaced           bool
}

// served is what the API server serves.
type served struct {
	kinds map[schema.GroupKind]resource
	// failed has the groups whose own server did not answer discovery: their kinds are not
	// known.
	failed map[string]error
}

// String is "plural.group", as kubectl and RBAC messages write it.
func (r resource) String() string {
	return schema.GroupResource{Group: r.group, Resource: r.name}.String()
}

// discover requests what is served: two requests if the server has aggregated discovery
// (Kubernetes 1.26 and later), otherwise one for each group. It uses no cache: the layers
// that users watch during their installation install Flux, Istio and cert-manager.
func discover(ctx context.Context, client *request.Client) (served, error) {
	lists, err := discovery.ServerPreferredResources(discoverer{discovery.NewDiscoveryClient(client), client, ctx, make(chan struct{}, maxParallel)})
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
	return served{kinds: index(lists, failed), failed: failed}, nil
}

// index maps each kind to its preferred resource, without subresources. A group with names
// that can't be in a request's path counts as failed.
func index(lists []*metav1.APIResourceList, failed map[string]error) map[schema.GroupKind]resource {
	kinds := map[schema.GroupKind]resource{}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		// client-go returns them in no fixed order.
		slices.SortFunc(list.APIResources, func(a, b metav1.APIResource) int { return cmp.Compare(a.Name, b.Name) })
		for _, r := range list.APIResources {
			if strings.Contains(r.Name, "/") {
				continue
			}
			place := request.Place{GroupVersionKind: gv.WithKind(r.Kind), Resource: r.Name}
			if _, err := place.Path(""); err != nil {
				failed[gv.Group] = err
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
// client-go's own (v0.36) don't, and with checked answers: one that is not a list of groups
// must not look like a server that serves nothing.
type discoverer struct {
	*discovery.DiscoveryClient
	client *request.Client
	ctx    context.Context // of the one call that the discoverer is created for
	// atOnce bounds the parallel requests: client-go sends those for all groups at the same
	// time.
	atOnce chan struct{}
}

// get requests a document of discovery.
func (d discoverer) get(path, accept string, use func(body []byte) error) error {
	d.atOnce <- struct{}{}
	defer func() { <-d.atOnce }()
	get := d.client.Get().AbsPath(path)
	if accept != "" {
		get.SetHeader("Accept", accept)
	}
	return d.client.Do(d.ctx, get, request.MaxDiscovery, func(body []byte) error {
		// Each value takes many times the memory of its JSON.
		if bytes.Count(body, []byte{'{'})+bytes.Count(body, []byte{','}) > maxValues {
			return request.Malformed("the answer has more than %d values; check that this is the cluster's API server", maxValues)
		}
		return use(body)
	})
}

const (
	// maxValues bounds the values of a document of discovery. That of a cluster with
	// 2,000 custom resources has about 60,000.
	maxValues = 300_000
	// maxVersions bounds the versions of groups that are requested one by one.
	maxVersions = 2_000
)

// groups are what /api or /apis lists.
type groups struct {
	list metav1.APIGroupList
	// resources are set only by aggregated discovery.
	resources map[schema.GroupVersion]*metav1.APIResourceList
	failed    map[schema.GroupVersion]error
}

// GroupsAndMaybeResources requests the core group and the others.
func (d discoverer) GroupsAndMaybeResources() (*metav1.APIGroupList, map[schema.GroupVersion]*metav1.APIResourceList, map[schema.GroupVersion]error, error) {
	// One after the other: the first opens the connection that all requests share.
	// client-go (v0.36, transport.debuggingRoundTripper) reads its trace of a
	// connection while another request that opens one still writes it.
	core, coreErr := d.groups("/api", "APIVersions")
	noCoreGroup := apierrors.IsNotFound(coreErr)
	if coreErr != nil && !noCoreGroup {
		return nil, nil, nil, coreErr
	}
	others, err := d.groups("/apis", "APIGroupList")
	if err != nil {
		return nil, nil, nil, err
	}
	core.list.Groups = append(core.list.Groups, others.list.Groups...)
	failed := map[schema.GroupVersion]error{}
	maps.Copy(failed, core.failed)
	maps.Copy(failed, others.failed)
	// A server has aggregated discovery for both, or for none.
	if others.resources == nil || core.resources == nil && !noCoreGroup {
		versions := 0
		for _, group := range core.list.Groups {
			versions += len(group.Versions)
		}
		if versions > maxVersions {
			return nil, nil, nil, request.Malformed("the answer has more than %d versions of groups; check that this is the cluster's API server", maxVersions)
		}
		return &core.list, nil, failed, nil
	}
	resources := map[schema.GroupVersion]*metav1.APIResourceList{}
	maps.Copy(resources, core.resources)
	maps.Copy(resources, others.resources)
	return &core.list, resources, failed, nil
}

// groups reads /api or /apis, whose answer has the legacy kind if the server has no
// aggregated discovery.
func (d discoverer) groups(path, legacy string) (groups, error) {
	const accept = discovery.AcceptV2 + "," + discovery.AcceptV2Beta1 + "," + discovery.AcceptV1
	var found groups
	err := d.get(path, accept, func(body []byte) (err error) {
		found, err = readGroups(body, legacy)
		if err == nil && legacy == "APIVersions" && slices.ContainsFunc(found.list.Groups, func(g metav1.APIGroup) bool { return g.Name != "" }) {
			err = request.Malformed("the answer has other groups than the core group")
		}
		return err
	})
	return found, err
}

// readGroups decodes a list of groups of either kind. One without its list is not a
// server that serves nothing.
func readGroups(body []byte, legacy string) (groups, error) {
	var answer struct {
		Kind, Message           string // of a Status, too
		Items, Versions, Groups stdjson.RawMessage
	}
	if err := request.Unmarshal(body, &answer, legacy); err != nil {
		return groups{}, err
	}
	var (
		found groups
		field stdjson.RawMessage // that an answer of the kind must have
		name  string
		err   error
	)
	switch answer.Kind {
	case "APIGroupDiscoveryList": // v2 or v2beta1, which are alike
		field, name = answer.Items, "items"
		var aggregated apidiscovery.APIGroupDiscoveryList
		if err = request.Unmarshal(body, &aggregated, answer.Kind); err == nil {
			list, resources, failed := discovery.SplitGroupsAndResources(aggregated)
			found = groups{*list, resources, failed}
		}
	case "APIVersions":
		field, name = answer.Versions, "versions"
		var versions metav1.APIVersions
		err = request.Unmarshal(body, &versions, answer.Kind)
		found.list = coreGroup(versions)
	case "APIGroupList":
		field, name = answer.Groups, "groups"
		err = request.Unmarshal(body, &found.list, answer.Kind)
	default:
		return groups{}, request.OtherKind(answer.Kind, answer.Message, legacy)
	}
	if err == nil && field == nil {
		err = request.Malformed("the %s has no %s", answer.Kind, name)
	}
	return found, err
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

// ServerResourcesForGroupVersion requests one version of a group.
func (d discoverer) ServerResourcesForGroupVersion(groupVersion string) (*metav1.APIResourceList, error) {
	path := "/apis/" + groupVersion
	if !strings.Contains(groupVersion, "/") {
		path = "/api/" + groupVersion
	}
	var list struct {
		metav1.APIResourceList
		Message string `json:"message"`
	}
	err := d.get(path, "", func(body []byte) error {
		if err := request.Unmarshal(body, &list, "APIResourceList"); err != nil {
			return err
		}
		var fields struct{ Resources stdjson.RawMessage }
		_ = stdjson.Unmarshal(body, &fields) // it has been decoded before
		switch {
		case list.Kind != "APIResourceList":
			return request.OtherKind(list.Kind, list.Message, "APIResourceList")
		case list.GroupVersion != groupVersion:
			return request.Malformed("the answer is an APIResourceList of %s, not of %s", list.GroupVersion, groupVersion)
		case fields.Resources == nil:
			return request.Malformed("the APIResourceList has no resources")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &list.APIResourceList, nil
}

// serverVersion requests the API server's version.
func serverVersion(ctx context.Context, client *request.Client) (string, error) {
	var info version.Info
	err := client.Do(ctx, client.Get().AbsPath("/version"), request.MaxObject, func(body []byte) error {
		if err := request.Unmarshal(body, &info, "version"); err != nil {
			return err
		}
		if info.GitVersion == "" {
			return request.Malformed("the answer has no gitVersion")
		}
		return nil
	})
	return info.GitVersion, err
}
