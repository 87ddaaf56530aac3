package dashboard

import (
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// health are the paths of the programs' own health checks, below the path of the web interface.
var health = map[string]string{Kiali.app: "/healthz", Prometheus.app: "/-/ready"}

// kialiRoot is the path of Kiali if its pod has no readiness probe (kiali-server's chart,
// server.web_root).
const kialiRoot = "/kiali"

// Address is the URL of the web interface at a host, which a pod's port is forwarded to. With a
// tenant, it is that of the page about the tenant, if the program has one.
func (e Endpoint) Address(pod *unstructured.Unstructured, host string, of *tenant.Tenant) *url.URL {
	probe := e.probe(pod)
	address := &url.URL{Scheme: "http", Host: host, Path: e.root(object.Text(probe, "path"))}
	if object.Text(probe, "scheme") == "HTTPS" || e.encrypted() {
		address.Scheme = "https"
	}
	switch {
	case of == nil:
	case e.Program.app == Kiali.app:
		address.Path += "console/graph/namespaces/"
		address.RawQuery = url.Values{"namespaces": {strings.Join(of.Namespaces, ",")}}.Encode()
	case e.Program.app == Prometheus.app:
		address.Path += "graph"
		address.RawQuery = url.Values{"g0.expr": {`up{namespace=~"` + strings.Join(of.Namespaces, "|") + `"}`}}.Encode()
	}
	return address
}

// encrypted reports whether the Service declares that the port has TLS.
func (e Endpoint) encrypted() bool {
	name := object.Text(e.port, "name")
	return name == "https" || strings.HasPrefix(name, "https-") || strings.EqualFold(object.Text(e.port, "appProtocol"), "https")
}

// root is the path of the web interface, by that of its readiness probe. It ends with a slash.
func (e Endpoint) root(probe string) string {
	if root, ok := strings.CutSuffix(probe, health[e.Program.app]); ok && health[e.Program.app] != "" && strings.HasPrefix(probe, "/") {
		return strings.TrimSuffix(root, "/") + "/"
	}
	if e.Program.app == Kiali.app {
		return kialiRoot + "/"
	}
	return "/"
}

// probe is the HTTP request of the readiness or liveness probe at the endpoint's port.
func (e Endpoint) probe(pod *unstructured.Unstructured) map[string]any {
	number := tenant.TargetPort(e.Service, pod, e.Port())
	for _, container := range object.List(pod.Object, "spec", "containers") {
		names := map[string]bool{}
		for _, port := range object.List(container, "ports") {
			if object.Int(port, "containerPort") == number {
				names[object.Text(port, "name")] = true
			}
		}
		for _, kind := range []string{"readinessProbe", "livenessProbe"} {
			get := object.Map(container, kind, "httpGet")
			if get != nil && (object.Int(get, "port") == number || names[object.Text(get, "port")]) {
				return get
			}
		}
	}
	return nil
}
