package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// claims reports a server that Istio skips because an older Gateway for the same
// pods has one for the same host, or of another protocol, on the same port. Istio
// merges all Gateways whose selectors match a proxy, the oldest first, whatever
// their namespaces, and of servers with TLS each host counts once a port
// (istio 1.24, pilot/pkg/model/gateway.go, mergeGateways, and push_context.go).
func (g gateway) claims(s gatewayServer) {
	if len(selectorOf(g.obj)) == 0 || s.number() == 0 {
		return
	}
	own := g.x.claim(g.obj, s)
	for _, rival := range g.x.rivals(own) {
		if rival.obj == g.obj || !mayShare(g.obj, rival.obj) {
			continue
		}
		if f, ok := g.x.collide(own, rival); ok {
			g.exam.findings = append(g.exam.findings, f)
			return
		}
	}
}

// claimKey is what only one Gateway for the same pods can have: a host on a port
// with TLS. Without a host, it is all servers of a port that have no TLS.
type claimKey struct {
	port int64
	host string
	// tolerated tells that two of these are not compared, see claim.tolerated.
	tolerated bool
}

// claimsKey is the key of the servers of Istio's Gateways by what they claim.
type claimsKey struct{}

// rivals are the servers that may collide with one: those with a host of its own
// on its port, and those that share the port and not the protocol. The Gateways of
// all namespaces count, of tenants as well that nothing else is read of.
func (x *examiner) rivals(c claim) []claim {
	claimed := memoize(x, claimsKey{}, func() map[claimKey][]claim {
		claimed := map[claimKey][]claim{}
		for _, obj := range x.snap.Everywhere(health.GatewayKind).Objects {
			if obj.GetDeletionTimestamp() != nil || len(selectorOf(obj)) == 0 {
				continue
			}
			for i, spec := range field.List(obj.Object, "spec", "servers") {
				other := x.rival(obj, gatewayServer{i, spec})
				for _, key := range other.keys() {
					claimed[key] = append(claimed[key], other)
				}
			}
		}
		return claimed
	})
	var found []claim
	for _, key := range c.keys() {
		if key.host == anyTLS {
			continue
		}
		if !key.tolerated {
			found = append(found, claimed[key]...)
		}
		key.tolerated = !key.tolerated
		found = append(found, claimed[key]...)
	}
	if c.server.hasTLS() {
		return append(found, claimed[claimKey{port: c.server.number()}]...)
	}
	return append(found, claimed[claimKey{port: c.server.number(), host: anyTLS}]...)
}

// anyTLS stands for all servers with TLS on a port.
const anyTLS = "TLS"

// keys are what a server is found by.
func (c claim) keys() []claimKey {
	port := c.server.number()
	if !c.server.hasTLS() {
		return []claimKey{{port: port}}
	}
	keys := []claimKey{{port: port, host: anyTLS}}
	for _, host := range c.claimed() {
		keys = append(keys, claimKey{port, host, c.tolerated(host)})
	}
	return keys
}

// tolerated tells whether a claim may be made by several Gateways. Korthweb ships
// its DICOM Gateways with host "*", one a tenant, each with pods of its own. That
// they are merged depends on settings of istiod which a snapshot does not hold, so
// it is not called a failure.
func (c claim) tolerated(host string) bool {
	return host == "*" && !httpsServer(c.server) && c.ownPods
}

// claim is a server of a Gateway as it competes with others. Whether its own
// namespace has pods for it is worked out once.
func (x *examiner) claim(obj *unstructured.Unstructured, s gatewayServer) claim {
	return claim{gateway{x: x, obj: obj}, s, len(x.selected(selectorOf(obj), obj.GetNamespace())) > 0}
}

// rival is a server of any Gateway. Of its namespace nothing is read for that: where
// the pods there are not known, it is taken to have some of its own, which is the
// answer that makes no failure of it.
func (x *examiner) rival(obj *unstructured.Unstructured, s gatewayServer) claim {
	known := *x
	known.snap = x.known
	namespace := obj.GetNamespace()
	own := len(known.selected(selectorOf(obj), namespace)) > 0 || len(known.unseen(namespace)) > 0
	return claim{gateway{x: x, obj: obj}, s, own}
}

// mayShare tells whether two Gateways' selectors can match the same pods. It is a
// cheap test that comes before all others.
func mayShare(a, b *unstructured.Unstructured) bool {
	theirs := selectorOf(b)
	for key, value := range selectorOf(a) {
		if their, ok := theirs[key]; ok && their != value {
			return false
		}
	}
	return true
}

// claim is a server of a Gateway, as a rival for a host and a port.
type claim struct {
	gateway
	server  gatewayServer
	ownPods bool
}

// collide reports two servers on one port of which Istio takes only the older one.
func (x *examiner) collide(a, b claim) (finding.Finding, bool) {
	host, shared := sharedHost(a, b)
	bothTLS := a.server.hasTLS() && b.server.hasTLS()
	switch {
	case bothTLS && !shared, plainHTTP(a.server) && plainHTTP(b.server):
		return finding.Finding{}, false
	case bothTLS && a.tolerated(host) && b.tolerated(host):
		return finding.Finding{}, false
	case !x.samePods(a, b):
		return finding.Finding{}, false
	}
	winner, loser := a, b
	if older(b.obj, a.obj) {
		winner, loser = b, a
	}
	if !bothTLS {
		return x.portConflict(winner, loser), true
	}
	return x.hostConflict(winner, loser, host), true
}

// samePods tells whether some pods are served by both Gateways. Where istiod
// restricts a Gateway to the pods of its own namespace, those of two namespaces
// never meet; its value is redacted, so that its presence alone counts.
func (x *examiner) samePods(a, b claim) bool {
	served := func(w *unstructured.Unstructured) bool { return matches(selectorOf(b.obj), podLabels(w)) }
	shared := slices.ContainsFunc(x.selected(selectorOf(a.obj), a.obj.GetNamespace()), served) ||
		slices.ContainsFunc(x.selected(selectorOf(a.obj), ""), served) // which takes more to read
	return shared && (a.obj.GetNamespace() == b.obj.GetNamespace() || !x.gatewaysScoped())
}

// gatewaysScoped tells whether istiod may select the pods of a Gateway in its own
// namespace alone (istio 1.24, pilot/pkg/features, PILOT_SCOPE_GATEWAY_TO_NAMESPACE).
func (x *examiner) gatewaysScoped() bool {
	for _, istiod := range x.snap.List(health.DeploymentKind, meshNamespace).Objects {
		for _, container := range field.List(istiod.Object, "spec", "template", "spec", "containers") {
			for _, env := range field.List(container, "env") {
				if field.Text(env, "name") == "PILOT_SCOPE_GATEWAY_TO_NAMESPACE" && field.Text(env, "value") != "false" {
					return true
				}
			}
		}
	}
	return false
}

// meshNamespace is Istio's root namespace unless meshConfig says otherwise.
const meshNamespace = "istio-system"

// sharedHost is a host that both servers name. "./host" is the host for routes of
// the Gateway's own namespace, "*/host" the host for all.
func sharedHost(a, b claim) (string, bool) {
	theirs := b.claimed()
	for _, host := range a.claimed() {
		if slices.Contains(theirs, host) {
			return host, true
		}
	}
	return "", false
}

func (c claim) claimed() []string {
	var hosts []string
	for _, host := range c.server.hosts() {
		namespace, name, _ := cutNamespace(host)
		switch namespace {
		case "", "*":
			hosts = append(hosts, name)
		case ".":
			hosts = append(hosts, c.obj.GetNamespace()+"/"+name)
		default:
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// plainHTTP tells whether a server takes HTTP without TLS: any number of these
// share a port.
func plainHTTP(s gatewayServer) bool {
	return !s.hasTLS() && slices.Contains([]string{"HTTP", "HTTP2", "GRPC", "GRPC-WEB"}, s.protocol())
}

// httpsServer tells whether a server terminates TLS and routes HTTP by host.
func httpsServer(s gatewayServer) bool { return s.protocol() == "HTTPS" && !passesThrough(s) }

func passesThrough(s gatewayServer) bool {
	return s.mode() == "PASSTHROUGH" || s.mode() == "AUTO_PASSTHROUGH"
}

// older tells which of two objects Istio reads first: by age, then by name and
// namespace (istio 1.24, pilot/pkg/model/push_context.go, sortConfigByCreationTime).
func older(a, b *unstructured.Unstructured) bool {
	return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time),
		cmp.Compare(a.GetName()+"."+a.GetNamespace(), b.GetName()+"."+b.GetNamespace())) < 0
}

// intruder is the claim to change: of two tenants that of the one whose name is
// not in the host, and else the one that Istio skips.
func (x *examiner) intruder(winner, loser claim, host string) claim {
	named := func(c claim) bool {
		name := x.tenantOf(c.obj.GetNamespace())
		return name != "" && slices.Contains(hostWords(host), name)
	}
	if named(loser) && !named(winner) {
		return winner
	}
	return loser
}

// hostWords are the parts of a host in which a tenant's name may stand.
func hostWords(host string) []string {
	return strings.FieldsFunc(host, func(r rune) bool { return r == '.' || r == '-' || r == '/' })
}

// otherTenantNamed is the tenant whose name stands in a host that is used in a
// namespace of another one, whose name does not; else "".
func (x *examiner) otherTenantNamed(host, namespace string) string {
	own, words, other := x.tenantOf(namespace), hostWords(host), ""
	for _, t := range x.tenants {
		if slices.Contains(words, t.Name) {
			if t.Name == own {
				return ""
			}
			other = t.Name
		}
	}
	if own == "" {
		return ""
	}
	return other
}

// intrudes tells whether one host of a claim is another Gateway's, so that this one
// is to be changed.
func (x *examiner) intrudes(c claim, index int) bool {
	host := c.claimed()[index]
	if len(selectorOf(c.obj)) == 0 || !c.server.hasTLS() {
		return false
	}
	return slices.ContainsFunc(x.rivals(c), func(rival claim) bool {
		if rival.obj == c.obj || !rival.server.hasTLS() || !slices.Contains(rival.claimed(), host) ||
			c.tolerated(host) && rival.tolerated(host) || !mayShare(c.obj, rival.obj) || !x.samePods(c, rival) {
			return false
		}
		winner, loser := c, rival
		if older(rival.obj, c.obj) {
			winner, loser = rival, c
		}
		return x.intruder(winner, loser, host).obj == c.obj
	})
}

// whyWinner says that the first of two was created before the other, if so.
func whyWinner(winner, loser claim) string {
	if winner.obj.GetCreationTimestamp().Time.Before(loser.obj.GetCreationTimestamp().Time) {
		return "the older, "
	}
	return ""
}

// hostConflict is the finding on two servers for one host.
func (x *examiner) hostConflict(winner, loser claim, host string) finding.Finding {
	wrong := x.intruder(winner, loser, host)
	port := winner.server.number()
	f := finding.Finding{
		Code: codeHostClaimed, Ref: finding.RefOf(wrong.obj), Reason: "HostConflict", Severity: finding.Critical,
		Message: fmt.Sprintf("%s and %s both claim host %s on port %d for the same gateway pods: Istio uses %s%s, and ignores the other",
			finding.RefOf(wrong.obj), finding.RefOf(other(wrong, winner, loser).obj), host, port, whyWinner(winner, loser), finding.RefOf(winner.obj)),
	}
	for _, c := range []claim{wrong, other(wrong, winner, loser)} {
		prove(&f, c.obj, c.server.path("hosts"), c.server.path("port.number"), "metadata.creationTimestamp")
	}
	prove(&f, wrong.obj, "spec.selector")
	fix := finding.Fix{Text: fmt.Sprintf("In %s of %s, use its own hosts instead of %s", wrong.server.path("hosts"), f.Ref, host),
		Command: x.applyNow(wrong.obj), File: x.file(wrong.obj, wrong.server.path("hosts"))}
	f.Fixes = []finding.Fix{fix}
	return f
}

func other(c, a, b claim) claim {
	if c.obj == a.obj {
		return b
	}
	return a
}

// portConflict is the finding on two servers that can't share a port.
func (x *examiner) portConflict(winner, loser claim) finding.Finding {
	f := finding.Finding{
		Code: codeHostClaimed, Ref: finding.RefOf(loser.obj), Reason: "PortConflict", Severity: finding.Critical,
		Message: fmt.Sprintf("%s can't listen on port %d: %s is older and uses protocol %s on that port for the same gateway pods",
			finding.RefOf(loser.obj), loser.server.number(), finding.RefOf(winner.obj), winner.server.protocol()),
	}
	for _, c := range []claim{loser, winner} {
		prove(&f, c.obj, c.server.path("port.number"), c.server.path("port.protocol"))
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, use another port, or the protocol of %s", loser.server.path("port"), finding.RefOf(winner.obj)),
		Command: x.applyNow(loser.obj), File: x.file(loser.obj, loser.server.path("port"))}}
	return f
}
