package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

var authorizationPolicyKind = schema.GroupKind{Group: "security.istio.io", Kind: "AuthorizationPolicy"}

// explainAuthorizationPolicy reports a policy of Istio that denies connections
// which its tenant needs. A rule of a policy with action DENY denies what it
// matches; of those with action ALLOW one at least must match, where there are any
// (istio.io, Authorization Policy).
func explainAuthorizationPolicy(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	ref := finding.RefOf(obj)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	var denied []meshDenial
	namespaces := []string{obj.GetNamespace()}
	if obj.GetNamespace() == meshNamespace {
		for _, t := range x.tenants {
			namespaces = append(namespaces, t.Namespaces...)
		}
	}
	for _, namespace := range namespaces {
		for _, c := range append(slices.Clip(x.connections(namespace)), x.fromOutside(namespace)...) {
			if d, ok := x.meshDenies(c); ok && d.policy == obj {
				denied = append(denied, d)
			}
		}
	}
	if len(denied) > 0 {
		e.findings = append(e.findings, x.meshDenied(denied))
	}
	e.judge()
	return e
}

// meshDenial is a connection that policies of Istio deny, and the one to change,
// with its rule where that is one's alone.
type meshDenial struct {
	connection
	policy *unstructured.Unstructured
	rule   int // -1 when no rule matches
}

// meshDenies tells whether a connection is surely denied.
func (x *examiner) meshDenies(c connection) (meshDenial, bool) {
	if !x.meshed(c.to) {
		return meshDenial{}, false
	}
	var allowing []*unstructured.Unstructured
	for _, policy := range x.authorizationPolicies(c.to) {
		switch field.Text(policy.Object, "spec", "action") {
		case "", "ALLOW":
			allowing = append(allowing, policy)
		case "DENY":
			for i, rule := range field.List(policy.Object, "spec", "rules") {
				if x.ruleMatches(rule, c, true) == yes {
					return meshDenial{c, policy, i}, true
				}
			}
		}
	}
	allows := func(policy *unstructured.Unstructured) certainty {
		return anyOf(field.List(policy.Object, "spec", "rules"), func(rule map[string]any) certainty { return x.ruleMatches(rule, c, false) })
	}
	if len(allowing) == 0 || anyOf(allowing, allows) != no {
		return meshDenial{}, false
	}
	return meshDenial{c, x.allowToChange(allowing), -1}, true
}

// meshed tells whether the proxies of Istio are in front of a workload's pods: by
// the label or annotation of the pods, or else by the namespace's labels.
func (x *examiner) meshed(workload *unstructured.Unstructured) bool {
	if path, inject := injectionSet(workload); path != "" {
		return inject == "true"
	}
	for _, at := range [][]string{{"spec", "template", "spec"}, {"spec"}} {
		for _, list := range []string{"containers", "initContainers"} {
			for _, container := range field.List(workload.Object, append(slices.Clone(at), list)...) {
				if field.Text(container, "name") == "istio-proxy" {
					return true
				}
			}
		}
	}
	namespace := x.snap.Lookup(coreRef(health.NamespaceKind.Kind, "", workload.GetNamespace())).Object
	if namespace == nil {
		return false
	}
	labels := namespace.GetLabels()
	switch labels["istio-injection"] {
	case "enabled":
		return true
	case "disabled":
		return false
	}
	return labels["istio.io/rev"] != "" || labels["istio.io/dataplane-mode"] == "ambient"
}

// injectionSet is what a workload's pods say about injection, and where: in a label,
// which counts before the annotation (istio 1.28, pkg/kube/inject/inject.go,
// injectRequired).
func injectionSet(workload *unstructured.Unstructured) (path, value string) {
	base := "spec.template.metadata."
	if workload.GetKind() == health.PodKind.Kind {
		base = "metadata."
	}
	for _, in := range []string{"labels", "annotations"} {
		if value, ok := valueAt(workload.Object, base+in+"["+injectLabel+"]"); ok && value != "" {
			return base + in + "[" + injectLabel + "]", value
		}
	}
	return "", ""
}

// authorizationPolicies are those that apply to a workload: of its namespace, and
// of the mesh. Those for waypoints and gateways are not known to.
func (x *examiner) authorizationPolicies(workload *unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	namespaces := []string{workload.GetNamespace(), meshNamespace}
	for _, namespace := range slices.Compact(namespaces) {
		for _, policy := range x.snap.List(authorizationPolicyKind, namespace).Objects {
			labels, _, err := unstructured.NestedStringMap(policy.Object, "spec", "selector", "matchLabels")
			targeted := field.Map(policy.Object, "spec", "targetRef") != nil || len(field.List(policy.Object, "spec", "targetRefs")) > 0
			if err == nil && !targeted && policy.GetDeletionTimestamp() == nil && matches(labels, podLabels(workload)) {
				found = append(found, policy)
			}
		}
	}
	return found
}

// ruleMatches tells whether a rule matches all requests of a connection. A rule
// of HTTP's attributes never allows TCP, and denies it as if it had none of them
// (istio.io, Authorization Policy, on TCP).
func (x *examiner) ruleMatches(rule map[string]any, c connection, deny bool) certainty {
	result := yes
	if from := field.List(rule, "from"); len(from) > 0 {
		result = min(result, anyOf(from, func(f map[string]any) certainty { return x.sourceMatches(field.Map(f, "source"), c, deny) }))
	}
	if to := field.List(rule, "to"); len(to) > 0 {
		result = min(result, anyOf(to, func(t map[string]any) certainty { return operationMatches(field.Map(t, "operation"), c, deny) }))
	}
	if len(field.List(rule, "when")) > 0 {
		result = min(result, maybe)
	}
	return result
}

// sourceMatches tells whether the pods of a connection's client are a source. All
// fields of a source must match, of each field one value.
func (x *examiner) sourceMatches(source map[string]any, c connection, deny bool) certainty {
	result := yes
	for name := range source {
		values := field.Texts(source, name)
		if len(values) == 0 {
			continue
		}
		switch name {
		case "namespaces":
			result = min(result, anyOf(values, func(v string) certainty { return x.sourceNamespace(v, c.from) }))
		case "notNamespaces":
			result = min(result, yes-anyOf(values, func(v string) certainty { return x.sourceNamespace(v, c.from) }))
		case "principals":
			result = min(result, anyOf(values, func(v string) certainty { return x.principalMatches(v, c.from) }))
		case "notPrincipals":
			result = min(result, yes-anyOf(values, func(v string) certainty { return x.principalMatches(v, c.from) }))
		case "requestPrincipals", "notRequestPrincipals":
			if c.tcp && !deny {
				return no
			}
			result = min(result, maybe)
		default:
			result = min(result, maybe)
		}
	}
	return result
}

// sourceNamespace compares a namespace with that of a client, which Istio takes
// from the client's certificate: clients outside of the mesh have none.
func (x *examiner) sourceNamespace(pattern string, client *unstructured.Unstructured) certainty {
	if client == nil {
		return no
	}
	matches := patternMatches(pattern, client.GetNamespace())
	if !x.meshed(client) {
		return min(maybe, matches)
	}
	return matches
}

// patternMatches compares as Istio does: exactly, by a beginning, by an end, or
// any value at all.
func patternMatches(pattern, value string) certainty {
	switch {
	case pattern == "*":
		return yes
	case strings.HasSuffix(pattern, "*"):
		return certain(strings.HasPrefix(value, strings.TrimSuffix(pattern, "*")))
	case strings.HasPrefix(pattern, "*"):
		return certain(strings.HasSuffix(value, strings.TrimPrefix(pattern, "*")))
	}
	return certain(pattern == value)
}

// principalMatches compares a principal, "trust-domain/ns/NAMESPACE/sa/ACCOUNT",
// with a workload. The mesh's trust domain is not known, nor is the account
// of a workload that names none.
func (x *examiner) principalMatches(pattern string, workload *unstructured.Unstructured) certainty {
	switch {
	case workload == nil:
		return no
	case strings.Contains(pattern, "*"):
		return maybe
	}
	_, rest, found := strings.Cut(pattern, "/ns/")
	namespace, account, both := strings.Cut(rest, "/sa/")
	if !found || !both {
		return maybe
	}
	if namespace != workload.GetNamespace() {
		return no
	}
	own := field.Text(workload.Object, "spec", "template", "spec", "serviceAccountName")
	if own == "" {
		return maybe
	}
	return min(maybe, certain(own == account))
}

// operationMatches tells whether an operation is all that a connection does.
func operationMatches(operation map[string]any, c connection, deny bool) certainty {
	result := yes
	for name := range operation {
		values := field.Texts(operation, name)
		switch name {
		case "ports":
			if c.port == 0 {
				result = min(result, maybe)
				continue
			}
			result = min(result, certain(slices.Contains(values, fmt.Sprint(c.port))))
		case "notPorts":
			if c.port == 0 {
				result = min(result, maybe)
				continue
			}
			result = min(result, certain(!slices.Contains(values, fmt.Sprint(c.port))))
		default: // methods, paths, hosts
			if c.tcp && !deny {
				return no
			}
			if !c.tcp && !slices.Equal(values, []string{"*"}) {
				result = min(result, maybe)
			}
		}
	}
	return result
}

// allowToChange is the policy that a person would change: one that names another
// tenant's namespace, else one with rules, else the first.
func (x *examiner) allowToChange(policies []*unstructured.Unstructured) *unstructured.Unstructured {
	best, most := policies[0], 0
	for _, policy := range policies {
		weight := min(1, len(field.List(policy.Object, "spec", "rules")))
		if _, _, ok := x.otherTenantsSource(policy); ok {
			weight = 2
		}
		if weight > most {
			best, most = policy, weight
		}
	}
	return best
}

// otherTenantsSource finds in a policy the namespace of another tenant, and where
// it stands.
func (x *examiner) otherTenantsSource(policy *unstructured.Unstructured) (path, namespace string, ok bool) {
	own := x.tenantOf(policy.GetNamespace())
	for i, rule := range field.List(policy.Object, "spec", "rules") {
		for j, from := range field.List(rule, "from") {
			for k, value := range field.Texts(from, "source", "namespaces") {
				if other := x.tenantOf(value); own != "" && other != "" && other != own {
					return fmt.Sprintf("spec.rules[%d].from[%d].source.namespaces[%d]", i, j, k), value, true
				}
			}
		}
	}
	return "", "", false
}

// meshDenied is the finding on the connections that a policy denies.
func (x *examiner) meshDenied(denied []meshDenial) finding.Finding {
	d := denied[0]
	ref := finding.RefOf(d.policy)
	f := finding.Finding{Code: codeAuthorizationPolicy, Ref: ref, Reason: "ConnectionDenied", Severity: finding.Critical}
	where := ""
	if d.port != 0 {
		where = fmt.Sprintf(" on port %d", d.port)
	}
	prove(&f, d.policy, "spec.action", "spec.selector.matchLabels")
	if d.rule >= 0 {
		path := fmt.Sprintf("spec.rules[%d]", d.rule)
		f.Message = fmt.Sprintf("%s denies %s%s%s", ref, d.connection, where, more(len(denied)-1))
		prove(&f, d.policy, path)
		f.Fixes = append(x.peerAction(&f, denied), finding.Fix{Text: fmt.Sprintf("Narrow %s of %s, so that it does not match %s", path, ref, d.client()),
			Command: x.applyNow(d.policy), File: x.file(d.policy, path)})
		return f
	}
	f.Message = fmt.Sprintf("%s does not allow %s%s%s", ref, d.connection, where, more(len(denied)-1))
	if path, other, ok := x.otherTenantsSource(d.policy); ok {
		f.Message += fmt.Sprintf("; it allows namespace %s, which belongs to tenant %s", other, x.tenantOf(other))
		prove(&f, d.policy, path)
	}
	if path, other, ok := x.otherTenantsSource(d.policy); ok && d.from != nil {
		f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("In %s, write %s instead of %s", path, d.from.GetNamespace(), other),
			Command: x.applyNow(d.policy), File: x.file(d.policy, path)})
	}
	if len(field.List(d.policy.Object, "spec", "rules")) == 0 {
		f.Message += "; it has no rules, so it allows nothing"
		prove(&f, d.policy, "spec")
	}
	prove(&f, d.policy, "spec.rules")
	if d.from != nil {
		prove(&f, d.from, "metadata.namespace")
	}
	f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("Compare its rules with %s and the port, and allow the connection if it is intended", d.client()),
		Command: escape.Command("kubectl get authorizationpolicies %s -n %s -o yaml", ref.Name, ref.Namespace), File: x.file(d.policy, "spec.rules")})
	return f
}

// peerAction offers the action of another tenant's same policy, where that allows
// and the rules of this one would allow what they deny now.
func (x *examiner) peerAction(f *finding.Finding, denied []meshDenial) []finding.Fix {
	policy := denied[0].policy
	peer := x.peer(finding.RefOf(policy))
	if peer == nil || !slices.Contains([]string{"", "ALLOW"}, field.Text(peer.Object, "spec", "action")) {
		return nil
	}
	rules := field.List(policy.Object, "spec", "rules")
	for _, d := range denied {
		if anyOf(rules, func(rule map[string]any) certainty { return x.ruleMatches(rule, d.connection, false) }) != yes {
			return nil
		}
	}
	prove(f, peer, "spec.action")
	return []finding.Fix{{Text: fmt.Sprintf("In spec.action, write ALLOW instead of DENY, as in %s", finding.RefOf(peer)),
		Command: x.applyNow(policy), File: x.file(policy, "spec.action")}}
}
