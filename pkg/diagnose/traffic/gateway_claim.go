package traffic

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Claims reports a server that Istio ignores because an older Gateway for the same pods
// has one for the same host, or with another protocol, on the same port. Istio merges all
// Gateways whose selectors match a proxy, the oldest first, in all namespaces, and of
// servers with TLS uses each host once for each port (istio 1.24,
// pilot/pkg/model/gateway.go, mergeGateways, and push_context.go).
func (g Gateway) Claims(s GatewayServer) {
	if len(engine.SelectorOf(g.Obj)) == 0 || s.Number() == 0 {
		return
	}
	own := FindClaim(g.X, g.Obj, s)
	for _, rival := range rivals(g.X, own, false) {
		if rival.Obj == g.Obj || !mayShare(own, rival) {
			continue
		}
		if f, ok := collide(g.X, own, rival); ok {
			g.Result.Findings = append(g.Result.Findings, f)
			return
		}
	}
}

// Conflict is a server of another Gateway that Istio does not use together with a server, on the
// pods that serve both.
type Conflict struct {
	Gateway *unstructured.Unstructured
	// Ref names the Gateway.
	Ref    object.Ref
	Server GatewayServer
	// Host is the host that both claim, "" if they use two protocols on one port.
	Host string
	// Tolerated: each of the two has pods of its own, and both claim "*" for other protocols than
	// HTTPS (see Claims, which does not report these).
	Tolerated bool
}

// Conflicts are the servers of other Gateways that conflict with one. Unlike Claims, it compares
// manifests: which Gateway is older is not known, and equal selectors match the same pods even if
// no pod is known.
func (g Gateway) Conflicts(s GatewayServer) []Conflict {
	if len(engine.SelectorOf(g.Obj)) == 0 || s.Number() == 0 {
		return nil
	}
	return engine.Memoize(g.X, conflictsKey{g.Obj, s.Index}, func() []Conflict { return g.conflicts(FindClaim(g.X, g.Obj, s)) })
}

// conflictsKey is the key of the conflicts of a Gateway's server.
type conflictsKey struct {
	gateway *unstructured.Unstructured
	server  int
}

func (g Gateway) conflicts(own Claim) []Conflict {
	var found []Conflict
	for _, other := range rivals(g.X, own, true) {
		if other.Obj == g.Obj || !mayShare(own, other) {
			continue
		}
		if host, ok := excludes(own, other); ok && (equalSelectors(own, other) || samePods(g.X, own, other)) {
			found = append(found, Conflict{other.Obj, other.ref, other.server, host, host != "" && own.tolerated(host) && other.tolerated(host)})
		}
	}
	return found
}

// equalSelectors reports whether two Gateways have the same selector, and istiod applies it in
// all namespaces.
func equalSelectors(a, b Claim) bool {
	return maps.Equal(a.selector, b.selector) && (a.ref.Namespace == b.ref.Namespace || !GatewaysScoped(a.X))
}

// claimKey is what only one Gateway for the same pods can have: a host on a port with
// TLS. Without a host, it stands for all servers of a port without TLS.
type claimKey struct {
	port int64
	host string
	// tolerated means that two of these are not compared, see claim.tolerated.
	tolerated bool
}

// claimsKey is the key of the servers of Istio Gateways by what they claim.
type claimsKey struct{}

// rivals are the servers that may conflict with one: those with the same host on its
// port, and those that share the port but not the protocol. The Gateways of all
// namespaces count, even of tenants of which nothing else is read. Those of which both are
// tolerated are omitted unless all are wanted.
func rivals(x *engine.Context, c Claim, all bool) []Claim {
	claimed := engine.Memoize(x, claimsKey{}, func() map[claimKey][]Claim {
		claimed := map[claimKey][]Claim{}
		for _, obj := range x.Snap.Everywhere(object.GatewayKind).Objects {
			if obj.GetDeletionTimestamp() != nil || len(engine.SelectorOf(obj)) == 0 {
				continue
			}
			for i, spec := range object.List(obj.Object, "spec", "servers") {
				other := rival(x, obj, GatewayServer{i, spec})
				for _, key := range other.keys() {
					claimed[key] = append(claimed[key], other)
				}
			}
		}
		return claimed
	})
	var found []Claim
	for _, key := range c.keys() {
		if key.host == anyTLS {
			continue
		}
		if all || !key.tolerated {
			found = append(found, claimed[key]...)
		}
		key.tolerated = !key.tolerated
		found = append(found, claimed[key]...)
	}
	if c.server.HasTLS() {
		return append(found, claimed[claimKey{port: c.server.Number()}]...)
	}
	return append(found, claimed[claimKey{port: c.server.Number(), host: anyTLS}]...)
}

// anyTLS stands for all servers with TLS on a port.
const anyTLS = "TLS"

// keys are the keys under which a server is stored.
func (c Claim) keys() []claimKey {
	port := c.server.Number()
	if !c.server.HasTLS() {
		return []claimKey{{port: port}}
	}
	keys := []claimKey{{port: port, host: anyTLS}}
	for _, host := range c.hosts {
		keys = append(keys, claimKey{port, host, c.tolerated(host)})
	}
	return keys
}

// tolerated reports whether several Gateways may have a claim. Korthweb's DICOM Gateways
// have host "*", one for each tenant, each with its own pods. Whether they are merged
// depends on settings of istiod that a snapshot does not contain, so this is not a
// failure.
func (c Claim) tolerated(host string) bool {
	return host == "*" && !httpsServer(c.server) && c.ownPods
}

// FindClaim returns the claim of a Gateway's server. Whether its own namespace has pods for
// it is computed once.
func FindClaim(x *engine.Context, obj *unstructured.Unstructured, s GatewayServer) Claim {
	selector := engine.SelectorOf(obj)
	return newClaim(x, obj, s, len(x.Selected(selector, obj.GetNamespace())) > 0, selector)
}

func newClaim(x *engine.Context, obj *unstructured.Unstructured, s GatewayServer, ownPods bool, selector map[string]string) Claim {
	c := Claim{Gateway: Gateway{X: x, Obj: obj}, server: s, ownPods: ownPods, selector: selector, ref: object.RefOf(obj)}
	c.hosts = c.claimed()
	return c
}

// rival returns the claim of a server of any Gateway. It reads nothing in the Gateway's
// namespace: if the pods there are not known, it assumes that there are some, which
// avoids a false failure.
func rival(x *engine.Context, obj *unstructured.Unstructured, s GatewayServer) Claim {
	known := *x
	known.Snap = x.Known
	namespace, selector := obj.GetNamespace(), engine.SelectorOf(obj)
	own := len(known.Selected(selector, namespace)) > 0 || len(known.UnreadSelectable(namespace)) > 0
	return newClaim(x, obj, s, own, selector)
}

// mayShare reports whether the selectors of two Gateways can match the same pods. It is a
// cheap test before all others.
func mayShare(a, b Claim) bool {
	for key, value := range a.selector {
		if their, ok := b.selector[key]; ok && their != value {
			return false
		}
	}
	return true
}

// Claim is a server of a Gateway that claims a host and a port.
type Claim struct {
	Gateway
	server   GatewayServer
	ownPods  bool
	selector map[string]string
	ref      object.Ref
	// hosts are those that the server claims.
	hosts []string
}

// collide reports two servers on one port of which Istio uses only the older one.
func collide(x *engine.Context, a, b Claim) (finding.Finding, bool) {
	host, ok := excludes(a, b)
	if !ok || host != "" && a.tolerated(host) && b.tolerated(host) || !samePods(x, a, b) {
		return finding.Finding{}, false
	}
	winner, loser := a, b
	if older(b.Obj, a.Obj) {
		winner, loser = b, a
	}
	if host == "" {
		return portConflict(x, winner, loser), true
	}
	return hostConflict(x, winner, loser, host), true
}

// excludes reports whether Istio uses only one of two servers on one port, if the same pods serve
// both: they claim the same host with TLS, which it returns, or use two protocols.
func excludes(a, b Claim) (host string, ok bool) {
	if a.server.HasTLS() && b.server.HasTLS() {
		return sharedHost(a, b)
	}
	return "", !plainHTTP(a.server) || !plainHTTP(b.server)
}

// samePods reports whether some pods serve both Gateways. If istiod restricts a Gateway
// to the pods of its own namespace, Gateways of two namespaces share no pods; the value
// of that setting is redacted, so only its presence counts.
func samePods(x *engine.Context, a, b Claim) bool {
	served := func(w *unstructured.Unstructured) bool {
		return engine.Matches(b.selector, engine.PodLabels(w))
	}
	shared := slices.ContainsFunc(x.Selected(a.selector, a.Obj.GetNamespace()), served) ||
		slices.ContainsFunc(x.Selected(a.selector, ""), served) // which requires more reads
	return shared && (a.ref.Namespace == b.ref.Namespace || !GatewaysScoped(x))
}

// GatewaysScoped reports whether istiod may select the pods of a Gateway only in its own
// namespace (istio 1.24, pilot/pkg/features, PILOT_SCOPE_GATEWAY_TO_NAMESPACE).
func GatewaysScoped(x *engine.Context) bool {
	return engine.Memoize(x, scopedKey{}, func() bool { return scoped(x) })
}

// scopedKey is the key of whether istiod restricts Gateways to their namespaces.
type scopedKey struct{}

func scoped(x *engine.Context) bool {
	for _, istiod := range x.Snap.List(object.DeploymentKind, MeshNamespace).Objects {
		for _, container := range object.List(istiod.Object, "spec", "template", "spec", "containers") {
			for _, env := range object.List(container, "env") {
				if object.Text(env, "name") == "PILOT_SCOPE_GATEWAY_TO_NAMESPACE" && object.Text(env, "value") != "false" {
					return true
				}
			}
		}
	}
	return false
}

// MeshNamespace is Istio's root namespace unless meshConfig sets another.
const MeshNamespace = "istio-system"

// sharedHost is a host of both servers. "./host" is the host for routes of the Gateway's
// own namespace, "*/host" the host for all.
func sharedHost(a, b Claim) (string, bool) {
	for _, host := range a.hosts {
		if slices.Contains(b.hosts, host) {
			return host, true
		}
	}
	return "", false
}

func (c Claim) claimed() []string {
	var hosts []string
	for _, host := range c.server.Hosts() {
		namespace, name, _ := engine.CutNamespace(host)
		switch namespace {
		case "", "*":
			hosts = append(hosts, name)
		case ".":
			hosts = append(hosts, c.Obj.GetNamespace()+"/"+name)
		default:
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// plainHTTP reports whether a server accepts HTTP without TLS: any number of these can
// share a port.
func plainHTTP(s GatewayServer) bool {
	return !s.HasTLS() && slices.Contains([]string{"HTTP", "HTTP2", "GRPC", "GRPC-WEB"}, s.Protocol())
}

// httpsServer reports whether a server terminates TLS and routes HTTP by host.
func httpsServer(s GatewayServer) bool { return s.Protocol() == "HTTPS" && !passesThrough(s) }

func passesThrough(s GatewayServer) bool {
	return s.Mode() == "PASSTHROUGH" || s.Mode() == "AUTO_PASSTHROUGH"
}

// older reports whether Istio reads the first object first: by age, then by name and
// namespace (istio 1.24, pilot/pkg/model/push_context.go, sortConfigByCreationTime).
func older(a, b *unstructured.Unstructured) bool {
	return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time),
		cmp.Compare(a.GetName()+"."+a.GetNamespace(), b.GetName()+"."+b.GetNamespace())) < 0
}

// claimToChange is the claim of the tenant whose name is not in the host, otherwise the
// one that Istio ignores.
func claimToChange(x *engine.Context, winner, loser Claim, host string) Claim {
	named := func(c Claim) bool {
		name := x.TenantOf(c.Obj.GetNamespace())
		return name != "" && slices.Contains(hostWords(host), name)
	}
	if named(loser) && !named(winner) {
		return winner
	}
	return loser
}

// hostWords are the parts of a host that may be a tenant's name.
func hostWords(host string) []string {
	return strings.FieldsFunc(host, func(r rune) bool { return r == '.' || r == '-' || r == '/' })
}

// OtherTenantNamed is the tenant whose name is in a host that another tenant's namespace
// uses, if the host does not contain that tenant's own name; otherwise "".
func OtherTenantNamed(x *engine.Context, host, namespace string) string {
	own, words, other := x.TenantOf(namespace), hostWords(host), ""
	for _, t := range x.Tenants {
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

// IsClaimToChange reports whether one host of a claim belongs to another Gateway, so this
// claim has to be changed.
func IsClaimToChange(x *engine.Context, c Claim, index int) bool {
	host := c.hosts[index]
	if len(engine.SelectorOf(c.Obj)) == 0 || !c.server.HasTLS() {
		return false
	}
	return slices.ContainsFunc(rivals(x, c, false), func(rival Claim) bool {
		if rival.Obj == c.Obj || !rival.server.HasTLS() || !slices.Contains(rival.hosts, host) ||
			c.tolerated(host) && rival.tolerated(host) || !mayShare(c, rival) || !samePods(x, c, rival) {
			return false
		}
		winner, loser := c, rival
		if older(rival.Obj, c.Obj) {
			winner, loser = rival, c
		}
		return claimToChange(x, winner, loser, host).Obj == c.Obj
	})
}

// whyWinner states that the first claim is older, if it is.
func whyWinner(winner, loser Claim) string {
	if winner.Obj.GetCreationTimestamp().Time.Before(loser.Obj.GetCreationTimestamp().Time) {
		return "the older, "
	}
	return ""
}

// hostConflict is the finding on two servers for one host.
func hostConflict(x *engine.Context, winner, loser Claim, host string) finding.Finding {
	wrong := claimToChange(x, winner, loser, host)
	port := winner.server.Number()
	f := finding.Finding{
		Code: engine.CodeHostClaimed, Ref: object.RefOf(wrong.Obj), Reason: "HostConflict", Severity: finding.Critical,
		Message: fmt.Sprintf("%s and %s both claim host %s on port %d for the same gateway pods: Istio uses %s%s, and ignores the other",
			object.RefOf(wrong.Obj), object.RefOf(other(wrong, winner, loser).Obj), host, port, whyWinner(winner, loser), object.RefOf(winner.Obj)),
	}
	for _, c := range []Claim{wrong, other(wrong, winner, loser)} {
		engine.Prove(&f, c.Obj, c.server.Path("hosts"), c.server.Path("port.number"), "metadata.creationTimestamp")
	}
	engine.Prove(&f, wrong.Obj, "spec.selector")
	fix := finding.Fix{Text: fmt.Sprintf("In %s of %s, use its own hosts instead of %s", wrong.server.Path("hosts"), f.Ref, host),
		Command: flux.ApplyCommand(x, wrong.Obj), File: flux.File(x, wrong.Obj, wrong.server.Path("hosts"))}
	f.Fixes = []finding.Fix{fix}
	return f
}

func other(c, a, b Claim) Claim {
	if c.Obj == a.Obj {
		return b
	}
	return a
}

// portConflict is the finding on two servers that can't share a port.
func portConflict(x *engine.Context, winner, loser Claim) finding.Finding {
	f := finding.Finding{
		Code: engine.CodeHostClaimed, Ref: object.RefOf(loser.Obj), Reason: "PortConflict", Severity: finding.Critical,
		Message: fmt.Sprintf("%s can't listen on port %d: %s is older and uses protocol %s on that port for the same gateway pods",
			object.RefOf(loser.Obj), loser.server.Number(), object.RefOf(winner.Obj), winner.server.Protocol()),
	}
	for _, c := range []Claim{loser, winner} {
		engine.Prove(&f, c.Obj, c.server.Path("port.number"), c.server.Path("port.protocol"))
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In %s, use another port, or the protocol of %s", loser.server.Path("port"), object.RefOf(winner.Obj)),
		Command: flux.ApplyCommand(x, loser.Obj), File: flux.File(x, loser.Obj, loser.server.Path("port"))}}
	return f
}
