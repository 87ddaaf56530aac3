package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// HostCollisionCode is the code of a host name that two tenants claim.
const HostCollisionCode = codeHostOfTwo

// hostOwners tell whose host names are, as far as the tenants' objects were read.
func (x *examiner) hostOwners() *tenant.HostOwners {
	return memoize(x, ownersKey{}, func() *tenant.HostOwners {
		return tenant.NewHostOwners(x.tenants, tenant.HostNames(x.known, x.tenants))
	})
}

type ownersKey struct{}

// collisions are the host names that a tenant and another one claim. A name leads to one
// tenant: 'hosts sync' writes it for neither, and in a DNS one of them is wrong. Names
// that two Gateways claim from the same pods are reported with these (see claims).
func (x *examiner) collisions(name string, causes []foundCause) []foundCause {
	var all []foundCause
	for _, c := range x.hostOwners().Collisions(name) {
		wrong, right := c.Own, c.Other
		severity := finding.Critical
		if c.CanBe(c.Own.Tenant) && !c.CanBe(c.Other.Tenant) { // the other one is to be changed
			wrong, right, severity = c.Other, c.Own, finding.Warning
		}
		if conflicting(causes, wrong.From[0], right.From[0]) {
			continue
		}
		f := x.hostCollision(c, wrong, right)
		f.Severity = severity
		path := []Step{{Ref: c.Own.From[0], Status: x.health.Of(c.Own.From[0]).Status, Note: f.Reason}}
		if !f.Ref.Same(c.Own.From[0]) {
			path = append(path, Step{Ref: f.Ref, Status: x.health.Of(f.Ref).Status, Note: f.Reason})
		}
		all = append(all, foundCause{Finding: f, path: path})
	}
	return all
}

// conflicting tells whether two Gateways are reported for one host already.
func conflicting(causes []foundCause, a, b finding.Ref) bool {
	proves := func(c foundCause, ref finding.Ref) bool {
		return slices.ContainsFunc(c.Evidence, func(e finding.Evidence) bool { return e.Ref.Same(ref) })
	}
	return slices.ContainsFunc(causes, func(c foundCause) bool { return c.Code == codeHostClaimed && proves(c, a) && proves(c, b) })
}

// hostCollision is the finding on the object whose hosts are to be changed.
func (x *examiner) hostCollision(c tenant.HostCollision, wrong, right tenant.Claim) finding.Finding {
	ref, other := wrong.From[0], right.From[0]
	f := finding.Finding{
		Code: codeHostOfTwo, Ref: ref, Reason: "HostOfTwoTenants",
		Message: tenant.HostCollision{Names: c.Names, Own: wrong, Other: right}.String(),
	}
	if len(c.Owners) == 1 && !c.CanBe(wrong.Tenant) {
		f.Message += fmt.Sprintf("; it contains the name of tenant %s, so it belongs to that tenant", c.Owners[0])
	}
	path := ""
	for i, from := range []finding.Ref{ref, other} {
		obj := x.known.Lookup(from).Object
		if obj == nil {
			continue
		}
		at := hostPath(obj, c.Names[0])
		prove(&f, obj, at)
		if i == 0 {
			path = at
		}
	}
	obj := x.known.Lookup(ref).Object
	f.Fixes = []finding.Fix{{
		Text:    fmt.Sprintf("In %s of %s, use hosts of tenant %s instead of %s", path, ref, wrong.Tenant, listed(c.Names)),
		Command: x.applyNow(obj), File: x.file(obj, path),
	}}
	return f
}

// listed are the first names, and how many there are besides.
func listed(names []string) string {
	if len(names) > maxNamed {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), len(names)-maxNamed)
	}
	return strings.Join(names, ", ")
}

// hostPath is where an object names a host.
func hostPath(obj *unstructured.Unstructured, name string) string {
	switch finding.RefOf(obj).GroupKind() {
	case health.CertificateKind:
		return "spec.dnsNames"
	case health.GatewayKind:
		for i, server := range field.List(obj.Object, "spec", "servers") {
			s := gatewayServer{i, server}
			if slices.ContainsFunc(s.hosts(), func(host string) bool {
				_, bare, _ := cutNamespace(host)
				return strings.EqualFold(strings.TrimSuffix(bare, "."), name)
			}) {
				return s.path("hosts")
			}
		}
	}
	return "spec.hosts"
}
