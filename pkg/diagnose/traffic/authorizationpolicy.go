package traffic

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainAuthorizationPolicy reports an Istio policy that denies connections which its
// tenant needs. A rule of a policy with action DENY denies the requests that it matches;
// if there are policies with action ALLOW, at least one of them must match (istio.io,
// Authorization Policy).
func ExplainAuthorizationPolicy(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	ref := object.RefOf(obj)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	var denied []MeshDenial
	namespaces := []string{obj.GetNamespace()}
	if obj.GetNamespace() == MeshNamespace {
		for _, t := range x.Tenants {
			namespaces = append(namespaces, t.Namespaces...)
		}
	}
	for _, namespace := range namespaces {
		for _, c := range append(slices.Clip(Connections(x, namespace)), fromOutside(x, namespace)...) {
			if d, ok := MeshDenies(x, c); ok && d.Policy == obj {
				denied = append(denied, d)
			}
		}
	}
	if len(denied) > 0 {
		e.Findings = append(e.Findings, meshDenied(x, denied))
	}
	e.JudgeByFindings()
	return e
}

// MeshDenial is a connection that Istio policies deny, with the policy to change, and its
// rule if a single rule denies it.
type MeshDenial struct {
	Connection
	Policy *unstructured.Unstructured
	rule   int // -1 when no rule matches
}

// MeshDenies reports whether a connection is certainly denied.
func MeshDenies(x *engine.Context, c Connection) (MeshDenial, bool) {
	if !meshed(x, c.To) {
		return MeshDenial{}, false
	}
	var allowing []*unstructured.Unstructured
	for _, policy := range authorizationPolicies(x, c.To) {
		switch object.Text(policy.Object, "spec", "action") {
		case "", "ALLOW":
			allowing = append(allowing, policy)
		case "DENY":
			for i, rule := range object.List(policy.Object, "spec", "rules") {
				if ruleMatches(x, rule, c, true) == engine.Yes {
					return MeshDenial{c, policy, i}, true
				}
			}
		}
	}
	allows := func(policy *unstructured.Unstructured) engine.Certainty {
		return engine.AnyOf(object.List(policy.Object, "spec", "rules"), func(rule map[string]any) engine.Certainty { return ruleMatches(x, rule, c, false) })
	}
	if len(allowing) == 0 || engine.AnyOf(allowing, allows) != engine.No {
		return MeshDenial{}, false
	}
	return MeshDenial{c, allowToChange(x, allowing), -1}, true
}

// meshed reports whether a workload's pods have Istio proxies: by the label or annotation
// of the pods, otherwise by the namespace's labels.
func meshed(x *engine.Context, workload *unstructured.Unstructured) bool {
	if path, inject := InjectionSet(workload); path != "" {
		return inject == "true"
	}
	for _, at := range [][]string{{"spec", "template", "spec"}, {"spec"}} {
		for _, list := range []string{"containers", "initContainers"} {
			for _, container := range object.List(workload.Object, append(slices.Clone(at), list)...) {
				if object.Text(container, "name") == "istio-proxy" {
					return true
				}
			}
		}
	}
	namespace := x.Snap.Lookup(engine.CoreRef(object.NamespaceKind.Kind, "", workload.GetNamespace())).Object
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

// InjectionSet is the setting for injection of a workload's pods and its path: a label,
// which takes precedence, or an annotation (istio 1.28, pkg/kube/inject/inject.go,
// injectRequired).
func InjectionSet(workload *unstructured.Unstructured) (path, value string) {
	base := "spec.template.metadata."
	if workload.GetKind() == object.PodKind.Kind {
		base = "metadata."
	}
	for _, in := range []string{"labels", "annotations"} {
		if value, ok := engine.ValueAt(workload.Object, base+in+"["+InjectLabel+"]"); ok && value != "" {
			return base + in + "[" + InjectLabel + "]", value
		}
	}
	return "", ""
}

// authorizationPolicies are the policies that apply to a workload: those of its namespace
// and of the mesh. Policies with a target (waypoints and gateways) are ignored.
func authorizationPolicies(x *engine.Context, workload *unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	namespaces := []string{workload.GetNamespace(), MeshNamespace}
	for _, namespace := range slices.Compact(namespaces) {
		for _, policy := range x.Snap.List(object.AuthorizationPolicyKind, namespace).Objects {
			labels, _, err := unstructured.NestedStringMap(policy.Object, "spec", "selector", "matchLabels")
			targeted := object.Map(policy.Object, "spec", "targetRef") != nil || len(object.List(policy.Object, "spec", "targetRefs")) > 0
			if err == nil && !targeted && policy.GetDeletionTimestamp() == nil && engine.Matches(labels, engine.PodLabels(workload)) {
				found = append(found, policy)
			}
		}
	}
	return found
}

// ruleMatches reports whether a rule matches all requests of a connection. A rule with
// HTTP attributes never allows TCP, and denies it as if it had none of them (istio.io,
// Authorization Policy, on TCP).
func ruleMatches(x *engine.Context, rule map[string]any, c Connection, deny bool) engine.Certainty {
	result := engine.Yes
	if from := object.List(rule, "from"); len(from) > 0 {
		result = min(result, engine.AnyOf(from, func(f map[string]any) engine.Certainty { return sourceMatches(x, object.Map(f, "source"), c, deny) }))
	}
	if to := object.List(rule, "to"); len(to) > 0 {
		result = min(result, engine.AnyOf(to, func(t map[string]any) engine.Certainty { return operationMatches(object.Map(t, "operation"), c, deny) }))
	}
	if len(object.List(rule, "when")) > 0 {
		result = min(result, engine.Maybe)
	}
	return result
}

// sourceMatches reports whether the client of a connection matches a source: all fields
// of the source must match, each with one of its values.
func sourceMatches(x *engine.Context, source map[string]any, c Connection, deny bool) engine.Certainty {
	result := engine.Yes
	for name := range source {
		values := object.Texts(source, name)
		if len(values) == 0 {
			continue
		}
		switch name {
		case "namespaces":
			result = min(result, engine.AnyOf(values, func(v string) engine.Certainty { return sourceNamespace(x, v, c.From) }))
		case "notNamespaces":
			result = min(result, engine.Yes-engine.AnyOf(values, func(v string) engine.Certainty { return sourceNamespace(x, v, c.From) }))
		case "principals":
			result = min(result, engine.AnyOf(values, func(v string) engine.Certainty { return principalMatches(x, v, c.From) }))
		case "notPrincipals":
			result = min(result, engine.Yes-engine.AnyOf(values, func(v string) engine.Certainty { return principalMatches(x, v, c.From) }))
		case "requestPrincipals", "notRequestPrincipals":
			if c.tcp && !deny {
				return engine.No
			}
			result = min(result, engine.Maybe)
		default:
			result = min(result, engine.Maybe)
		}
	}
	return result
}

// sourceNamespace compares a namespace with that of a client, which Istio reads from the
// client's certificate: clients outside of the mesh have none.
func sourceNamespace(x *engine.Context, pattern string, client *unstructured.Unstructured) engine.Certainty {
	if client == nil {
		return engine.No
	}
	matches := patternMatches(pattern, client.GetNamespace())
	if !meshed(x, client) {
		return min(engine.Maybe, matches)
	}
	return matches
}

// patternMatches compares as Istio does: an exact value, a prefix, a suffix, or any
// value.
func patternMatches(pattern, value string) engine.Certainty {
	switch {
	case pattern == "*":
		return engine.Yes
	case strings.HasSuffix(pattern, "*"):
		return engine.Certain(strings.HasPrefix(value, strings.TrimSuffix(pattern, "*")))
	case strings.HasPrefix(pattern, "*"):
		return engine.Certain(strings.HasSuffix(value, strings.TrimPrefix(pattern, "*")))
	}
	return engine.Certain(pattern == value)
}

// principalMatches compares a principal, "trust-domain/ns/NAMESPACE/sa/ACCOUNT", with a
// workload. The mesh's trust domain is not known, nor is the account of a workload that
// sets none.
func principalMatches(x *engine.Context, pattern string, workload *unstructured.Unstructured) engine.Certainty {
	switch {
	case workload == nil:
		return engine.No
	case strings.Contains(pattern, "*"):
		return engine.Maybe
	}
	_, rest, found := strings.Cut(pattern, "/ns/")
	namespace, account, both := strings.Cut(rest, "/sa/")
	if !found || !both {
		return engine.Maybe
	}
	if namespace != workload.GetNamespace() {
		return engine.No
	}
	own := object.Text(workload.Object, "spec", "template", "spec", "serviceAccountName")
	if own == "" {
		return engine.Maybe
	}
	return min(engine.Maybe, engine.Certain(own == account))
}

// operationMatches reports whether an operation includes everything that a connection
// does.
func operationMatches(operation map[string]any, c Connection, deny bool) engine.Certainty {
	result := engine.Yes
	for name := range operation {
		values := object.Texts(operation, name)
		switch name {
		case "ports":
			if c.port == 0 {
				result = min(result, engine.Maybe)
				continue
			}
			result = min(result, engine.Certain(slices.Contains(values, fmt.Sprint(c.port))))
		case "notPorts":
			if c.port == 0 {
				result = min(result, engine.Maybe)
				continue
			}
			result = min(result, engine.Certain(!slices.Contains(values, fmt.Sprint(c.port))))
		default: // methods, paths, hosts
			if c.tcp && !deny {
				return engine.No
			}
			if !c.tcp && !slices.Equal(values, []string{"*"}) {
				result = min(result, engine.Maybe)
			}
		}
	}
	return result
}

// allowToChange is the policy to change: one that names another tenant's namespace,
// otherwise one with rules, otherwise the first.
func allowToChange(x *engine.Context, policies []*unstructured.Unstructured) *unstructured.Unstructured {
	best, most := policies[0], 0
	for _, policy := range policies {
		weight := min(1, len(object.List(policy.Object, "spec", "rules")))
		if _, _, ok := otherTenantsSource(x, policy); ok {
			weight = 2
		}
		if weight > most {
			best, most = policy, weight
		}
	}
	return best
}

// otherTenantsSource finds the namespace of another tenant in a policy, and its path.
func otherTenantsSource(x *engine.Context, policy *unstructured.Unstructured) (path, namespace string, ok bool) {
	own := x.TenantOf(policy.GetNamespace())
	for i, rule := range object.List(policy.Object, "spec", "rules") {
		for j, from := range object.List(rule, "from") {
			for k, value := range object.Texts(from, "source", "namespaces") {
				if other := x.TenantOf(value); own != "" && other != "" && other != own {
					return fmt.Sprintf("spec.rules[%d].from[%d].source.namespaces[%d]", i, j, k), value, true
				}
			}
		}
	}
	return "", "", false
}

// meshDenied is the finding on the connections that a policy denies.
func meshDenied(x *engine.Context, denied []MeshDenial) finding.Finding {
	d := denied[0]
	ref := object.RefOf(d.Policy)
	f := finding.Finding{Code: engine.CodeAuthorizationPolicy, Ref: ref, Reason: "ConnectionDenied", Severity: finding.Critical}
	where := ""
	if d.port != 0 {
		where = fmt.Sprintf(" on port %d", d.port)
	}
	engine.Prove(&f, d.Policy, "spec.action", "spec.selector.matchLabels")
	if d.rule >= 0 {
		path := fmt.Sprintf("spec.rules[%d]", d.rule)
		f.Message = fmt.Sprintf("%s denies %s%s%s", ref, d.Connection, where, andMore(len(denied)-1))
		engine.Prove(&f, d.Policy, path)
		f.Fixes = append(peerAction(x, &f, denied), finding.Fix{Text: fmt.Sprintf("Narrow %s of %s, so that it does not match %s", path, ref, d.client()),
			Command: flux.ApplyCommand(x, d.Policy), File: flux.File(x, d.Policy, path)})
		return f
	}
	f.Message = fmt.Sprintf("%s does not allow %s%s%s", ref, d.Connection, where, andMore(len(denied)-1))
	if path, other, ok := otherTenantsSource(x, d.Policy); ok {
		f.Message += fmt.Sprintf("; it allows namespace %s, which belongs to tenant %s", other, x.TenantOf(other))
		engine.Prove(&f, d.Policy, path)
	}
	if path, other, ok := otherTenantsSource(x, d.Policy); ok && d.From != nil {
		f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("In %s, write %s instead of %s", path, d.From.GetNamespace(), other),
			Command: flux.ApplyCommand(x, d.Policy), File: flux.File(x, d.Policy, path)})
	}
	if len(object.List(d.Policy.Object, "spec", "rules")) == 0 {
		f.Message += "; it has no rules, so it allows nothing"
		engine.Prove(&f, d.Policy, "spec")
	}
	engine.Prove(&f, d.Policy, "spec.rules")
	if d.From != nil {
		engine.Prove(&f, d.From, "metadata.namespace")
	}
	f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("Compare its rules with %s and the port, and allow the connection if it is intended", d.client()),
		Command: escape.Command("kubectl get authorizationpolicies %s -n %s -o yaml", ref.Name, ref.Namespace), File: flux.File(x, d.Policy, "spec.rules")})
	return f
}

// peerAction suggests the action of another tenant's corresponding policy, if that is
// ALLOW and the rules of this policy would allow the denied connections.
func peerAction(x *engine.Context, f *finding.Finding, denied []MeshDenial) []finding.Fix {
	policy := denied[0].Policy
	peer := x.Peer(object.RefOf(policy))
	if peer == nil || !slices.Contains([]string{"", "ALLOW"}, object.Text(peer.Object, "spec", "action")) {
		return nil
	}
	rules := object.List(policy.Object, "spec", "rules")
	for _, d := range denied {
		if engine.AnyOf(rules, func(rule map[string]any) engine.Certainty { return ruleMatches(x, rule, d.Connection, false) }) != engine.Yes {
			return nil
		}
	}
	engine.Prove(f, peer, "spec.action")
	return []finding.Fix{{Text: fmt.Sprintf("In spec.action, write ALLOW instead of DENY, as in %s", object.RefOf(peer)),
		Command: flux.ApplyCommand(x, policy), File: flux.File(x, policy, "spec.action")}}
}
