package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// HostCollisionCode is the code of a host name that two tenants claim.
const HostCollisionCode = engine.CodeHostOfTwo

// hostOwners determine to which tenant a host name belongs, as far as the tenants'
// objects were read.
func hostOwners(x *engine.Context) *tenant.HostOwners {
	return engine.Memoize(x, ownersKey{}, func() *tenant.HostOwners {
		return tenant.NewHostOwners(x.Tenants, tenant.HostNames(x.Known, x.Tenants))
	})
}

// ownersKey is the key of the owners of host names.
type ownersKey struct{}

// collisions are the host names that a tenant and another one claim. A name resolves to
// one tenant: 'hosts sync' writes it for neither, and in DNS one of them is wrong. Names
// that two Gateways claim for the same pods are reported with these (see claims).
func collisions(x *engine.Context, name string, causes []engine.FoundCause) []engine.FoundCause {
	var all []engine.FoundCause
	for _, c := range hostOwners(x).Collisions(name) {
		wrong, right := c.Own, c.Other
		severity := finding.Critical
		if c.CanBe(c.Own.Tenant) && !c.CanBe(c.Other.Tenant) { // the other one must be changed
			wrong, right, severity = c.Other, c.Own, finding.Warning
		}
		if conflicting(causes, wrong.From[0], right.From[0]) {
			continue
		}
		f := hostCollision(x, c, wrong, right)
		f.Severity = severity
		path := []engine.Step{{Ref: c.Own.From[0], Status: x.Health.Of(c.Own.From[0]).Status, Note: f.Reason}}
		if !f.Ref.Same(c.Own.From[0]) {
			path = append(path, engine.Step{Ref: f.Ref, Status: x.Health.Of(f.Ref).Status, Note: f.Reason})
		}
		all = append(all, engine.FoundCause{Finding: f, Path: path})
	}
	return all
}

// conflicting reports whether two Gateways are already reported for one host.
func conflicting(causes []engine.FoundCause, a, b object.Ref) bool {
	proves := func(c engine.FoundCause, ref object.Ref) bool {
		return slices.ContainsFunc(c.Evidence, func(e finding.Evidence) bool { return e.Ref.Same(ref) })
	}
	return slices.ContainsFunc(causes, func(c engine.FoundCause) bool {
		return c.Code == engine.CodeHostClaimed && proves(c, a) && proves(c, b)
	})
}

// hostCollision is the finding on the object whose hosts have to be changed.
func hostCollision(x *engine.Context, c tenant.HostCollision, wrong, right tenant.Claim) finding.Finding {
	ref, other := wrong.From[0], right.From[0]
	f := finding.Finding{
		Code: engine.CodeHostOfTwo, Ref: ref, Reason: "HostOfTwoTenants",
		Message: tenant.HostCollision{Names: c.Names, Own: wrong, Other: right}.String(),
	}
	if len(c.Owners) == 1 && !c.CanBe(wrong.Tenant) {
		f.Message += fmt.Sprintf("; it contains the name of tenant %s, so it belongs to that tenant", c.Owners[0])
	}
	path := ""
	for i, from := range []object.Ref{ref, other} {
		obj := x.Known.Lookup(from).Object
		if obj == nil {
			continue
		}
		at := hostPath(obj, c.Names[0])
		engine.Prove(&f, obj, at)
		if i == 0 {
			path = at
		}
	}
	obj := x.Known.Lookup(ref).Object
	f.Fixes = []finding.Fix{{
		Text:    fmt.Sprintf("In %s of %s, use hosts of tenant %s instead of %s", path, ref, wrong.Tenant, listed(c.Names)),
		Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, path),
	}}
	return f
}

// listed are the first names, and the number of further ones.
func listed(names []string) string {
	if len(names) > engine.MaxNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:engine.MaxNamed], ", "), len(names)-engine.MaxNamed)
	}
	return strings.Join(names, ", ")
}

// hostPath is the path of a host in an object.
func hostPath(obj *unstructured.Unstructured, name string) string {
	switch object.RefOf(obj).GroupKind() {
	case object.CertificateKind:
		return "spec.dnsNames"
	case object.GatewayKind:
		for i, server := range object.List(obj.Object, "spec", "servers") {
			s := traffic.GatewayServer{Index: i, Spec: server}
			if slices.ContainsFunc(s.Hosts(), func(host string) bool {
				_, bare, _ := engine.CutNamespace(host)
				return strings.EqualFold(strings.TrimSuffix(bare, "."), name)
			}) {
				return s.Path("hosts")
			}
		}
	}
	return "spec.hosts"
}
