package diagnose

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// connection is traffic that a tenant requires: from the pods of one workload to a port
// of another workload.
type connection struct {
	// from is nil for clients outside of the cluster.
	from, to *unstructured.Unstructured
	// service is the Service that the client connects to, servicePort its port.
	service     *unstructured.Unstructured
	servicePort int64
	// port is the port of the containers, 0 if it can't be resolved.
	port int64
	// tcp means that Istio does not parse the traffic as HTTP.
	tcp bool
}

// String names both ends of the connection.
func (c connection) String() string {
	return "connections from " + c.client() + " to " + finding.RefOf(c.to).String()
}

func (c connection) client() string {
	if c.from == nil {
		return "clients outside of the cluster"
	}
	return finding.RefOf(c.from).String()
}

// connections are those of the tenant in a namespace: from its gateway pods to the
// destinations of its routes, and from Orthanc to the database.
func (x *examiner) connections(namespace string) []connection {
	return memoize(x, connectionsIn(namespace), func() []connection { return x.findConnections(namespace) })
}

// connectionsIn is the key of the connections of a namespace's tenant.
type connectionsIn string

func (x *examiner) findConnections(namespace string) []connection {
	var found []connection
	add := func(c connection) {
		if !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	for _, obj := range x.snap.List(health.VirtualServiceKind, namespace).Objects {
		r := route{x: x, obj: obj, exam: &exam{}}
		for _, rule := range r.rules() {
			for _, to := range rule.destinations() {
				for _, c := range r.connections(to) {
					add(c)
				}
			}
		}
	}
	for _, c := range x.databaseConnections(namespace) {
		add(c)
	}
	return found
}

// connections are those that one destination of a route requires.
func (r route) connections(to routeDestination) []connection {
	name, namespace, ok := serviceHost(to.host(), r.obj.GetNamespace())
	if !ok {
		return nil
	}
	service := r.x.snap.Lookup(coreRef(health.ServiceKind.Kind, namespace, name)).Object
	if service == nil {
		return nil
	}
	var found []connection
	for _, entry := range r.gateways() {
		if entry.obj == nil {
			continue
		}
		for _, from := range (gateway{x: r.x, obj: entry.obj}).serving() {
			found = append(found, r.x.toService(from, service, to.port(service), to.rule.protocol != "http")...)
		}
	}
	return found
}

// fromOutside are the connections from clients to the gateway pods of the Gateways in a
// namespace.
func (x *examiner) fromOutside(namespace string) []connection {
	var found []connection
	for _, obj := range x.snap.List(health.GatewayKind, namespace).Objects {
		serving := (gateway{x: x, obj: obj}).serving()
		for i, spec := range field.List(obj.Object, "spec", "servers") {
			server := gatewayServer{i, spec}
			for _, service := range x.fronts(serving) {
				for _, c := range x.toService(nil, service, server.number(), routeProtocol(server) != "http") {
					if !slices.Contains(found, c) {
						found = append(found, c)
					}
				}
			}
		}
	}
	return found
}

// toService are the connections from a workload to the pods of a Service. If targetPort
// is wrong, the Service is the problem, and policies are not evaluated for it.
func (x *examiner) toService(from, svc *unstructured.Unstructured, number int64, tcp bool) []connection {
	var found []connection
	for i, port := range field.List(svc.Object, "spec", "ports") {
		if field.Int(port, "port") != number {
			continue
		}
		behind := x.selected(selectorOf(svc), svc.GetNamespace())
		_, mistaken := service{x, svc, &exam{}}.mistaken(i, port, behind)
		for _, to := range behind {
			c := connection{from: from, to: to, service: svc, servicePort: number, port: x.targetNumber(port, to), tcp: tcp}
			if mistaken {
				c.port = 0
			}
			found = append(found, c)
		}
	}
	return found
}

// databaseConnections are the connections from Orthanc to the connection pool and from
// the pool to the database; without a pool, directly to the database. The port is that
// of PostgreSQL.
func (x *examiner) databaseConnections(namespace string) []connection {
	var databases, pooled, orthancs []*unstructured.Unstructured
	for _, set := range x.snap.List(health.StatefulSetKind, namespace).Objects {
		if tenant.IsDatabase(set) {
			databases = append(databases, set)
		}
	}
	for _, kind := range []schema.GroupKind{health.DeploymentKind, health.StatefulSetKind} {
		for _, workload := range x.snap.List(kind, namespace).Objects {
			switch {
			case inFront(workload, databases):
				pooled = append(pooled, workload)
			case tenant.IsOrthanc(workload):
				orthancs = append(orthancs, workload)
			}
		}
	}
	if len(pooled) == 0 {
		return x.toDatabases(orthancs, databases)
	}
	return append(x.toDatabases(orthancs, pooled), x.toDatabases(pooled, databases)...)
}

// postgresPort is where PostgreSQL and its connection pools listen.
const postgresPort = 5432

// toDatabases are the connections from workloads to databases, through the Services of
// the databases that have the port of PostgreSQL.
func (x *examiner) toDatabases(from, to []*unstructured.Unstructured) []connection {
	var found []connection
	for _, database := range to {
		for _, service := range x.fronts([]*unstructured.Unstructured{database}) {
			for _, client := range from {
				for _, c := range x.toService(client, service, postgresPort, true) {
					if c.to != database {
						continue
					}
					if c.port == 0 { // named, and no container declares it
						c.port = postgresPort
					}
					found = append(found, c)
				}
			}
		}
	}
	return found
}

// routedTo reports whether a route has a port of the Service as its destination.
func (x *examiner) routedTo(service *unstructured.Unstructured, port int64) bool {
	for _, c := range x.connections(service.GetNamespace()) {
		if c.service == service && c.servicePort == port {
			return true
		}
	}
	return false
}
