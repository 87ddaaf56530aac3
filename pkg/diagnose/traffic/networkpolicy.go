package traffic

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainNetworkPolicy reports a policy that denies connections which its tenant needs:
// from the gateway pods to Orthanc, from Orthanc to the database. Policies are additive,
// so a connection is denied only if no policy that selects its pods allows it. The
// finding is on the policy to change.
func ExplainNetworkPolicy(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	ref := object.RefOf(obj)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	var denied []networkDenial
	for _, d := range networkDenials(x, obj.GetNamespace()) {
		if d.policy == obj {
			denied = append(denied, d)
		}
	}
	outside, ok := deniedOutside(x, obj)
	switch {
	case ok && len(denied) > 0: // one policy, one cause
		outside.Message += fmt.Sprintf("; it also denies %s%s", denied[0], andMore(len(denied)-1))
		outside.Fixes = append(outside.Fixes, compareRules(x, denied[0]))
		e.Findings = append(e.Findings, outside)
	case ok:
		e.Findings = append(e.Findings, outside)
	case len(denied) > 0:
		e.Findings = append(e.Findings, networkDenied(x, denied))
	}
	e.JudgeByFindings()
	return e
}

// networkDenial is a connection that policies deny, and the policy to change.
type networkDenial struct {
	Connection
	direction string // "Ingress" or "Egress", as in spec.policyTypes
	policy    *unstructured.Unstructured
}

// networkDenials are the connections that policies of a namespace certainly deny.
func networkDenials(x *engine.Context, namespace string) []networkDenial {
	var found []networkDenial
	for _, c := range connectionsThrough(x, namespace) {
		for _, direction := range []string{"Ingress", "Egress"} {
			near, far := c.To, c.From
			if direction == "Egress" {
				near, far = c.From, c.To
			}
			if near.GetNamespace() != namespace {
				continue
			}
			if policy := NetworkDenies(x, near, far, direction, c); policy != nil {
				found = append(found, networkDenial{c, direction, policy})
			}
		}
	}
	return found
}

// NetworkDenies is the policy to change if those that select the pods of near certainly
// do not allow the connection with far; nil if it is allowed, or may be.
func NetworkDenies(x *engine.Context, near, far *unstructured.Unstructured, direction string, c Connection) *unstructured.Unstructured {
	selecting := networkPolicies(x, near, direction)
	allows := func(policy *unstructured.Unstructured) engine.Certainty {
		return networkAllows(x, policy, direction, far, c)
	}
	if len(selecting) == 0 || engine.AnyOf(selecting, allows) != engine.No {
		return nil
	}
	return policyToChange(x, selecting, direction)
}

// connectionsThrough are the required connections that start or end in a namespace: those
// of its own tenant, and of tenants whose gateway pods run in it.
func connectionsThrough(x *engine.Context, namespace string) []Connection {
	found := Connections(x, namespace)
	if x.TenantOf(namespace) != "" {
		return found
	}
	for _, t := range x.Tenants {
		for _, other := range t.Namespaces {
			for _, c := range Connections(x, other) {
				if c.From.GetNamespace() == namespace {
					found = append(slices.Clip(found), c)
				}
			}
		}
	}
	return found
}

// networkPolicies are the policies that select the pods of a workload for a direction.
func networkPolicies(x *engine.Context, workload *unstructured.Unstructured, direction string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, policy := range x.Snap.List(object.NetworkPolicyKind, workload.GetNamespace()).Objects {
		selector := object.Map(policy.Object, "spec", "podSelector")
		if policy.GetDeletionTimestamp() == nil && policyHas(policy, direction) && engine.LabelsMatch(selector, engine.PodLabels(workload)) == engine.Yes {
			found = append(found, policy)
		}
	}
	return found
}

// policyHas reports whether a policy applies to a direction. Without policyTypes it
// applies to ingress, and to egress if it has egress rules.
func policyHas(policy *unstructured.Unstructured, direction string) bool {
	if types := object.Texts(policy.Object, "spec", "policyTypes"); len(types) > 0 {
		return slices.Contains(types, direction)
	}
	return direction == "Ingress" || len(object.List(policy.Object, "spec", "egress")) > 0
}

// networkAllows reports whether a policy allows a connection whose other end is far.
func networkAllows(x *engine.Context, policy *unstructured.Unstructured, direction string, far *unstructured.Unstructured, c Connection) engine.Certainty {
	rules, peers := "ingress", "from"
	if direction == "Egress" {
		rules, peers = "egress", "to"
	}
	return engine.AnyOf(object.List(policy.Object, "spec", rules), func(rule map[string]any) engine.Certainty {
		from := object.List(rule, peers)
		peer := engine.Certain(len(from) == 0)
		if len(from) > 0 {
			peer = engine.AnyOf(from, func(p map[string]any) engine.Certainty { return peerMatches(x, policy, p, far) })
		}
		ports := object.List(rule, "ports")
		port := engine.Certain(len(ports) == 0)
		if len(ports) > 0 {
			port = engine.AnyOf(ports, func(p map[string]any) engine.Certainty { return portMatches(x, p, c) })
		}
		return min(peer, port)
	})
}

// peerMatches reports whether a peer of a rule includes the pods of a workload. A pod's
// address may be in an ipBlock.
func peerMatches(x *engine.Context, policy *unstructured.Unstructured, peer map[string]any, workload *unstructured.Unstructured) engine.Certainty {
	if peer["ipBlock"] != nil {
		return engine.Maybe
	}
	in := engine.Certain(workload.GetNamespace() == policy.GetNamespace())
	if selector, ok := peer["namespaceSelector"].(map[string]any); ok {
		in = namespaceMatches(x, selector, workload.GetNamespace())
	}
	pods := engine.Yes
	if selector, ok := peer["podSelector"].(map[string]any); ok {
		pods = engine.LabelsMatch(selector, engine.PodLabels(workload))
	}
	return min(in, pods)
}

// namespaceMatches reports whether a namespace has the labels. A namespace that could not
// be read has at least its name as a label.
func namespaceMatches(x *engine.Context, selector map[string]any, namespace string) engine.Certainty {
	obj := x.Snap.Lookup(engine.CoreRef(object.NamespaceKind.Kind, "", namespace)).Object
	if obj != nil {
		labels := map[string]string{"kubernetes.io/metadata.name": namespace}
		for key, value := range obj.GetLabels() {
			labels[key] = value
		}
		return engine.LabelsMatch(selector, labels)
	}
	match := object.Map(selector, "matchLabels")
	if name, ok := match["kubernetes.io/metadata.name"].(string); ok && name != namespace {
		return engine.No
	}
	return engine.Maybe
}

// portMatches reports whether a port of a rule is the connection's.
func portMatches(x *engine.Context, port map[string]any, c Connection) engine.Certainty {
	if protocol := object.Text(port, "protocol"); protocol != "" && protocol != "TCP" {
		return engine.No
	}
	switch wanted := port["port"].(type) {
	case nil:
		return engine.Yes
	case int64:
		if c.port == 0 {
			return engine.Maybe
		}
		end := object.IntOr(wanted, port, "endPort")
		return engine.Certain(wanted <= c.port && c.port <= end)
	case string:
		declared := ContainerPorts(x, c.To)
		if len(declared) == 0 || c.port == 0 {
			return engine.Maybe
		}
		return engine.Certain(slices.ContainsFunc(declared, func(d ContainerPort) bool { return d.Name == wanted && d.Number == c.port }))
	}
	return engine.Maybe
}

// policyToChange is the policy to change: one that selects a namespace of another tenant,
// otherwise one with peers, otherwise the first.
func policyToChange(x *engine.Context, policies []*unstructured.Unstructured, direction string) *unstructured.Unstructured {
	best, most := policies[0], 0
	for _, policy := range policies {
		weight := 0
		for _, p := range policyPeers(policy, direction) {
			weight = max(weight, 1)
			if otherTenant(x, policy, p) != "" {
				weight = 2
			}
		}
		if weight > most {
			best, most = policy, weight
		}
	}
	return best
}

// policyPeer is a peer of a rule, and its path.
type policyPeer struct {
	path string
	spec map[string]any
}

func policyPeers(policy *unstructured.Unstructured, direction string) []policyPeer {
	rules, peers := "ingress", "from"
	if direction == "Egress" {
		rules, peers = "egress", "to"
	}
	var found []policyPeer
	for i, rule := range object.List(policy.Object, "spec", rules) {
		for j, peer := range object.List(rule, peers) {
			found = append(found, policyPeer{fmt.Sprintf("spec.%s[%d].%s[%d]", rules, i, peers, j), peer})
		}
	}
	return found
}

// otherTenant is the namespace of another tenant that a peer selects, if it selects none
// of the policy's own tenant; otherwise "".
func otherTenant(x *engine.Context, policy *unstructured.Unstructured, peer policyPeer) string {
	selector, ok := peer.spec["namespaceSelector"].(map[string]any)
	own := x.TenantOf(policy.GetNamespace())
	if !ok || own == "" {
		return ""
	}
	other := ""
	for _, t := range x.Tenants {
		for _, namespace := range t.Namespaces {
			switch namespaceMatches(x, selector, namespace) {
			case engine.Yes:
				if t.Name == own {
					return ""
				}
				other = namespace
			case engine.Maybe:
				return ""
			}
		}
	}
	return other
}

// far is the end of the connection that the policy's rules must select.
func (d networkDenial) far() *unstructured.Unstructured {
	if d.direction == "Egress" {
		return d.To
	}
	return d.From
}

// String is the connection, with its port if it is known.
func (d networkDenial) String() string {
	if d.port == 0 {
		return d.Connection.String()
	}
	return fmt.Sprintf("%s on port %d", d.Connection, d.port)
}

// compareRules is what to compare if it is not known what is wrong with a policy.
func compareRules(x *engine.Context, d networkDenial) finding.Fix {
	far := d.far()
	return finding.Fix{Text: fmt.Sprintf("Compare its rules with the pods of %s in namespace %s, and allow them if the connection is intended", object.RefOf(far), far.GetNamespace()),
		Command: engine.Describe(object.RefOf(d.policy)), File: flux.File(x, d.policy, "spec")}
}

// networkDenied is the finding on the connections that a policy denies.
func networkDenied(x *engine.Context, denied []networkDenial) finding.Finding {
	d := denied[0]
	ref := object.RefOf(d.policy)
	f := finding.Finding{
		Code: engine.CodeNetworkPolicy, Ref: ref, Reason: "ConnectionDenied", Severity: finding.Critical,
		Message: fmt.Sprintf("%s denies %s%s", ref, d, andMore(len(denied)-1)),
	}
	far := d.far()
	engine.Prove(&f, d.policy, "spec.podSelector", "spec.policyTypes")
	peers := policyPeers(d.policy, d.direction)
	for _, p := range peers {
		engine.Prove(&f, d.policy, p.path)
		if other := otherTenant(x, d.policy, p); other != "" && len(f.Fixes) == 0 {
			f.Message += fmt.Sprintf("; it allows namespace %s, which belongs to tenant %s", other, x.TenantOf(other))
			path := p.path + ".namespaceSelector"
			f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("In %s, select namespace %s instead of %s", path, far.GetNamespace(), other),
				Command: flux.ApplyCommand(x, d.policy), File: flux.File(x, d.policy, path)})
		}
	}
	if len(peers) == 0 {
		engine.Prove(&f, d.policy, "spec.ingress", "spec.egress")
	}
	engine.Prove(&f, far, "metadata.namespace")
	f.Fixes = append(f.Fixes, compareRules(x, d))
	return f
}

// andMore is ", and 2 more" after the first entry of a list.
func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}

// deniedOutside reports a policy that denies all connections to gateway pods behind a load
// balancer. Connections from outside have addresses of nodes or of clients, so only that is
// certain.
func deniedOutside(x *engine.Context, policy *unstructured.Unstructured) (finding.Finding, bool) {
	for _, workload := range Balanced(x, policy.GetNamespace()) {
		selecting := networkPolicies(x, workload, "Ingress")
		if !slices.Contains(selecting, policy) || slices.ContainsFunc(selecting, func(p *unstructured.Unstructured) bool {
			return len(object.List(p.Object, "spec", "ingress")) > 0
		}) || policyToChange(x, selecting, "Ingress") != policy {
			continue
		}
		ref, gateway := object.RefOf(policy), object.RefOf(workload)
		f := finding.Finding{
			Code: engine.CodeNetworkPolicy, Ref: ref, Reason: "IngressDenied", Severity: finding.Critical,
			Message: fmt.Sprintf("%s denies all connections to the pods of %s, and no other policy allows any", ref, gateway),
		}
		engine.Prove(&f, policy, "spec.podSelector", "spec.policyTypes", "spec.ingress")
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Allow the ports of the gateway pods of %s in a NetworkPolicy", gateway), Command: engine.Describe(ref), File: flux.File(x, policy, "spec.ingress")}}
		return f, true
	}
	return finding.Finding{}, false
}

// UnreadPolicies are the reasons why policies that may deny a connection could not be
// read. Policies that were not requested are left to the walk.
func UnreadPolicies(x *engine.Context, namespace string) []snapshot.Failure {
	var found []snapshot.Failure
	for _, kind := range []schema.GroupKind{object.NetworkPolicyKind, object.AuthorizationPolicyKind} {
		for _, why := range x.Unreadable(kind, namespace) {
			if why.Reason != snapshot.NotRequested {
				found = append(found, why)
			}
		}
	}
	return found
}
