// Package mesh has the rules about hosts, gateways, routes, Services and policies: whether
// requests arrive where they should, and whether tenants are separate.
package mesh

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// Rules are all rules of the package.
var Rules = []*rule.Rule{
	missingCredential, gatewayWithoutTLS, gatewayWithoutPods, hostClaimed, sharedGatewayPods, gatewayPort, wrongHost, hostOfTwoTenants, devicesWithoutName,
	serviceWithoutPods, missingRoute, missingTargetPort, subsetWithoutPods, missingBackend, missingGrant, missingIngressBackend,
	wildcardHost, clientCertificate, otherTenant, routeCollision,
}

// gatewayOf is an Istio Gateway of the tree as explain examines it; ok is false if a value in it
// is not known.
func gatewayOf(c *rule.Context, o *cluster.Object) (g traffic.Gateway, ok bool) {
	if o.Ref().GroupKind() != object.GatewayKind {
		return traffic.Gateway{}, false
	}
	x := c.Facts()
	obj := x.Snap.Lookup(o.Ref()).Object
	if obj == nil || engine.Memoize(x, unknownKey{obj}, func() bool { return rule.HasUnknown(obj) }) {
		return traffic.Gateway{}, false
	}
	return traffic.Gateway{X: x, Obj: obj, Result: &engine.Result{}}, true
}

// unknownKey is the key of whether a value in an object is not known.
type unknownKey struct{ obj *unstructured.Unstructured }

// eachServer calls a function for each server of an Istio Gateway of the tree.
func eachServer(c *rule.Context, o *cluster.Object, examine func(g traffic.Gateway, s traffic.GatewayServer)) {
	g, ok := gatewayOf(c, o)
	if !ok {
		return
	}
	for i, spec := range object.List(g.Obj.Object, "spec", "servers") {
		examine(g, traffic.GatewayServer{Index: i, Spec: spec})
	}
}

// applied reports whether Flux applies an object. Two variants in a tree without Flux, of which
// a user applies one, do not conflict.
func applied(c *rule.Context, ref object.Ref) bool {
	return slices.ContainsFunc(c.Find(ref.GroupKind(), ref.Namespace, ref.Name), func(o *cluster.Object) bool { return o.By != nil })
}

// owners names the tenants of namespaces, or the namespaces themselves if one of them belongs to
// none: "tenants bhs and mhr".
func owners(x *engine.Context, namespaces []string) string {
	var tenants []string
	for _, namespace := range namespaces {
		if name := x.TenantOf(namespace); name != "" {
			tenants = append(tenants, name)
		}
	}
	if len(tenants) == len(namespaces) {
		return listed("tenant", tenants)
	}
	return listed("namespace", namespaces)
}

// listed is "tenant a", "tenants a and b", "tenants a, b and 3 more".
func listed(noun string, names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	switch n := len(names); {
	case n == 1:
		return noun + " " + names[0]
	case n > engine.MaxNamed:
		return fmt.Sprintf("%ss %s and %d more", noun, strings.Join(names[:engine.MaxNamed], ", "), n-engine.MaxNamed)
	default:
		return fmt.Sprintf("%ss %s and %s", noun, strings.Join(names[:n-1], ", "), names[n-1])
	}
}

// edit is a fix in the file of an object.
func edit(o *cluster.Object, text string) finding.Fix { return finding.Fix{Text: text, File: o.File()} }
