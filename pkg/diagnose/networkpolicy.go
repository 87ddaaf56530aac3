package diagnose

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var networkPolicyKind = schema.GroupKind{Group: "networking.k8s.io", Kind: "NetworkPolicy"}

// explainNetworkPolicy reports a policy that denies connections which its
// tenant needs: from the gateway pods to Orthanc, from Orthanc to the database.
// Policies add up: what one of them allows is allowed, so that a connection is
// denied by all that select its pods. The one to change is reported.
func explainNetworkPolicy(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	ref := finding.RefOf(obj)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: obj.GetCreationTimestamp().Time}}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	var denied []networkDenial
	for _, d := range x.networkDenials(obj.GetNamespace()) {
		if d.policy == obj {
			denied = append(denied, d)
		}
	}
	outside, ok := x.deniedOutside(obj)
	switch {
	case ok && len(denied) > 0: // one policy, one cause
		outside.Message += fmt.Sprintf("; it also denies %s%s", denied[0], more(len(denied)-1))
		outside.Fixes = append(outside.Fixes, x.compareRules(denied[0]))
		e.findings = append(e.findings, outside)
	case ok:
		e.findings = append(e.findings, outside)
	case len(denied) > 0:
		e.findings = append(e.findings, x.networkDenied(denied))
	}
	e.judge()
	return e
}

// networkDenial is a connection that policies deny, and the one to change.
type networkDenial struct {
	connection
	direction string // "Ingress" or "Egress", as in spec.policyTypes
	policy    *unstructured.Unstructured
}

// networkDenials are the connections that policies of a namespace surely deny.
func (x *examiner) networkDenials(namespace string) []networkDenial {
	var found []networkDenial
	for _, c := range x.connectionsThrough(namespace) {
		for _, direction := range []string{"Ingress", "Egress"} {
			near, far := c.to, c.from
			if direction == "Egress" {
				near, far = c.from, c.to
			}
			if near.GetNamespace() != namespace {
				continue
			}
			if policy := x.networkDenies(near, far, direction, c); policy != nil {
				found = append(found, networkDenial{c, direction, policy})
			}
		}
	}
	return found
}

// networkDenies is the policy to change where those that select the pods of near
// surely do not allow the connection with far; nil where it is, or may be, allowed.
func (x *examiner) networkDenies(near, far *unstructured.Unstructured, direction string, c connection) *unstructured.Unstructured {
	selecting := x.networkPolicies(near, direction)
	allows := func(policy *unstructured.Unstructured) certainty { return x.networkAllows(policy, direction, far, c) }
	if len(selecting) == 0 || anyOf(selecting, allows) != no {
		return nil
	}
	return x.policyToChange(selecting, direction)
}

// connectionsThrough are the needed connections that begin or end in a
// namespace: those of its own tenant, and of tenants whose gateway pods run in it.
func (x *examiner) connectionsThrough(namespace string) []connection {
	found := x.connections(namespace)
	if x.tenantOf(namespace) != "" {
		return found
	}
	for _, t := range x.tenants {
		for _, other := range t.Namespaces {
			for _, c := range x.connections(other) {
				if c.from.GetNamespace() == namespace {
					found = append(slices.Clip(found), c)
				}
			}
		}
	}
	return found
}

// networkPolicies are those that surely or perhaps select the pods of a workload
// for a direction.
func (x *examiner) networkPolicies(workload *unstructured.Unstructured, direction string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, policy := range x.snap.List(networkPolicyKind, workload.GetNamespace()).Objects {
		selector := field.Map(policy.Object, "spec", "podSelector")
		if policy.GetDeletionTimestamp() == nil && policyHas(policy, direction) && labelsMatch(selector, podLabels(workload)) == yes {
			found = append(found, policy)
		}
	}
	return found
}

// policyHas tells whether a policy is about a direction. Without policyTypes it
// is about what comes in, and about what goes out if it has rules for that.
func policyHas(policy *unstructured.Unstructured, direction string) bool {
	if types := field.Texts(policy.Object, "spec", "policyTypes"); len(types) > 0 {
		return slices.Contains(types, direction)
	}
	return direction == "Ingress" || len(field.List(policy.Object, "spec", "egress")) > 0
}

// networkAllows tells whether a policy allows a connection, whose other end is
// far.
func (x *examiner) networkAllows(policy *unstructured.Unstructured, direction string, far *unstructured.Unstructured, c connection) certainty {
	rules, peers := "ingress", "from"
	if direction == "Egress" {
		rules, peers = "egress", "to"
	}
	return anyOf(field.List(policy.Object, "spec", rules), func(rule map[string]any) certainty {
		from := field.List(rule, peers)
		peer := certain(len(from) == 0)
		if len(from) > 0 {
			peer = anyOf(from, func(p map[string]any) certainty { return x.peerMatches(policy, p, far) })
		}
		ports := field.List(rule, "ports")
		port := certain(len(ports) == 0)
		if len(ports) > 0 {
			port = anyOf(ports, func(p map[string]any) certainty { return x.portMatches(p, c) })
		}
		return min(peer, port)
	})
}

// peerMatches tells whether a peer of a rule is the pods of a workload. A pod's
// address may be in a block of addresses.
func (x *examiner) peerMatches(policy *unstructured.Unstructured, peer map[string]any, workload *unstructured.Unstructured) certainty {
	if peer["ipBlock"] != nil {
		return maybe
	}
	in := certain(workload.GetNamespace() == policy.GetNamespace())
	if selector, ok := peer["namespaceSelector"].(map[string]any); ok {
		in = x.namespaceMatches(selector, workload.GetNamespace())
	}
	pods := yes
	if selector, ok := peer["podSelector"].(map[string]any); ok {
		pods = labelsMatch(selector, podLabels(workload))
	}
	return min(in, pods)
}

// namespaceMatches tells whether a namespace has the labels. One whose object
// could not be read has at least its name as a label.
func (x *examiner) namespaceMatches(selector map[string]any, namespace string) certainty {
	obj := x.snap.Lookup(coreRef(health.NamespaceKind.Kind, "", namespace)).Object
	if obj != nil {
		labels := map[string]string{"kubernetes.io/metadata.name": namespace}
		for key, value := range obj.GetLabels() {
			labels[key] = value
		}
		return labelsMatch(selector, labels)
	}
	match := field.Map(selector, "matchLabels")
	if name, ok := match["kubernetes.io/metadata.name"].(string); ok && name != namespace {
		return no
	}
	return maybe
}

// portMatches tells whether a port of a rule is the connection's.
func (x *examiner) portMatches(port map[string]any, c connection) certainty {
	if protocol := field.Text(port, "protocol"); protocol != "" && protocol != "TCP" {
		return no
	}
	switch wanted := port["port"].(type) {
	case nil:
		return yes
	case int64:
		if c.port == 0 {
			return maybe
		}
		end := field.IntOr(wanted, port, "endPort")
		return certain(wanted <= c.port && c.port <= end)
	case string:
		declared := x.containerPorts(c.to)
		if len(declared) == 0 || c.port == 0 {
			return maybe
		}
		return certain(slices.ContainsFunc(declared, func(d containerPort) bool { return d.name == wanted && d.number == c.port }))
	}
	return maybe
}

// policyToChange is the policy that a person would change: one that names a
// namespace of another tenant, else one that names anything, else the first.
func (x *examiner) policyToChange(policies []*unstructured.Unstructured, direction string) *unstructured.Unstructured {
	best, most := policies[0], 0
	for _, policy := range policies {
		weight := 0
		for _, p := range policyPeers(policy, direction) {
			weight = max(weight, 1)
			if x.otherTenant(policy, p) != "" {
				weight = 2
			}
		}
		if weight > most {
			best, most = policy, weight
		}
	}
	return best
}

// policyPeer is a peer of a rule, and where it stands.
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
	for i, rule := range field.List(policy.Object, "spec", rules) {
		for j, peer := range field.List(rule, peers) {
			found = append(found, policyPeer{fmt.Sprintf("spec.%s[%d].%s[%d]", rules, i, peers, j), peer})
		}
	}
	return found
}

// otherTenant is the namespace of another tenant that a peer selects, if it
// selects none of the policy's own tenant; else "".
func (x *examiner) otherTenant(policy *unstructured.Unstructured, peer policyPeer) string {
	selector, ok := peer.spec["namespaceSelector"].(map[string]any)
	own := x.tenantOf(policy.GetNamespace())
	if !ok || own == "" {
		return ""
	}
	other := ""
	for _, t := range x.tenants {
		for _, namespace := range t.Namespaces {
			switch x.namespaceMatches(selector, namespace) {
			case yes:
				if t.Name == own {
					return ""
				}
				other = namespace
			case maybe:
				return ""
			}
		}
	}
	return other
}

// far is the end of the connection that the policy's rules must name.
func (d networkDenial) far() *unstructured.Unstructured {
	if d.direction == "Egress" {
		return d.to
	}
	return d.from
}

// String is the connection, with its port where that is known.
func (d networkDenial) String() string {
	if d.port == 0 {
		return d.connection.String()
	}
	return fmt.Sprintf("%s on port %d", d.connection, d.port)
}

// compareRules is where to look when it is not known how a policy is wrong.
func (x *examiner) compareRules(d networkDenial) finding.Fix {
	far := d.far()
	return finding.Fix{Text: fmt.Sprintf("Compare its rules with the pods of %s in namespace %s, and allow them if the connection is intended", finding.RefOf(far), far.GetNamespace()),
		Command: describe(finding.RefOf(d.policy)), File: x.file(d.policy, "spec")}
}

// networkDenied is the finding on the connections that a policy denies.
func (x *examiner) networkDenied(denied []networkDenial) finding.Finding {
	d := denied[0]
	ref := finding.RefOf(d.policy)
	f := finding.Finding{
		Code: codeNetworkPolicy, Ref: ref, Reason: "ConnectionDenied", Severity: finding.Critical,
		Message: fmt.Sprintf("%s denies %s%s", ref, d, more(len(denied)-1)),
	}
	far := d.far()
	prove(&f, d.policy, "spec.podSelector", "spec.policyTypes")
	peers := policyPeers(d.policy, d.direction)
	for _, p := range peers {
		prove(&f, d.policy, p.path)
		if other := x.otherTenant(d.policy, p); other != "" && len(f.Fixes) == 0 {
			f.Message += fmt.Sprintf("; it allows namespace %s, which belongs to tenant %s", other, x.tenantOf(other))
			path := p.path + ".namespaceSelector"
			f.Fixes = append(f.Fixes, finding.Fix{Text: fmt.Sprintf("In %s, select namespace %s instead of %s", path, far.GetNamespace(), other),
				Command: x.applyNow(d.policy), File: x.file(d.policy, path)})
		}
	}
	if len(peers) == 0 {
		prove(&f, d.policy, "spec.ingress", "spec.egress")
	}
	prove(&f, far, "metadata.namespace")
	f.Fixes = append(f.Fixes, x.compareRules(d))
	return f
}

// more is "and 2 more" for a list whose first entry is named.
func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}

// deniedOutside reports a policy that denies everything to gateway pods which a
// load balancer leads to. What comes from outside has addresses of nodes or of
// clients, so that nothing else is sure.
func (x *examiner) deniedOutside(policy *unstructured.Unstructured) (finding.Finding, bool) {
	for _, workload := range x.balanced(policy.GetNamespace()) {
		selecting := x.networkPolicies(workload, "Ingress")
		if !slices.Contains(selecting, policy) || slices.ContainsFunc(selecting, func(p *unstructured.Unstructured) bool {
			return len(field.List(p.Object, "spec", "ingress")) > 0
		}) || x.policyToChange(selecting, "Ingress") != policy {
			continue
		}
		ref, gateway := finding.RefOf(policy), finding.RefOf(workload)
		f := finding.Finding{
			Code: codeNetworkPolicy, Ref: ref, Reason: "IngressDenied", Severity: finding.Critical,
			Message: fmt.Sprintf("%s denies all connections to the pods of %s, and no other policy allows any", ref, gateway),
		}
		prove(&f, policy, "spec.podSelector", "spec.policyTypes", "spec.ingress")
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Allow the ports of the gateway pods of %s in a NetworkPolicy", gateway), Command: describe(ref), File: x.file(policy, "spec.ingress")}}
		return f, true
	}
	return finding.Finding{}, false
}

// unreadPolicies are why policies that may deny a connection could not be read.
// Those that were not requested are left to the walk.
func (x *examiner) unreadPolicies(namespace string) []snapshot.Failure {
	var found []snapshot.Failure
	for _, kind := range []schema.GroupKind{networkPolicyKind, authorizationPolicyKind} {
		for _, why := range x.unreadable(kind, namespace) {
			if why.Why != snapshot.NotAsked {
				found = append(found, why)
			}
		}
	}
	return found
}
