package mesh

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// otherTenant is about what allows one tenant the access to another: usually a copied manifest in
// which the namespace was not changed.
var otherTenant = &rule.Rule{
	Code: "OW7903", Name: "other-tenants-namespace", Severity: finding.Warning,
	Title: "An object names the namespace of another tenant",
	Object: func(c *rule.Context, o *cluster.Object) {
		namespacesIn, ok := namespaceReaders[o.Ref().GroupKind()]
		x := c.Facts()
		own := x.TenantOf(o.GetNamespace())
		if !ok || own == "" {
			return
		}
		for _, named := range namespacesIn(o.Unstructured.Object) {
			if other := x.TenantOf(named.namespace); other != "" && other != own {
				c.Report(o, named.field, fmt.Sprintf("%s namespace %s, which belongs to tenant %s, not to %s", named.verb, named.namespace, other, own),
					edit(o, fmt.Sprintf("Use a namespace of tenant %s, unless the access is intended", own)))
			}
		}
	},
}

// namedNamespace is a namespace in a field of an object, and what the object does with it.
type namedNamespace struct{ field, namespace, verb string }

// namespaceReaders find the namespaces to or from which an object of a kind allows access.
var namespaceReaders = map[schema.GroupKind]func(map[string]any) []namedNamespace{
	object.AuthorizationPolicyKind: policySources,
	object.NetworkPolicyKind:       policyPeers,
	object.ReferenceGrantKind:      grantSources,
	object.VirtualServiceKind:      routeDestinations,
	object.ServiceKind:             aliasTarget,
	roleBindingKind:                boundAccounts,
}

var roleBindingKind = schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}

// policySources are the namespaces and the namespaces of the principals that an
// AuthorizationPolicy allows. One that denies separates tenants.
func policySources(obj map[string]any) []namedNamespace {
	if action := object.Text(obj, "spec", "action"); action != "" && action != "ALLOW" {
		return nil
	}
	var found []namedNamespace
	for i, rules := range object.List(obj, "spec", "rules") {
		for j, from := range object.List(rules, "from") {
			at := fmt.Sprintf("spec.rules[%d].from[%d].source.", i, j)
			for k, namespace := range object.Texts(from, "source", "namespaces") {
				found = append(found, namedNamespace{fmt.Sprintf("%snamespaces[%d]", at, k), namespace, "allows requests from"})
			}
			for k, principal := range object.Texts(from, "source", "principals") {
				_, rest, _ := strings.Cut(principal, "/ns/")
				namespace, _, _ := strings.Cut(rest, "/")
				found = append(found, namedNamespace{fmt.Sprintf("%sprincipals[%d]", at, k), namespace, "allows requests from"})
			}
		}
	}
	return found
}

// nameLabel is the label with a namespace's name, which the API server sets (kubernetes v1.36,
// corev1.LabelMetadataName).
const nameLabel = "kubernetes.io/metadata.name"

// policyPeers are the namespaces that a NetworkPolicy selects by name.
func policyPeers(obj map[string]any) []namedNamespace {
	var found []namedNamespace
	for _, side := range []struct{ list, peers, verb string }{{"ingress", "from", "allows connections from"}, {"egress", "to", "allows connections to"}} {
		for i, rules := range object.List(obj, "spec", side.list) {
			for j, peer := range object.List(rules, side.peers) {
				at := fmt.Sprintf("spec.%s[%d].%s[%d].namespaceSelector.", side.list, i, side.peers, j)
				selector := object.Map(peer, "namespaceSelector")
				found = append(found, namedNamespace{at + "matchLabels[" + nameLabel + "]", object.Text(selector, "matchLabels", nameLabel), side.verb})
				for k, expression := range object.List(selector, "matchExpressions") {
					if object.Text(expression, "key") != nameLabel || object.Text(expression, "operator") != "In" {
						continue
					}
					for l, value := range object.Texts(expression, "values") {
						found = append(found, namedNamespace{fmt.Sprintf("%smatchExpressions[%d].values[%d]", at, k, l), value, side.verb})
					}
				}
			}
		}
	}
	return found
}

func grantSources(obj map[string]any) []namedNamespace {
	var found []namedNamespace
	for i, from := range object.List(obj, "spec", "from") {
		found = append(found, namedNamespace{fmt.Sprintf("spec.from[%d].namespace", i), object.Text(from, "namespace"), "allows references from"})
	}
	return found
}

func routeDestinations(obj map[string]any) []namedNamespace {
	var found []namedNamespace
	for _, list := range []string{"http", "tls", "tcp"} {
		for i, rules := range object.List(obj, "spec", list) {
			for j, to := range object.List(rules, "route") {
				_, namespace, _ := traffic.ServiceHost(object.Text(to, "destination", "host"), "")
				found = append(found, namedNamespace{fmt.Sprintf("spec.%s[%d].route[%d].destination.host", list, i, j), namespace, "sends requests to"})
			}
		}
	}
	return found
}

func aliasTarget(obj map[string]any) []namedNamespace {
	_, namespace, _ := traffic.ServiceHost(object.Text(obj, "spec", "externalName"), "")
	return []namedNamespace{{"spec.externalName", namespace, "is an alias for a Service in"}}
}

func boundAccounts(obj map[string]any) []namedNamespace {
	var found []namedNamespace
	for i, subject := range object.List(obj, "subjects") {
		if object.Text(subject, "kind") == object.ServiceAccountKind.Kind {
			found = append(found, namedNamespace{fmt.Sprintf("subjects[%d].namespace", i), object.Text(subject, "namespace"), "grants permissions to a service account of"})
		}
	}
	return found
}
