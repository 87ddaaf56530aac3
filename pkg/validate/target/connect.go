package target

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/portforward"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

// dial returns the function that connects; nil connects to the ingress's address.
func (d *describer) dial(chosen tenant.Tenant) func(context.Context, check.Subject, check.Endpoint) (net.Conn, error) {
	switch d.Via {
	case ViaDNS:
		return dialByName
	case endpoint.ViaPortForward:
		return dialThroughAPI(d.snap, chosen, portforward.New(d.config))
	}
	return nil
}

// dialByName connects to the address that this machine's resolver returns.
func dialByName(ctx context.Context, _ check.Subject, p check.Endpoint) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(p.Host, strconv.FormatInt(p.Port, 10)))
}

// dialThroughAPI connects to a pod behind a tenant's ingress through the API server, as
// `kubectl port-forward` does. The chosen tenant may be known only by its namespace.
func dialThroughAPI(snap *snapshot.Snapshot, chosen tenant.Tenant, dialer *portforward.Dialer) func(context.Context, check.Subject, check.Endpoint) (net.Conn, error) {
	var mu sync.Mutex                      // requests to several tenants run in parallel
	ports := map[string]portforward.Port{} // determined once for each tenant and port
	lookUp := func(s check.Subject, p check.Endpoint) (portforward.Port, error) {
		mu.Lock()
		defer mu.Unlock()
		key := fmt.Sprintf("%s:%d", s.Tenant, p.Port)
		port, ok := ports[key]
		if !ok {
			t, found := chosen, true
			if s.Tenant != chosen.Name {
				t, found = tenant.Find(tenant.Discover(snap), s.Tenant)
			}
			if !found {
				return port, fmt.Errorf("tenant %s does not exist", s.Tenant)
			}
			var err error
			if port, err = podBehind(snap, t, p.Port); err != nil {
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
func podBehind(snap *snapshot.Snapshot, t tenant.Tenant, number int64) (portforward.Port, error) {
	for _, group := range tenant.Pods(snap, tenant.Assess(snap, []tenant.Tenant{t})[0]) {
		if group.Section != tenant.Ingress {
			continue
		}
		at := slices.IndexFunc(group.Pods, tenant.PodReady)
		if at < 0 {
			return portforward.Port{}, fmt.Errorf("%s has no ready pod", group.Of)
		}
		pod := group.Pods[at]
		return portforward.Port{Namespace: pod.GetNamespace(), Pod: pod.GetName(), Number: int(tenant.TargetPort(snap.Lookup(group.Of).Object, pod, number))}, nil
	}
	return portforward.Port{}, fmt.Errorf("no Service was found for the Gateways of %s", t.Name)
}
