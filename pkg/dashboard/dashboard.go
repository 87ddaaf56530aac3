// Package dashboard finds the web interfaces of the platform and of its tenants in a snapshot:
// the Service and its port, a pod to connect to, the address of a page, and where the
// credentials are. It never reads the credentials.
package dashboard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Program is a program with a web interface.
type Program struct {
	// Title is its name.
	Title string
	// app is the value of the label app.kubernetes.io/name, and the name of its Service or the
	// end of it.
	app string
	// ports are the numbers and the names of the port of its web interface, the likeliest first.
	ports []string
}

// The programs. Their charts are kiali-server, grafana, kube-prometheus-stack and prometheus, and
// Istio's samples/addons.
var (
	Kiali      = Program{Title: "Kiali", app: "kiali", ports: []string{"20001", "http", "https", "tcp"}}
	Grafana    = Program{Title: "Grafana", app: "grafana", ports: []string{"3000", "service", "http-web", "http", "https", "80", "443"}}
	Prometheus = Program{Title: "Prometheus", app: "prometheus", ports: []string{"9090", "http-web", "web", "http", "https", "80", "443"}}
	Orthanc    = Program{Title: "Orthanc", app: "orthanc", ports: []string{"8042", "http", "https", "http-web", "web", "80", "443"}}
)

// Endpoint is a port of a Service.
type Endpoint struct {
	Program Program
	Service *unstructured.Unstructured
	port    map[string]any
}

// Ref names the Service.
func (e Endpoint) Ref() object.Ref { return object.RefOf(e.Service) }

// Port is the number of the Service's port.
func (e Endpoint) Port() int64 { return object.Int(e.port, "port") }

// likeness is how surely a Service is that of the program: 0 if it is not.
func (p Program) likeness(service *unstructured.Unstructured) int {
	selector := object.Map(service.Object, "spec", "selector")
	names := service.GetLabels()
	sure := 0
	switch name := service.GetName(); {
	case len(selector) == 0 || p.portOf(service) == nil:
		return 0
	case object.Text(selector, "app.kubernetes.io/name") == p.app, object.Text(selector, "app") == p.app:
		sure = 6
	case names["app.kubernetes.io/name"] == p.app, names["app"] == p.app:
		sure = 4
	case name == p.app, strings.HasSuffix(name, "-"+p.app):
		sure = 2
	default:
		return 0
	}
	if object.Text(service.Object, "spec", "clusterIP") == "None" { // of the pods of a StatefulSet
		sure--
	}
	return sure
}

// portOf is the Service's port of the web interface, nil if it has none.
func (p Program) portOf(service *unstructured.Unstructured) map[string]any {
	ports := object.List(service.Object, "spec", "ports")
	ports = slices.DeleteFunc(ports, func(port map[string]any) bool {
		protocol := object.Text(port, "protocol")
		return protocol != "" && protocol != "TCP"
	})
	for _, want := range p.ports {
		for _, port := range ports {
			named := []string{object.Text(port, "name"), fmt.Sprint(object.Int(port, "port")), fmt.Sprint(object.Int(port, "targetPort"))}
			if slices.Contains(named, want) {
				return port
			}
		}
	}
	return nil
}

// Find finds the program in a namespace, or in all of them if that is empty.
func Find(snap *snapshot.Snapshot, p Program, namespace string) (Endpoint, error) {
	listing := snap.List(object.ServiceKind, namespace)
	services := listing.Objects
	best := 1
	for _, service := range services {
		best = max(best, p.likeness(service))
	}
	services = slices.DeleteFunc(slices.Clone(services), func(s *unstructured.Unstructured) bool { return p.likeness(s) < best })
	if len(services) > 1 && !slices.ContainsFunc(services, func(s *unstructured.Unstructured) bool { return !samePods(s, services[0]) }) {
		services = services[:1]
	}
	hint := fmt.Sprintf("Looked for Services with the label or selector app.kubernetes.io/name=%s, and for names that end with %s. If it is installed, specify its namespace with -n.", p.app, p.app)
	return choose(p, services, listing.Unknown, namespace, hint)
}

// samePods reports whether two Services select the same pods.
func samePods(a, b *unstructured.Unstructured) bool {
	return a.GetNamespace() == b.GetNamespace() && selectorText(a) == selectorText(b)
}

// choose is the endpoint of the only Service.
func choose(p Program, services []*unstructured.Unstructured, unread []snapshot.Failure, namespace, hint string) (Endpoint, error) {
	where := "in any namespace"
	if namespace != "" {
		where = "in namespace " + namespace
	}
	switch {
	case len(services) == 1:
		return Endpoint{p, services[0], p.portOf(services[0])}, nil
	case len(services) > 1:
		var names []string
		for _, s := range services {
			names = append(names, s.GetNamespace()+"/"+s.GetName())
		}
		return Endpoint{}, advice.Add(fmt.Errorf("%d Services %s may be those of %s: %s", len(services), where, p.Title, strings.Join(names, ", ")),
			"Specify the namespace of one of them with -n, or forward its port: kubectl port-forward.")
	case len(unread) > 0:
		return Endpoint{}, advice.Add(fmt.Errorf("looking for the Service of %s: %s", p.Title, unread[0]),
			"Request this permission, or specify a namespace that you can read with -n.")
	}
	return Endpoint{}, advice.Add(fmt.Errorf("no Service of %s was found %s", p.Title, where), "%s", escape.Composed(escape.Line(hint)))
}

// OfTenant finds the web interface of a tenant's Orthanc: the Service that selects the pods of a
// workload that runs Orthanc.
func OfTenant(snap *snapshot.Snapshot, t tenant.Tenant) (Endpoint, error) {
	var found []*unstructured.Unstructured
	var unread []snapshot.Failure
	for _, namespace := range t.Namespaces {
		services := snap.List(object.ServiceKind, namespace)
		deployments, sets := snap.List(object.DeploymentKind, namespace), snap.List(object.StatefulSetKind, namespace)
		unread = slices.Concat(unread, services.Unknown, deployments.Unknown, sets.Unknown)
		for _, service := range services.Objects {
			selects := tenant.SelectedBy(service)
			ofOrthanc := slices.ContainsFunc(slices.Concat(deployments.Objects, sets.Objects), func(workload *unstructured.Unstructured) bool {
				labels, _, _ := unstructured.NestedStringMap(workload.Object, "spec", "template", "metadata", "labels")
				pod := &unstructured.Unstructured{Object: map[string]any{}}
				pod.SetLabels(labels)
				return tenant.IsOrthanc(workload) && selects(pod)
			})
			if ofOrthanc && Orthanc.portOf(service) != nil {
				found = append(found, service)
			}
		}
	}
	if len(found) > 1 { // the headless Service of a StatefulSet is another name for the same pods
		found = slices.DeleteFunc(found, func(s *unstructured.Unstructured) bool { return object.Text(s.Object, "spec", "clusterIP") == "None" })
	}
	hint := "Looked for Services that select the pods of a Deployment or StatefulSet that runs Orthanc. See: kubectl orthweb status " + escape.ShellWord(t.Name)
	return choose(Orthanc, found, unread, strings.Join(t.Namespaces, ", "), hint)
}

// Pod is a ready pod of the endpoint, the newest, and its port.
func (e Endpoint) Pod(snap *snapshot.Snapshot) (*unstructured.Unstructured, int64, error) {
	listing := snap.List(object.PodKind, e.Service.GetNamespace())
	selects := tenant.SelectedBy(e.Service)
	pods := slices.DeleteFunc(slices.Clone(listing.Objects), func(pod *unstructured.Unstructured) bool {
		return !selects(pod) || !tenant.PodReady(pod) || pod.GetDeletionTimestamp() != nil
	})
	if len(pods) == 0 {
		if len(listing.Unknown) > 0 {
			return nil, 0, fmt.Errorf("the pods of %s could not be read: %s", e.Ref(), listing.Unknown[0])
		}
		return nil, 0, advice.Add(fmt.Errorf("%s has no ready pod", e.Ref()),
			"See why: %s", escape.Command("kubectl get pods -n %s --selector=%s", e.Service.GetNamespace(), selectorText(e.Service)))
	}
	pod := slices.MaxFunc(pods, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(b.GetName(), a.GetName()))
	})
	return pod, tenant.TargetPort(e.Service, pod, e.Port()), nil
}

// selectorText is the selector of a Service as kubectl accepts it.
func selectorText(service *unstructured.Unstructured) string {
	selector, _, _ := unstructured.NestedStringMap(service.Object, "spec", "selector")
	var parts []string
	for key, value := range selector {
		parts = append(parts, key+"="+value)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
