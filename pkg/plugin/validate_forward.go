package plugin

import (
	"context"
	"fmt"
	"net"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/portforward"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// dialThroughAPI connects to a pod behind the tenant's ingress through the API
// server, as `kubectl port-forward` does.
func dialThroughAPI(snap *snapshot.Snapshot, dialer *portforward.Dialer) func(context.Context, check.Subject, check.Endpoint) (net.Conn, error) {
	var mu sync.Mutex                      // requests to several tenants run in parallel
	ports := map[string]portforward.Port{} // determined once for each tenant and port
	lookUp := func(s check.Subject, p check.Endpoint) (portforward.Port, error) {
		mu.Lock()
		defer mu.Unlock()
		key := fmt.Sprintf("%s:%d", s.Tenant, p.Port)
		port, ok := ports[key]
		if !ok {
			var err error
			if port, err = podBehind(snap, s.Tenant, p.Port); err != nil {
				return port, err
			}
			ports[key] = port
		}
		return port, nil
	}
	return func(ctx context.Context, s check.Subject, p check.Endpoint) (net.Conn, error) {
		port, err := lookUp(s, p)
		if err != nil {
			return nil, err
		}
		return dialer.Dial(ctx, port)
	}
}

// podBehind is the first ready pod of the tenant's ingress, and the target of the
// Service's port in it.
func podBehind(snap *snapshot.Snapshot, name string, number int64) (portforward.Port, error) {
	chosen, _ := tenant.Find(tenant.Discover(snap), name)
	for _, link := range tenant.Assess(snap, []tenant.Tenant{chosen})[0].Chain {
		service := snap.Lookup(link.Ref).Object
		if link.Section != tenant.Ingress || service == nil {
			continue
		}
		for _, pod := range snap.List(object.PodKind, service.GetNamespace()).Objects {
			if !selected(service, pod) || !readyPod(pod) {
				continue
			}
			return portforward.Port{Namespace: pod.GetNamespace(), Pod: pod.GetName(), Number: targetPort(service, pod, number)}, nil
		}
		return portforward.Port{}, fmt.Errorf("%s has no ready pod", link.Ref)
	}
	return portforward.Port{}, fmt.Errorf("no Service was found for the Gateways of %s", name)
}

func selected(service, pod *unstructured.Unstructured) bool {
	selector := object.Map(service.Object, "spec", "selector")
	labels := pod.GetLabels()
	for key, value := range selector {
		if text, ok := value.(string); !ok || labels[key] != text {
			return false
		}
	}
	return len(selector) > 0
}

func readyPod(pod *unstructured.Unstructured) bool {
	return object.ConditionOf(pod, "Ready").Is("True")
}

// targetPort is the pod's port for a Service's: a number, the name of a container's port,
// or the same number by default (core/v1, ServicePort).
func targetPort(service, pod *unstructured.Unstructured, number int64) int {
	for _, port := range object.List(service.Object, "spec", "ports") {
		if object.Int(port, "port") != number {
			continue
		}
		if target := object.Int(port, "targetPort"); target != 0 {
			return int(target)
		}
		for _, container := range object.List(pod.Object, "spec", "containers") {
			for _, open := range object.List(container, "ports") {
				if object.Text(open, "name") == object.Text(port, "targetPort") {
					return int(object.Int(open, "containerPort"))
				}
			}
		}
	}
	return int(number)
}
