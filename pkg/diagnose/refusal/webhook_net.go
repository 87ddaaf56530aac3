package refusal

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// isolating is a NetworkPolicy that selects the webhook's pods, if no NetworkPolicy that
// selects them allows the API server to connect to the port; nil otherwise. The API server is
// not a pod: only rules without "from", or with an ipBlock, allow it.
func (c WebhookCall) isolating(port int64) *unstructured.Unstructured {
	var first *unstructured.Unstructured
	listing := c.X.Snap.List(object.NetworkPolicyKind, c.service.Namespace)
	behind := c.behind()
	for _, policy := range listing.Objects {
		types := object.Texts(policy.Object, "spec", "policyTypes")
		selects := slices.ContainsFunc(behind, func(workload *unstructured.Unstructured) bool {
			return engine.LabelsMatch(object.Map(policy.Object, "spec", "podSelector"), engine.PodLabels(workload)) == engine.Yes
		})
		if !selects || len(types) > 0 && !slices.Contains(types, "Ingress") {
			continue
		}
		for _, rule := range object.List(policy.Object, "spec", "ingress") {
			if admitsAPIServer(rule, port) {
				return nil
			}
		}
		if first == nil {
			first = policy
		}
	}
	return first
}

func admitsAPIServer(rule map[string]any, port int64) bool {
	from := object.List(rule, "from")
	blocks := slices.ContainsFunc(from, func(peer map[string]any) bool { return object.Map(peer, "ipBlock") != nil })
	if len(from) > 0 && !blocks {
		return false
	}
	ports := object.List(rule, "ports")
	for _, p := range ports {
		low, high := object.Int(p, "port"), object.Int(p, "endPort")
		if low == 0 || port == 0 || low == port || high > 0 && low <= port && port <= high {
			return true // by name, or it is not known
		}
	}
	return len(ports) == 0
}

// readyEndpoints counts the ready endpoints of the Service, or the ready pods of its
// workloads if no EndpointSlice is known.
func (c WebhookCall) readyEndpoints() int {
	ready, listed := traffic.Service{X: c.X, Obj: c.answer.Object}.Ready()
	if listed {
		return ready
	}
	for _, workload := range c.behind() {
		ready += int(object.Int(workload.Object, "status", readyField(workload)))
	}
	return ready
}

// behind are the workloads whose pods the Service selects.
func (c WebhookCall) behind() []*unstructured.Unstructured {
	return slices.DeleteFunc(c.X.Selected(engine.SelectorOf(c.answer.Object), c.service.Namespace), func(obj *unstructured.Unstructured) bool { return obj.GetKind() == "Pod" })
}

// readyField is the status field with a workload's number of ready pods.
func readyField(workload *unstructured.Unstructured) string {
	if workload.GetKind() == object.DaemonSetKind.Kind {
		return "numberReady"
	}
	return "readyReplicas"
}

// endpointSlices are the EndpointSlices of the Service.
func (c WebhookCall) endpointSlices() []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, slice := range c.X.Snap.List(object.EndpointSliceKind, c.service.Namespace).Objects {
		if slice.GetLabels()["kubernetes.io/service-name"] == c.service.Name {
			found = append(found, slice)
		}
	}
	return found
}

// readyBefore reports whether an endpoint was ready before the time: its slice has not
// changed since, or its pod has been ready since before.
func (c WebhookCall) readyBefore(moment time.Time) bool {
	if len(c.endpointSlices()) == 0 {
		return slices.ContainsFunc(c.behind(), func(workload *unstructured.Unstructured) bool {
			return object.ConditionOf(workload, "Available").Since.Before(moment)
		})
	}
	for _, slice := range c.endpointSlices() {
		changed, err := time.Parse(time.RFC3339, slice.GetAnnotations()["endpoints.kubernetes.io/last-change-trigger-time"])
		unchanged := err == nil && changed.Before(moment)
		for _, endpoint := range object.List(slice.Object, "endpoints") {
			if ready, known := object.Map(endpoint, "conditions")["ready"].(bool); known && !ready {
				continue
			}
			pod := c.X.Snap.Lookup(engine.CoreRef("Pod", slice.GetNamespace(), object.Text(endpoint, "targetRef", "name"))).Object
			switch {
			case unchanged:
				return true
			case pod == nil:
				if err != nil {
					return true // nothing contradicts it
				}
			case object.ConditionOf(pod, "Ready").Since.Before(moment):
				return true
			}
		}
	}
	return false
}

// servicePort is the port of the Service that is called, nil if it has no such port.
func (c WebhookCall) servicePort() map[string]any {
	for _, port := range object.List(c.answer.Object.Object, "spec", "ports") {
		if object.Int(port, "port") == int64(c.hook.Port) {
			return port
		}
	}
	return nil
}

// webhookPorts are the ports on which the pods of well-known webhooks listen (istio 1.28,
// manifests/charts/istio-control/istio-discovery, templates/service.yaml; cert-manager
// 1.21, deploy/charts/cert-manager, webhook.securePort).
var webhookPorts = map[string]int64{"istiod": 15017, "cert-manager-webhook": 10250}

// podPort is the port of the pods to which the call is sent, 0 if it is not known: from
// the slices, the Service, the address in the error, or webhookPorts.
func (c WebhookCall) podPort() int64 {
	entry := c.servicePort()
	name := object.Text(entry, "name")
	for _, slice := range c.endpointSlices() {
		for _, port := range object.List(slice.Object, "ports") {
			if entry != nil && object.Text(port, "name") == name && object.Int(port, "port") > 0 {
				return object.Int(port, "port")
			}
		}
	}
	if port := object.Int(entry, "targetPort"); port > 0 {
		return port
	}
	clusterIP := object.Text(c.answer.Object.Object, "spec", "clusterIP")
	if dialed, err := netip.ParseAddrPort(c.hook.Dialed); err == nil && dialed.Addr().String() != clusterIP && int(dialed.Port()) != c.hook.Port {
		return int64(dialed.Port())
	}
	return webhookPorts[c.service.Name]
}

// blocked reports a call that times out although the endpoints are ready: the network
// does not let the API server connect to the pods.
func (c WebhookCall) blocked(detail string) ([]finding.Finding, []object.Ref) {
	port, ready := c.podPort(), c.readyEndpoints()
	what := "the pods' port"
	if port > 0 {
		what = "port " + strconv.FormatInt(port, 10)
	}
	f := c.finding(engine.CodeWebhookBlocked, string(c.hook.Failure), fmt.Sprintf("%s, although %s; the network between the control plane and the nodes does not forward the call to %s",
		detail, count(ready, "endpoint of "+c.service.String()+" is ready", "endpoints of "+c.service.String()+" are ready"), what))
	f.Evidence = append(f.Evidence, c.endpointProof()...)
	if policy := c.isolating(port); policy != nil {
		f.Ref, f.Reason = object.RefOf(policy), "Isolated"
		f.Message = fmt.Sprintf("the API server can't call webhook %s: %s; %s selects its pods and does not allow %s from the API server", c.hook.Name, detail, f.Ref, what)
		if selector, ok := engine.ValueAt(policy.Object, "spec.podSelector"); ok {
			f.Evidence = append(f.Evidence, engine.Evidence(policy, "spec.podSelector", selector, policy.GetCreationTimestamp().Time))
		}
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add a rule to %s that allows %s from the addresses of the API server (ipBlock)", f.Ref, what),
			File: flux.File(c.X, policy, "spec.ingress"), Command: escape.Command("kubectl get networkpolicy %s -n %s -o yaml", policy.GetName(), policy.GetNamespace())}}
		return single(f)
	}
	f.Fixes = []finding.Fix{
		{Text: fmt.Sprintf("Allow TCP %s from the control plane (the API server) to the nodes and pods, in the firewall or security group between them", what),
			Command: escape.Command("kubectl get endpointslices -n %s -l kubernetes.io/service-name=%s -o wide", c.service.Namespace, c.service.Name)},
		{Text: "Test a call through the API server: if it also times out, the network is the cause; if it returns immediately, check how long the webhook's pods take",
			Command: escape.Command("kubectl get --raw /api/v1/namespaces/%s/services/https:%s:%d/proxy/", c.service.Namespace, c.service.Name, c.hook.Port)},
	}
	return single(f)
}

// endpointProof quotes a ready endpoint.
func (c WebhookCall) endpointProof() []finding.Evidence {
	for _, slice := range c.endpointSlices() {
		for i, endpoint := range object.List(slice.Object, "endpoints") {
			if ready, known := object.Map(endpoint, "conditions")["ready"].(bool); known && ready {
				at, _ := time.Parse(time.RFC3339, slice.GetAnnotations()["endpoints.kubernetes.io/last-change-trigger-time"]) // zero without the annotation
				return []finding.Evidence{engine.Evidence(slice, fmt.Sprintf("endpoints[%d].conditions.ready", i), "true", at)}
			}
		}
	}
	for _, workload := range c.behind() {
		if ready := object.Int(workload.Object, "status", readyField(workload)); ready > 0 && len(c.endpointSlices()) == 0 {
			return []finding.Evidence{engine.Evidence(workload, "status."+readyField(workload), strconv.FormatInt(ready, 10), object.ConditionOf(workload, "Available").Since)}
		}
	}
	return nil
}

// notListening reports a connection that the pod's host refused although the endpoints
// are ready: nothing listens on the port that the Service targets.
func (c WebhookCall) notListening(detail string) finding.Finding {
	port := c.podPort()
	f := c.finding(engine.CodeWebhookPort, string(c.hook.Failure), fmt.Sprintf("%s, although %s", detail, count(c.readyEndpoints(), "endpoint is ready", "endpoints are ready")))
	f.Evidence = append(f.Evidence, c.endpointProof()...)
	f.Fixes = []finding.Fix{c.logs()}
	declared := c.declaredPorts()
	if port == 0 || len(declared) == 0 || slices.Contains(declared, port) {
		return f
	}
	f.Ref = c.service
	f.Message += fmt.Sprintf("; %s targets port %d, which no container of its pods declares", c.service, port)
	if entry := c.servicePort(); object.Int(entry, "targetPort") > 0 {
		at := slices.IndexFunc(object.List(c.answer.Object.Object, "spec", "ports"), func(p map[string]any) bool { return object.Int(p, "port") == int64(c.hook.Port) })
		f.Evidence = append(f.Evidence, engine.Evidence(c.answer.Object, fmt.Sprintf("spec.ports[%d].targetPort", at), strconv.FormatInt(port, 10), time.Time{}))
	}
	f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("Compare targetPort %d of %s with the ports on which its pods listen", port, c.service),
		File: flux.File(c.X, c.answer.Object, "spec.ports"), Command: escape.Command("kubectl describe service %s -n %s", c.service.Name, c.service.Namespace)}}, f.Fixes...)
	return f
}

// declaredPorts are the ports that the containers behind the Service declare.
func (c WebhookCall) declaredPorts() []int64 {
	var ports []int64
	for _, workload := range c.X.Selected(engine.SelectorOf(c.answer.Object), c.service.Namespace) {
		path := []string{"spec", "template", "spec", "containers"}
		if workload.GetKind() == "Pod" {
			path = []string{"spec", "containers"}
		}
		for _, container := range object.List(workload.Object, path...) {
			for _, p := range object.List(container, "ports") {
				ports = append(ports, object.Int(p, "containerPort"))
			}
		}
	}
	return ports
}
