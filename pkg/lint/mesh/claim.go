package mesh

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// hostClaimed reports the Gateway of the tenant whose name is not in the host, or both: which of
// them Istio uses depends on their age.
var hostClaimed = &rule.Rule{
	Code: engine.CodeHostClaimed, Name: "host-claimed-twice", Severity: finding.Critical,
	Title: "Two gateways for the same pods claim one host and port",
	Object: func(c *rule.Context, o *cluster.Object) {
		eachServer(c, o, func(g traffic.Gateway, s traffic.GatewayServer) {
			for _, conflict := range g.Conflicts(s) {
				other := conflict.Ref
				if conflict.Tolerated || rule.HasUnknown(conflict.Gateway) || !applied(c, o.Ref()) || !applied(c, other) {
					continue
				}
				if otherIsWrong(g.X, conflict.Host, o.GetNamespace(), other.Namespace) {
					continue
				}
				if conflict.Host == "" {
					c.Report(o, s.Path("port.protocol"), fmt.Sprintf("uses port %d with protocol %s, and %s with protocol %s for the same gateway pods: Istio uses the older one only",
						s.Number(), s.Protocol(), other, conflict.Server.Protocol()), edit(o, "Use another port, or the same protocol"))
					return
				}
				c.Report(o, hostPath(s, conflict.Host), fmt.Sprintf("claims host %s on port %d, as %s does for the same gateway pods: Istio uses the older one only",
					conflict.Host, s.Number(), other), edit(o, "Remove the host from one of the two Gateways"))
				return
			}
		})
	},
}

// otherIsWrong reports whether a host of two Gateways contains the name of the tenant of the
// first, and not that of the second.
func otherIsWrong(x *engine.Context, host, namespace, other string) bool {
	return traffic.OtherTenantNamed(x, host, namespace) == "" && traffic.OtherTenantNamed(x, host, other) != ""
}

// hostPath is where a server has a host, with or without a namespace.
func hostPath(s traffic.GatewayServer, host string) string {
	_, bare, _ := engine.CutNamespace(host)
	i := slices.IndexFunc(s.Hosts(), func(text string) bool {
		_, name, _ := engine.CutNamespace(text)
		return name == bare
	})
	return s.Path(fmt.Sprintf("hosts[%d]", max(0, i)))
}

// wildcardHost reports what explain tolerates: two tenants' DICOM Gateways with host "*", which
// work if each is for pods of its own. It is critical if both serve DICOM or web pages: then one
// tenant's studies are exposed to clients of the other.
var wildcardHost = &rule.Rule{
	Code: "OW7901", Name: "wildcard-host", Severity: finding.Critical,
	Title: "Gateways of two tenants claim any host for the same pods",
	Object: func(c *rule.Context, o *cluster.Object) {
		eachServer(c, o, func(g traffic.Gateway, s traffic.GatewayServer) {
			namespaces := []string{o.GetNamespace()}
			for _, conflict := range g.Conflicts(s) {
				namespace := conflict.Ref.Namespace
				if conflict.Tolerated && namespace != o.GetNamespace() && applied(c, o.Ref()) && applied(c, conflict.Ref) {
					namespaces = append(namespaces, namespace)
				}
			}
			if len(namespaces) > 1 {
				reportWildcard(c, o, g.X, s, namespaces)
			}
		})
	},
}

func reportWildcard(c *rule.Context, o *cluster.Object, x *engine.Context, s traffic.GatewayServer, namespaces []string) {
	severity, owner, clients := finding.Warning, "namespace", "clients that connect to one %s may reach the servers of another"
	if isTenants(x, namespaces) {
		owner = "tenant"
		switch {
		case isDICOM(s):
			severity, clients = finding.Critical, "devices that connect to one %s may reach the archive of another"
		case isWeb(s):
			severity, clients = finding.Critical, "clients that connect to one %s may reach the archive of another"
		}
	}
	c.WithSeverity(severity, func() {
		c.Report(o, hostPath(s, "*"), fmt.Sprintf("the Gateways of %s claim host * on port %d for the same gateway pods, and Istio uses only one of them on each pod: "+clients,
			owners(x, namespaces), s.Number(), owner), edit(o, separatePods))
	})
}

// isTenants reports whether each of some namespaces belongs to a tenant, and not all to one.
func isTenants(x *engine.Context, namespaces []string) bool {
	var tenants []string
	for _, namespace := range namespaces {
		tenants = append(tenants, x.TenantOf(namespace))
	}
	return !slices.Contains(tenants, "") && slices.ContainsFunc(tenants, func(name string) bool { return name != tenants[0] })
}

// separatePods is how to separate the gateways of tenants.
const separatePods = "Give the gateway pods of each tenant a label of their own, and use it in spec.selector; " +
	"or set PILOT_SCOPE_GATEWAY_TO_NAMESPACE of istiod to true, and move each Gateway to the namespace of its pods"

// hostOfTwoTenants reports the object that has to be changed, or both if that is not known.
var hostOfTwoTenants = &rule.Rule{
	Code: engine.CodeHostOfTwo, Name: "host-of-two-tenants", Severity: finding.Critical,
	Title: "Two tenants claim one host name",
	Cluster: func(c *rule.Context) {
		x := c.Facts()
		hosts := tenant.NewHostOwners(x.Tenants, tenant.HostNames(x.Known, x.Tenants))
		for _, t := range x.Tenants {
			for _, collision := range hosts.Collisions(t.Name) {
				if collision.CanBe(t.Name) && !collision.CanBe(collision.Other.Tenant) {
					continue // the other one is reported
				}
				for _, name := range collision.Names {
					reportHostOfTwo(c, collision, name)
				}
			}
		}
	},
}

func reportHostOfTwo(c *rule.Context, collision tenant.HostCollision, name string) {
	if rule.Unknown(name) {
		return
	}
	ref := collision.Own.From[0]
	for _, o := range c.Find(ref.GroupKind(), ref.Namespace, ref.Name) {
		if o.By == nil || conflicting(c, o, collision.Other.From) {
			continue
		}
		if field := hostField(o, name); field != "" {
			text := fmt.Sprintf("claims host %s, as %s of tenant %s does, although the name resolves to only one of them", name, collision.Other.From[0], collision.Other.Tenant)
			if len(collision.Owners) == 1 && !collision.CanBe(collision.Own.Tenant) {
				text += fmt.Sprintf("; it contains the name of tenant %s", collision.Owners[0])
			}
			c.Report(o, field, text, edit(o, fmt.Sprintf("Use hosts of tenant %s instead", collision.Own.Tenant)))
		}
	}
}

// conflicting reports whether hostClaimed reports a Gateway because of one of others.
func conflicting(c *rule.Context, o *cluster.Object, others []object.Ref) bool {
	known := engine.Memoize(c.Facts(), conflictingKey{o}, func() map[object.Key]bool {
		known := map[object.Key]bool{}
		eachServer(c, o, func(g traffic.Gateway, s traffic.GatewayServer) {
			for _, conflict := range g.Conflicts(s) {
				if !conflict.Tolerated {
					known[conflict.Ref.Key()] = true
				}
			}
		})
		return known
	})
	return slices.ContainsFunc(others, func(other object.Ref) bool { return known[other.Key()] })
}

// conflictingKey is the key of the Gateways that conflict with one.
type conflictingKey struct{ o *cluster.Object }

// hostField is where a Gateway, VirtualService or Certificate has a host name, "" if it does
// not.
func hostField(o *cluster.Object, name string) string {
	same := func(text string) bool {
		_, host, _ := engine.CutNamespace(text)
		return strings.EqualFold(strings.TrimSuffix(host, "."), name)
	}
	for i, server := range object.List(o.Unstructured.Object, "spec", "servers") {
		s := traffic.GatewayServer{Index: i, Spec: server}
		if j := slices.IndexFunc(s.Hosts(), same); j >= 0 {
			return s.Path(fmt.Sprintf("hosts[%d]", j))
		}
	}
	for _, list := range []string{"hosts", "dnsNames"} {
		if j := slices.IndexFunc(object.Texts(o.Unstructured.Object, "spec", list), same); j >= 0 {
			return fmt.Sprintf("spec.%s[%d]", list, j)
		}
	}
	return ""
}
