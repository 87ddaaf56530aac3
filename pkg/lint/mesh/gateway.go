package mesh

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
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var gatewayWithoutPods = &rule.Rule{
	Code: engine.CodeGatewayUnselected, Name: "gateway-without-pods", Severity: finding.Critical,
	Title: "No gateway pods match a gateway's selector",
	Object: func(c *rule.Context, o *cluster.Object) {
		g, ok := gatewayOf(c, o)
		if !ok || len(engine.SelectorOf(g.Obj)) == 0 || len(g.Serving()) > 0 {
			return
		}
		selector := engine.SelectorOf(g.Obj)
		if near, ok := engine.NearestLabels(selector, workloads(g.X, "")); ok && rule.Misspelled(near.Key+"="+near.Value, near.PodKey+"="+near.PodValue) {
			c.Report(o, "spec.selector["+near.Key+"]", rule.Local(o, fmt.Sprintf("no pod matches its selector %s; the pods of %s have %s=%s",
				engine.WriteLabels(selector), object.RefOf(near.Workload), near.PodKey, near.PodValue)),
				edit(o, fmt.Sprintf("In spec.selector, write %s: %s instead of %s: %s", near.PodKey, near.PodValue, near.Key, near.Value)))
		}
	},
}

// workloads are the workloads that a selector can match, in a namespace or in all.
func workloads(x *engine.Context, namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, kind := range engine.Selectable {
		found = append(found, x.Snap.List(kind, namespace).Objects...)
	}
	return found
}

// sharedGatewayPods also reports a Gateway that selects the pods of its own tenant, which explain
// does not: it works, as long as the hosts, ports and Secrets of all tenants differ.
var sharedGatewayPods = &rule.Rule{
	Code: engine.CodeGatewayOtherTenant, Name: "gateway-selects-other-tenant", Severity: finding.Warning,
	Title: "A gateway selects another tenant's pods",
	Object: func(c *rule.Context, o *cluster.Object) {
		g, ok := gatewayOf(c, o)
		if !ok || g.X.TenantOf(o.GetNamespace()) == "" || traffic.GatewaysScoped(g.X) {
			return
		}
		own, selector := g.X.TenantOf(o.GetNamespace()), engine.SelectorOf(g.Obj)
		tenants := tenantsSelected(g.X, selector)
		text := fmt.Sprintf("its selector %s matches the gateway pods of ", engine.WriteLabels(selector))
		switch {
		case !slices.ContainsFunc(tenants, func(name string) bool { return name != own }):
			return
		case slices.Contains(tenants, own):
			text += listed("tenant", tenants) + ": Istio selects pods in all namespaces, so clients that connect to one tenant may reach the archive of another"
		default:
			text += listed("tenant", tenants) + ", and none of tenant " + own
		}
		c.Report(o, selectorField(g.Obj), text, edit(o, separatePods))
	},
}

// tenantsSelected are the tenants whose pods a selector matches in all namespaces.
func tenantsSelected(x *engine.Context, selector map[string]string) []string {
	return engine.Memoize(x, selectedKey(engine.WriteLabels(selector)), func() []string {
		var tenants []string
		for _, workload := range x.Selected(selector, "") {
			if name := x.TenantOf(workload.GetNamespace()); name != "" {
				tenants = append(tenants, name)
			}
		}
		return tenants
	})
}

// selectedKey is the key of the tenants whose pods a selector matches.
type selectedKey string

// selectorField is the first entry of a Gateway's selector.
func selectorField(gateway *unstructured.Unstructured) string {
	var keys []string
	for key := range engine.SelectorOf(gateway) {
		keys = append(keys, key)
	}
	return "spec.selector[" + slices.Min(keys) + "]"
}

// clientCertificate is only about DICOM: devices have no other way to authenticate, while a web
// page has a password.
var clientCertificate = &rule.Rule{
	Code: "OW7902", Name: "no-client-certificate", Severity: finding.Warning,
	Title: "A gateway requests no client certificate for DICOM",
	Object: func(c *rule.Context, o *cluster.Object) {
		eachServer(c, o, func(_ traffic.Gateway, s traffic.GatewayServer) {
			if s.Mode() != "SIMPLE" || !isDICOM(s) {
				return
			}
			secret := "the Secret of the certificate"
			if name := object.Text(s.Spec, "tls", "credentialName"); name != "" {
				secret = "Secret " + name
			}
			fix := fmt.Sprintf("First issue a client certificate for each device (kubectl orthweb cert issue), then set tls.mode: MUTUAL; %s must have the CA of the devices as ca.crt", secret)
			c.Report(o, s.Path("tls.mode"), fmt.Sprintf("requests no client certificate on DICOM port %d: any client that can reach it can send and retrieve studies", s.Number()), edit(o, fix))
		})
	},
}

// webPorts are the usual ports of web pages over TLS.
var webPorts = []int64{443, 8443}

// isWeb reports whether a server is for web pages: a stream on their ports. Servers for HTTPS are
// not streams.
func isWeb(s traffic.GatewayServer) bool { return slices.Contains(webPorts, s.Number()) }

// dicomPorts are the ports that are registered for DICOM (IANA: acr-nema, dicom, dicom-iscl,
// dicom-tls), and Orthanc's default.
var dicomPorts = []int64{104, 11112, 2761, 2762, 4242}

// isDICOM reports whether a server is for DICOM: a stream on a port of DICOM, or one whose name
// says so. Other streams are databases, mail or MQTT.
func isDICOM(s traffic.GatewayServer) bool {
	name := strings.ToLower(object.Text(s.Spec, "port", "name"))
	return tenant.ServesDICOM(s.Spec) && (slices.Contains(dicomPorts, s.Number()) || strings.Contains(name, "dicom") || strings.Contains(name, "dcm"))
}

// onlyDICOM reports whether all streams of a Gateway are for DICOM.
func onlyDICOM(g traffic.Gateway) bool {
	for _, spec := range object.List(g.Obj.Object, "spec", "servers") {
		if s := (traffic.GatewayServer{Spec: spec}); tenant.ServesDICOM(spec) && !isDICOM(s) {
			return false
		}
	}
	return true
}

// missingCredential requires evidence: users create Secrets by hand, so one that is not in the
// tree may exist.
var missingCredential = &rule.Rule{
	Code: engine.CodeCredentialMissing, Name: "missing-gateway-certificate", Severity: finding.Critical,
	Title: "A gateway's certificate does not exist",
	Object: func(c *rule.Context, o *cluster.Object) {
		eachServer(c, o, func(g traffic.Gateway, s traffic.GatewayServer) {
			name := object.Text(s.Spec, "tls", "credentialName")
			if s.Mode() == "PASSTHROUGH" || name == "" || strings.Contains(name, "://") || len(g.Serving()) == 0 {
				return
			}
			namespaces := g.Namespaces()
			for _, namespace := range namespaces {
				if secretIn(c, namespace, name) {
					return
				}
			}
			if why, fix := certificateMeant(c, g, s, namespaces, name); why != "" {
				c.Report(o, s.Path("tls.credentialName"), rule.Local(o, fmt.Sprintf("serves no certificate on port %d: Secret %s does not exist in %s; %s",
					s.Number(), name, podsNamespace(o, namespaces), why)), edit(o, fix))
			}
		})
	},
}

// podsNamespace is where Istio reads a Gateway's Secrets: the namespaces of its pods.
func podsNamespace(o *cluster.Object, namespaces []string) string {
	if slices.Equal(namespaces, []string{o.GetNamespace()}) {
		return "its namespace"
	}
	return "namespace " + strings.Join(namespaces, ", ") + ", in which the gateway pods are"
}

// secretIn reports whether something in the tree creates a Secret: a Certificate, or any object
// of its name.
func secretIn(c *rule.Context, namespace, name string) bool {
	return len(pods.CertificatesFor(c.Facts(), namespace, name)) > 0 ||
		slices.ContainsFunc(secretsIn(c, namespace), func(o *cluster.Object) bool {
			return o.GetName() == name || rule.HasUnknown(o.Unstructured) ||
				object.Text(o.Unstructured.Object, "spec", "target", "name") == name
		})
}

// secretsIn are the objects of a namespace that are Secrets or create one, by their kind.
func secretsIn(c *rule.Context, namespace string) []*cluster.Object {
	return engine.Memoize(c.Facts(), secretsKey{}, func() map[string][]*cluster.Object {
		secrets := map[string][]*cluster.Object{}
		for _, o := range c.Objects {
			if strings.Contains(o.GetKind(), "Secret") {
				secrets[o.GetNamespace()] = append(secrets[o.GetNamespace()], o)
			}
		}
		return secrets
	})[namespace]
}

// secretsKey is the key of the objects that are Secrets or create one, by namespace.
type secretsKey struct{}

// certificateMeant is the certificate that was meant by the name of a Secret that does not exist:
// one that has this name itself, one of a similar name, or one of the same name in another namespace.
func certificateMeant(c *rule.Context, g traffic.Gateway, s traffic.GatewayServer, namespaces []string, name string) (why, fix string) {
	for _, certificate := range g.X.Snap.List(object.CertificateKind, "").Objects {
		secret, ref := object.Text(certificate.Object, "spec", "secretName"), object.RefOf(certificate)
		switch {
		case slices.Contains(namespaces, ref.Namespace):
			if ref.Name == name || rule.Misspelled(name, secret) || covers(certificate, s) && !referenced(g.X, secret) {
				return fmt.Sprintf("%s creates %s", ref, secret), fmt.Sprintf("In tls.credentialName, write %s instead of %s", secret, name)
			}
		case secret == name && (g.X.TenantOf(ref.Namespace) == g.X.TenantOf(g.Obj.GetNamespace()) || covers(certificate, s)):
			return fmt.Sprintf("%s creates it in namespace %s", ref, ref.Namespace), "Move the Certificate to the namespace of the gateway pods: Istio reads the Secret there"
		}
	}
	return "", ""
}

// covers reports whether a Certificate is valid for a named host of a server.
func covers(certificate *unstructured.Unstructured, s traffic.GatewayServer) bool {
	names := object.Texts(certificate.Object, "spec", "dnsNames")
	return slices.ContainsFunc(s.Hosts(), func(host string) bool {
		_, bare, _ := engine.CutNamespace(host)
		return bare != "*" && engine.Covered(bare, names)
	})
}

// referenced reports whether a Gateway uses a Secret.
func referenced(x *engine.Context, secret string) bool {
	return slices.ContainsFunc(x.Snap.List(object.GatewayKind, "").Objects, func(gateway *unstructured.Unstructured) bool {
		return slices.ContainsFunc(object.List(gateway.Object, "spec", "servers"), func(server map[string]any) bool {
			return object.Text(server, "tls", "credentialName") == secret
		})
	})
}
