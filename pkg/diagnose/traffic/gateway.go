package traffic

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Gateway is one Gateway under examination.
type Gateway struct {
	X      *engine.Context
	Obj    *unstructured.Unstructured
	Result *engine.Result
}

// GatewayServer is one entry of a Gateway's spec.servers.
type GatewayServer struct {
	Index int
	Spec  map[string]any
}

// Path is the path in the Gateway of a field of the server.
func (s GatewayServer) Path(below string) string {
	return fmt.Sprintf("spec.servers[%d].%s", s.Index, below)
}

// Hosts are the hosts that the server serves, each with or without a namespace.
func (s GatewayServer) Hosts() []string { return object.Texts(s.Spec, "hosts") }

// Number is the number of the port on which the server listens.
func (s GatewayServer) Number() int64 { return object.Int(s.Spec, "port", "number") }

// Mode is the TLS mode, such as SIMPLE or PASSTHROUGH.
func (s GatewayServer) Mode() string { return object.Text(s.Spec, "tls", "mode") }

// HasTLS reports whether the server has TLS settings.
func (s GatewayServer) HasTLS() bool { return object.Map(s.Spec, "tls") != nil }

// Protocol is the protocol of the port, in capital letters.
func (s GatewayServer) Protocol() string {
	return strings.ToUpper(object.Text(s.Spec, "port", "protocol"))
}

// String is the address on which the server listens: "web.bhs.orthweb.com:443".
func (s GatewayServer) String() string {
	return fmt.Sprintf("%s:%d", strings.Join(s.Hosts(), ","), s.Number())
}

// Serving are the workloads whose pods serve the Gateway. Istio selects pods by label in
// all namespaces; if a tenant has its own ingress, that of another tenant with the same
// labels is ignored.
func (g Gateway) Serving() []*unstructured.Unstructured {
	selector := engine.SelectorOf(g.Obj)
	if own := g.X.Selected(selector, g.Obj.GetNamespace()); len(own) > 0 {
		return own
	}
	return g.X.Selected(selector, "")
}

// SelectorFixes are the fixes for a selector that matches no pods: the label that was
// meant, if a pod has a similar one, and what to compare. With a namespace, only pods in
// it can be meant.
func SelectorFixes(x *engine.Context, f *finding.Finding, obj *unstructured.Unstructured, namespace string) []finding.Fix {
	command := "kubectl get pods -A --show-labels"
	if namespace != "" {
		command = escape.Command("kubectl get pods -n %s --show-labels", namespace)
	}
	look := finding.Fix{Text: "Compare spec.selector with the labels of the pods", Command: command}
	near, ok := engine.NearestLabels(engine.SelectorOf(obj), workloads(x, obj.GetNamespace()))
	if !ok && namespace == "" {
		near, ok = engine.NearestLabels(engine.SelectorOf(obj), workloads(x, ""))
	}
	if peer := x.Peer(object.RefOf(obj)); !ok && peer != nil {
		return append(peerSelector(x, f, obj, peer), look)
	}
	if !ok {
		return []finding.Fix{look}
	}
	f.Message += fmt.Sprintf("; the pods of %s have %s=%s", object.RefOf(near.Workload), near.PodKey, near.PodValue)
	engine.Prove(f, near.Workload, near.Path())
	return []finding.Fix{{
		Text:    fmt.Sprintf("In spec.selector, write %s: %s instead of %s: %s", near.PodKey, near.PodValue, near.Key, near.Value),
		Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, "spec.selector"),
	}, look}
}

// peerSelector suggests the selector of another tenant's corresponding object, if it
// matches pods in the object's namespace.
func peerSelector(x *engine.Context, f *finding.Finding, obj, peer *unstructured.Unstructured) []finding.Fix {
	selector := engine.SelectorOf(peer)
	own := x.Selected(selector, obj.GetNamespace())
	if len(own) == 0 {
		return nil
	}
	f.Message += fmt.Sprintf("; the pods of %s have %s", object.RefOf(own[0]), engine.WriteLabels(selector))
	engine.Prove(f, peer, "spec.selector")
	engine.Prove(f, own[0], engine.LabelsPath(own[0]))
	return []finding.Fix{{
		Text:    fmt.Sprintf("In spec.selector, write %s, as in %s", engine.WriteLabels(selector), object.RefOf(peer)),
		Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, "spec.selector"),
	}}
}

// workloads are all workloads that a selector can match, in a namespace or in all.
func workloads(x *engine.Context, namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, kind := range engine.Selectable {
		found = append(found, x.Snap.List(kind, namespace).Objects...)
	}
	return found
}

// Balanced are the workloads of a namespace behind a load balancer.
func Balanced(x *engine.Context, namespace string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, service := range x.Snap.List(object.ServiceKind, namespace).Objects {
		if object.Text(service.Object, "spec", "type") != "LoadBalancer" {
			continue
		}
		for _, workload := range x.Selected(engine.SelectorOf(service), namespace) {
			if !slices.Contains(found, workload) {
				found = append(found, workload)
			}
		}
	}
	return found
}

// Namespaces are the namespaces in which Istio reads the Gateway's certificates: those of
// the pods that serve it (istio.io, Gateway, ServerTLSSettings.credentialName).
func (g Gateway) Namespaces() []string {
	var found []string
	for _, workload := range g.Serving() {
		found = append(found, workload.GetNamespace())
	}
	if len(found) == 0 {
		found = append(found, g.Obj.GetNamespace())
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// ServicesSelecting are the Services that select the pods of workloads.
func ServicesSelecting(x *engine.Context, workloads []*unstructured.Unstructured) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, workload := range workloads {
		for _, service := range x.Snap.List(object.ServiceKind, workload.GetNamespace()).Objects {
			selector := engine.SelectorOf(service)
			if len(selector) > 0 && engine.Matches(selector, engine.PodLabels(workload)) && !slices.Contains(found, service) {
				found = append(found, service)
			}
		}
	}
	return found
}
