package fakeapi

import (
	"net/http"
	"slices"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// UseLegacyDiscovery disables aggregated discovery, as in Kubernetes 1.25 and earlier: clients
// send one request for each group and version.
func (s *Server) UseLegacyDiscovery() {
	s.set(func() { s.legacy = true })
}

// FailDiscovery makes the discovery of a group fail, as when the pods of an APIService are
// missing: aggregated discovery marks the group as stale, and its own resource list returns
// 503.
func (s *Server) FailDiscovery(group string) {
	s.set(func() { s.stale[group] = true })
}

var verbs = metav1.Verbs{"get", "list"}

// aggregatedType is the content type of aggregated discovery.
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// discover answers /version, /api, /apis and the lists below; it reports whether the path was
// one of these. The caller holds the lock.
func (s *Server) discover(w http.ResponseWriter, r *http.Request, path []string) bool {
	core, apis := path[0] == "api", path[0] == "apis"
	aggregated := !s.legacy && strings.Contains(r.Header.Get("Accept"), "as=APIGroupDiscoveryList")
	switch {
	case len(path) == 1 && path[0] == "version":
		write(w, map[string]string{"major": "1", "minor": "36", "gitVersion": "v1.36.3"})
	case !core && !apis:
		return false
	case len(path) == 1 && aggregated:
		w.Header().Set("Content-Type", aggregatedType)
		write(w, s.aggregatedGroups(core))
	case len(path) == 1 && core:
		write(w, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case len(path) == 1:
		write(w, s.groupList())
	case len(path) == 2 && core:
		s.resourceList(w, schema.GroupVersion{Version: path[1]})
	case len(path) == 3 && apis:
		s.resourceList(w, schema.GroupVersion{Group: path[1], Version: path[2]})
	default:
		return false
	}
	return true
}

// groups are the sorted names of the groups.
func (s *Server) groups() []string {
	var groups []string
	for _, k := range s.kinds {
		if !slices.Contains(groups, k.Group) {
			groups = append(groups, k.Group)
		}
	}
	slices.Sort(groups)
	return groups
}

// versions are the versions of a group, the preferred one first.
func (s *Server) versions(group string) []string {
	var versions []string
	for _, k := range s.kinds {
		if k.Group == group && !slices.Contains(versions, k.Version) {
			versions = append(versions, k.Version)
		}
	}
	return versions
}

func (s *Server) aggregatedGroups(core bool) apidiscovery.APIGroupDiscoveryList {
	list := apidiscovery.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{APIVersion: "apidiscovery.k8s.io/v2", Kind: "APIGroupDiscoveryList"}, Items: []apidiscovery.APIGroupDiscovery{}}
	for _, group := range s.groups() {
		if (group == "") != core {
			continue
		}
		discovered := apidiscovery.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: group}}
		for _, version := range s.versions(group) {
			v := apidiscovery.APIVersionDiscovery{Version: version, Freshness: apidiscovery.DiscoveryFreshnessCurrent}
			if s.stale[group] {
				v.Freshness = apidiscovery.DiscoveryFreshnessStale
			} else {
				v.Resources = s.aggregatedResources(schema.GroupVersion{Group: group, Version: version})
			}
			discovered.Versions = append(discovered.Versions, v)
		}
		list.Items = append(list.Items, discovered)
	}
	return list
}

func (s *Server) aggregatedResources(gv schema.GroupVersion) []apidiscovery.APIResourceDiscovery {
	var resources []apidiscovery.APIResourceDiscovery
	for _, k := range s.kinds {
		if k.GroupVersion() != gv {
			continue
		}
		kind := &metav1.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
		scope := apidiscovery.ScopeCluster
		if k.Namespaced {
			scope = apidiscovery.ScopeNamespace
		}
		resources = append(resources, apidiscovery.APIResourceDiscovery{
			Resource: k.Resource, ResponseKind: kind, Scope: scope, SingularResource: strings.ToLower(k.Kind), Verbs: verbs,
			Subresources: []apidiscovery.APISubresourceDiscovery{{Subresource: "status", ResponseKind: kind, Verbs: metav1.Verbs{"get"}}},
		})
	}
	return resources
}

func (s *Server) groupList() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"}, Groups: []metav1.APIGroup{}}
	for _, name := range s.groups() {
		if name == "" {
			continue
		}
		group := metav1.APIGroup{Name: name}
		for _, version := range s.versions(name) {
			group.Versions = append(group.Versions, metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + version, Version: version})
		}
		group.PreferredVersion = group.Versions[0]
		list.Groups = append(list.Groups, group)
	}
	return list
}

// resourceList answers with the resources of one version of a group.
func (s *Server) resourceList(w http.ResponseWriter, gv schema.GroupVersion) {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: gv.String()}
	for _, k := range s.kinds {
		if k.GroupVersion() == gv {
			list.APIResources = append(list.APIResources,
				metav1.APIResource{Name: k.Resource, Kind: k.Kind, Namespaced: k.Namespaced, Verbs: verbs},
				metav1.APIResource{Name: k.Resource + "/status", Kind: k.Kind, Namespaced: k.Namespaced, Verbs: metav1.Verbs{"get"}})
		}
	}
	switch {
	case s.stale[gv.Group]:
		refuse(w, apierrors.NewServiceUnavailable("the server is currently unable to handle the request"))
	case len(list.APIResources) == 0:
		notServed(w)
	default:
		write(w, list)
	}
}
