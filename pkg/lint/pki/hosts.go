package pki

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// uncoveredHost is about Certificates of the tree: what is in other Secrets is not known.
var uncoveredHost = &rule.Rule{
	Code: engine.CodeHostUncovered, Name: "uncovered-host", Severity: finding.Critical,
	Title: "A certificate is not valid for a host that is served with it",
	Object: func(c *rule.Context, o *cluster.Object) {
		if o.Ref().GroupKind() != object.CertificateKind || rule.HasUnknown(o.Unstructured) {
			return
		}
		x, secret := c.Facts(), object.Text(o.Unstructured.Object, "spec", "secretName")
		if len(pods.CertificatesFor(x, o.GetNamespace(), secret)) != 1 {
			return
		}
		names := append(object.Texts(o.Unstructured.Object, "spec", "dnsNames"), object.Texts(o.Unstructured.Object, "spec", "ipAddresses")...)
		served := slices.Concat(byGateways(x, o.GetNamespace(), secret), byIngresses(x, o.GetNamespace(), secret), byListeners(x, o.GetNamespace(), secret))
		for _, s := range served {
			if s.host == "" || s.host == "*" || rule.Unknown(s.host) || engine.Covered(s.host, names) {
				continue
			}
			c.Report(o, namesField(o), rule.Local(o, fmt.Sprintf("is not valid for %s, which %s serves with it: %s", s.host, s.by, validFor(names))),
				edit(o, fmt.Sprintf("Add %s to spec.dnsNames", s.host)))
		}
	},
}

// validFor is "it is valid for a, b".
func validFor(names []string) string {
	if len(names) == 0 {
		return "it has no dnsNames"
	}
	return "it is valid for " + strings.Join(names, ", ")
}

// namesField is the last entry of the names of a Certificate, after which another is added.
func namesField(o *cluster.Object) string {
	if names := object.Texts(o.Unstructured.Object, "spec", "dnsNames"); len(names) > 0 {
		return fmt.Sprintf("spec.dnsNames[%d]", len(names)-1)
	}
	return "spec"
}

// servedHost is a host, and what serves it with a Secret.
type servedHost struct {
	host string
	by   object.Ref
}

// byGateways are the hosts of Istio Gateways whose pods are in the namespace of a Secret.
func byGateways(x *engine.Context, namespace, secret string) []servedHost {
	return engine.Memoize(x, gatewayHosts{}, func() map[[2]string][]servedHost {
		hosts := map[[2]string][]servedHost{}
		for _, obj := range x.Snap.List(object.GatewayKind, "").Objects {
			g := traffic.Gateway{X: x, Obj: obj}
			for i, spec := range object.List(obj.Object, "spec", "servers") {
				served := servedBy(g, traffic.GatewayServer{Index: i, Spec: spec})
				for _, home := range g.Namespaces() {
					key := [2]string{home, object.Text(spec, "tls", "credentialName")}
					hosts[key] = append(hosts[key], served...)
				}
			}
		}
		return hosts
	})[[2]string{namespace, secret}]
}

// gatewayHosts is the key of the hosts of Gateways by namespace and name of their Secret.
type gatewayHosts struct{}

// servedBy are the hosts of a server that terminates TLS. Hosts that the Gateway should not serve
// are reported there.
func servedBy(g traffic.Gateway, s traffic.GatewayServer) []servedHost {
	var found []servedHost
	for i, host := range s.Hosts() {
		if _, mismatch := g.HostMismatch(s, i); mismatch || s.Mode() == "PASSTHROUGH" || traffic.IsClaimToChange(g.X, traffic.FindClaim(g.X, g.Obj, s), i) {
			continue
		}
		_, bare, _ := engine.CutNamespace(host)
		found = append(found, servedHost{bare, object.RefOf(g.Obj)})
	}
	return found
}

// byIngresses are the hosts of Ingresses that use a Secret. If one lists no hosts, the Secret is
// for those of its rules.
func byIngresses(x *engine.Context, namespace, secret string) []servedHost {
	var found []servedHost
	for _, obj := range x.Snap.List(object.IngressKind, namespace).Objects {
		for _, tls := range object.List(obj.Object, "spec", "tls") {
			if object.Text(tls, "secretName") == secret {
				found = append(found, hostsOf(obj, object.Texts(tls, "hosts"))...)
			}
		}
	}
	return found
}

func hostsOf(ingress *unstructured.Unstructured, hosts []string) []servedHost {
	if len(hosts) == 0 {
		for _, entry := range object.List(ingress.Object, "spec", "rules") {
			hosts = append(hosts, object.Text(entry, "host"))
		}
	}
	var found []servedHost
	for _, host := range hosts {
		found = append(found, servedHost{host, object.RefOf(ingress)})
	}
	return found
}

// byListeners are the hosts of listeners of the Gateway API that have a Secret as their only
// certificate.
func byListeners(x *engine.Context, namespace, secret string) []servedHost {
	var found []servedHost
	for _, obj := range x.Snap.List(object.APIGatewayKind, "").Objects {
		for _, listener := range object.List(obj.Object, "spec", "listeners") {
			refs := object.List(listener, "tls", "certificateRefs")
			if len(refs) != 1 || object.Text(refs[0], "name") != secret {
				continue
			}
			home := object.Text(refs[0], "namespace")
			if home == namespace || home == "" && obj.GetNamespace() == namespace {
				found = append(found, servedHost{object.Text(listener, "hostname"), object.RefOf(obj)})
			}
		}
	}
	return found
}
