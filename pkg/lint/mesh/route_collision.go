package mesh

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// routeCollision compares routes of the same kind: the same host with other paths or other
// conditions is no conflict. Of two that match the same requests, controllers use the older one
// (Gateway API v1.4, HTTPRouteRule.Matches; ingress-nginx v1.14, internal/ingress/controller,
// getBackendServers; istio 1.24, pilot/pkg/model/virtualservice.go, mergeVirtualServicesIfNeeded).
var routeCollision = &rule.Rule{
	Code: "OW7904", Name: "route-collision", Severity: finding.Warning,
	Title: "Two routes match the same requests",
	Cluster: func(c *rule.Context) {
		type owner struct {
			object *cluster.Object
			route  route
		}
		first := map[string]owner{}
		for _, o := range c.Objects {
			routesIn := routeReaders[o.Ref().GroupKind()]
			if routesIn == nil || o.By == nil || rule.HasUnknown(o.Unstructured) || canary(o) {
				continue
			}
			reported := map[object.Key]bool{}
			for _, r := range routesIn(o) {
				key := o.GetKind() + " " + r.through + " " + r.host + " " + r.match
				other, taken := first[key]
				switch {
				case !taken:
					first[key] = owner{o, r}
				case other.object.Ref().Same(o.Ref()) || reported[other.object.Ref().Key()]:
				default:
					reported[other.object.Ref().Key()] = true
					c.Report(o, r.field, fmt.Sprintf("matches the same requests as %s, %s: only the older one of the two receives them", other.object.Ref(), r),
						edit(o, "Remove one of the two routes, or use another host or path"))
				}
			}
		}
	},
}

// route is one combination of what an object routes.
type route struct {
	// through is the Gateway or ingress class, match the other conditions, as JSON.
	through, host, match string
	// field is where the object has the host.
	field string
}

// String is "for host a.example.com".
func (r route) String() string {
	if r.host == "" {
		return "for any host"
	}
	return "for host " + r.host
}

var routeReaders = map[schema.GroupKind]func(o *cluster.Object) []route{
	object.IngressKind:        ingressRoutes,
	object.HTTPRouteKind:      gatewayAPIRoutes,
	object.VirtualServiceKind: istioRoutes,
}

// canary reports whether an Ingress intentionally repeats another: its controller sends it a
// share of the requests.
func canary(o *cluster.Object) bool {
	for key := range o.GetAnnotations() {
		if strings.Contains(key, "canary") || strings.Contains(key, "/weight") {
			return true
		}
	}
	return false
}

func ingressRoutes(o *cluster.Object) []route {
	class := cmp.Or(object.Text(o.Unstructured.Object, "spec", "ingressClassName"), o.GetAnnotations()[engine.ClassAnnotation])
	var found []route
	for i, entry := range object.List(o.Unstructured.Object, "spec", "rules") {
		host := object.Text(entry, "host")
		for _, path := range object.List(entry, "http", "paths") {
			match := asJSON([]string{cmp.Or(object.Text(path, "path"), "/"), object.Text(path, "pathType")})
			found = append(found, route{class, host, match, fmt.Sprintf("spec.rules[%d].host", i)})
		}
	}
	return found
}

// gatewayAPIRoutes are all combinations of parents, hosts and matches. A rule without matches
// matches all requests.
func gatewayAPIRoutes(o *cluster.Object) []route {
	spec := object.Map(o.Unstructured.Object, "spec")
	var matches []string
	for _, entry := range object.List(spec, "rules") {
		listed := object.List(entry, "matches")
		if len(listed) == 0 {
			matches = append(matches, matchAll)
		}
		for _, match := range listed {
			matches = append(matches, asJSON(match))
		}
	}
	hosts := object.Texts(spec, "hostnames")
	fields := make([]string, len(hosts))
	for i := range hosts {
		fields[i] = fmt.Sprintf("spec.hostnames[%d]", i)
	}
	if len(hosts) == 0 {
		hosts, fields = []string{""}, []string{"spec"}
	}
	var found []route
	for _, parent := range object.List(spec, "parentRefs") {
		through := asJSON([]any{cmp.Or(object.Text(parent, "namespace"), o.GetNamespace()), object.Text(parent, "name"), object.Text(parent, "kind"), object.Text(parent, "sectionName"), object.Int(parent, "port")})
		for i, host := range hosts {
			for _, match := range matches {
				found = append(found, route{through, host, match, fields[i]})
			}
		}
	}
	return found
}

// matchAll is the match that a rule without matches has (Gateway API v1.4, HTTPRouteRule).
var matchAll = asJSON(map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}})

// istioRoutes are the rules for HTTP of a VirtualService for Gateways. Two rules of one object
// are in the order that its author wants.
func istioRoutes(o *cluster.Object) []route {
	spec := object.Map(o.Unstructured.Object, "spec")
	var found []route
	for _, gateway := range object.Texts(spec, "gateways") {
		if gateway == "mesh" {
			continue
		}
		if !strings.Contains(gateway, "/") {
			gateway = o.GetNamespace() + "/" + gateway
		}
		for i, host := range object.Texts(spec, "hosts") {
			for _, entry := range object.List(spec, "http") {
				listed := object.List(entry, "match")
				if len(listed) == 0 {
					listed = []map[string]any{nil}
				}
				for _, match := range listed {
					found = append(found, route{gateway, host, asJSON(match), fmt.Sprintf("spec.hosts[%d]", i)})
				}
			}
		}
	}
	return slices.Compact(found)
}

// asJSON is a value as JSON, with sorted keys.
func asJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}
