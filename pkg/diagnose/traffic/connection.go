// Package traffic provides facts about the connections that a tenant requires:
// gateways, routes, Services, and the policies that allow or deny a connection.
package traffic

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Connection is traffic that a tenant requires: from the pods of one workload to a port
// of another workload.
type Connection struct {
	// From and To are the two workloads; From is nil for clients outside of the cluster.
	From, To *unstructured.Unstructured
	// Service is the Service that the client connects to, servicePort its port.
	Service     *unstructured.Unstructured
	servicePort int64
	// port is the port of the containers, 0 if it can't be resolved.
	port int64
	// tcp means that Istio does not parse the traffic as HTTP.
	tcp bool
}

// String names both ends of the connection.
func (c Connection) String() string {
	return "connections from " + c.client() + " to " + object.RefOf(c.To).String()
}

func (c Connection) client() string {
	if c.From == nil {
		return "clients outside of the cluster"
	}
	return object.RefOf(c.From).String()
}

// Connections are those of the tenant in a namespace: from its gateway pods to the
// destinations of its routes, and from Orthanc to the database.
func Connections(x *engine.Context, namespace string) []Connection {
	return engine.Memoize(x, connectionsIn(namespace), func() []Connection { return findConnections(x, namespace) })
}

// connectionsIn is the key of the connections of a namespace's tenant.
type connectionsIn string

func findConnections(x *engine.Context, namespace string) []Connection {
	var found []Connection
	add := func(c Connection) {
		if !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	for _, obj := range x.Snap.List(object.VirtualServiceKind, namespace).Objects {
		r := Route{X: x, Obj: obj, Result: &engine.Result{}}
		for _, rule := range r.Rules() {
			for _, to := range rule.Destinations() {
				for _, c := range r.connections(to) {
					add(c)
				}
			}
		}
	}
	for _, c := range databaseConnections(x, namespace) {
		add(c)
	}
	return found
}

// connections are those that one destination of a route requires.
func (r Route) connections(to RouteDestination) []Connection {
	name, namespace, ok := ServiceHost(to.Host(), r.Obj.GetNamespace())
	if !ok {
		return nil
	}
	service := r.X.Snap.Lookup(engine.CoreRef(object.ServiceKind.Kind, namespace, name)).Object
	if service == nil {
		return nil
	}
	var found []Connection
	for _, entry := range r.Gateways() {
		if entry.Obj == nil {
			continue
		}
		for _, from := range (Gateway{X: r.X, Obj: entry.Obj}).Serving() {
			found = append(found, toService(r.X, from, service, to.Port(service), to.Rule.Protocol != "http")...)
		}
	}
	return found
}

// fromOutside are the connections from clients to the gateway pods of the Gateways in a
// namespace.
func fromOutside(x *engine.Context, namespace string) []Connection {
	var found []Connection
	for _, obj := range x.Snap.List(object.GatewayKind, namespace).Objects {
		serving := (Gateway{X: x, Obj: obj}).Serving()
		for i, spec := range object.List(obj.Object, "spec", "servers") {
			server := GatewayServer{i, spec}
			for _, service := range ServicesSelecting(x, serving) {
				for _, c := range toService(x, nil, service, server.Number(), RouteProtocol(server) != "http") {
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
func toService(x *engine.Context, from, svc *unstructured.Unstructured, number int64, tcp bool) []Connection {
	var found []Connection
	for i, port := range object.List(svc.Object, "spec", "ports") {
		if object.Int(port, "port") != number {
			continue
		}
		behind := x.Selected(engine.SelectorOf(svc), svc.GetNamespace())
		_, mistaken := Service{x, svc, &engine.Result{}}.MistakenPort(i, port, behind)
		for _, to := range behind {
			c := Connection{From: from, To: to, Service: svc, servicePort: number, port: targetNumber(x, port, to), tcp: tcp}
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
func databaseConnections(x *engine.Context, namespace string) []Connection {
	var databases, pooled, orthancs []*unstructured.Unstructured
	for _, set := range x.Snap.List(object.StatefulSetKind, namespace).Objects {
		if tenant.IsDatabase(set) {
			databases = append(databases, set)
		}
	}
	for _, kind := range []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind} {
		for _, workload := range x.Snap.List(kind, namespace).Objects {
			switch {
			case pods.InFront(workload, databases):
				pooled = append(pooled, workload)
			case tenant.IsOrthanc(workload):
				orthancs = append(orthancs, workload)
			}
		}
	}
	if len(pooled) == 0 {
		return toDatabases(x, orthancs, databases)
	}
	return append(toDatabases(x, orthancs, pooled), toDatabases(x, pooled, databases)...)
}

// postgresPort is where PostgreSQL and its connection pools listen.
const postgresPort = 5432

// toDatabases are the connections from workloads to databases, through the Services of
// the databases that have the port of PostgreSQL.
func toDatabases(x *engine.Context, from, to []*unstructured.Unstructured) []Connection {
	var found []Connection
	for _, database := range to {
		for _, service := range ServicesSelecting(x, []*unstructured.Unstructured{database}) {
			for _, client := range from {
				for _, c := range toService(x, client, service, postgresPort, true) {
					if c.To != database {
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

// RoutedTo reports whether a route has a port of the Service as its destination.
func RoutedTo(x *engine.Context, service *unstructured.Unstructured, port int64) bool {
	for _, c := range Connections(x, service.GetNamespace()) {
		if c.Service == service && c.servicePort == port {
			return true
		}
	}
	return false
}
