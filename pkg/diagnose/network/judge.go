package network

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgeService judges by the address of a load balancer, by its ports there, and by
// conditions that clouds add.
func JudgeService(x *engine.Context, service *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, service); ok {
		return e
	}
	if e, ok := selfreport.JudgeConditions(service, selfreport.Conditions(service)); ok {
		return e
	}
	for i, ingress := range object.List(service.Object, "status", "loadBalancer", "ingress") {
		for j, port := range object.List(ingress, "ports") {
			if text := object.Text(port, "error"); text != "" {
				path := fmt.Sprintf("status.loadBalancer.ingress[%d].ports[%d]", i, j)
				message := fmt.Sprintf("its load balancer does not serve port %d: %s", object.Int(port, "port"), text)
				return selfreport.OwnFinding(service, health.Failing, engine.CodeNoAddress, finding.Critical, text, message, time.Time{},
					selfreport.QuoteFields(service, path+".port", path+".error")...)
			}
		}
	}
	v := x.Health.Of(object.RefOf(service))
	if v.Status == health.Ready {
		return engine.Result{Verdict: v}
	}
	severity := finding.Critical
	if v.Status == health.Progressing {
		severity = finding.Warning
	}
	return selfreport.OwnFinding(service, v.Status, engine.CodeNoAddress, severity, string(v.Reason), v.Message, v.Since, selfreport.QuoteFields(service, "spec.type", "spec.loadBalancerClass")...)
}

// JudgeEndpointSlice counts the endpoints that receive traffic (discovery/v1: an unset
// condition means ready).
func JudgeEndpointSlice(x *engine.Context, slice *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, slice); ok {
		return e
	}
	endpoints := object.List(slice.Object, "endpoints")
	proof := selfreport.QuoteFields(slice, "metadata.labels[kubernetes.io/service-name]")
	var names []string
	for i, endpoint := range endpoints {
		if ready, reported := object.Map(endpoint, "conditions")["ready"].(bool); ready || !reported {
			return selfreport.ReadyResult(slice, time.Time{})
		}
		path := fmt.Sprintf("endpoints[%d].", i)
		if len(names) < engine.MaxNamed {
			proof = append(proof, selfreport.QuoteFields(slice, path+"conditions.ready", path+"targetRef.name")...)
		}
		if name := object.Text(endpoint, "targetRef", "name"); name != "" {
			names = append(names, name)
		}
	}
	return noneReady(slice, len(endpoints), names, proof)
}

// JudgeEndpoints does the same for Endpoints (core/v1).
func JudgeEndpoints(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	if _, led := obj.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"]; led { // a lock
		return selfreport.ReadyResult(obj, time.Time{})
	}
	var names []string
	var proof []finding.Evidence
	total := 0
	for i, subset := range object.List(obj.Object, "subsets") {
		if len(object.List(subset, "addresses")) > 0 {
			return selfreport.ReadyResult(obj, time.Time{})
		}
		for j, address := range object.List(subset, "notReadyAddresses") {
			total++
			path := fmt.Sprintf("subsets[%d].notReadyAddresses[%d].", i, j)
			if len(names) < engine.MaxNamed {
				proof = append(proof, selfreport.QuoteFields(obj, path+"ip", path+"targetRef.name")...)
			}
			if name := object.Text(address, "targetRef", "name"); name != "" {
				names = append(names, name)
			}
		}
	}
	return noneReady(obj, total, names, proof)
}

// noneReady reports a list of endpoints of which none receives traffic.
func noneReady(obj *unstructured.Unstructured, total int, names []string, proof []finding.Evidence) engine.Result {
	reason, message := "NoEndpoints", "it has no endpoints: no pod receives the traffic of the Service"
	if total > 0 {
		reason, message = "EndpointsNotReady", fmt.Sprintf("none of its %d endpoints is ready", total)
	}
	if len(names) > 0 {
		message += " (" + strings.Join(names[:min(len(names), engine.MaxNamed)], ", ") + ")"
	}
	if len(proof) == 0 {
		proof = selfreport.QuoteFields(obj, "metadata.name")
	}
	return selfreport.OwnFinding(obj, health.Failing, engine.CodeEndpoints, finding.Critical, reason, message, time.Time{}, proof...)
}

// JudgeIngress judges by the address that an ingress controller sets.
func JudgeIngress(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	if len(object.List(obj.Object, "status", "loadBalancer", "ingress")) > 0 {
		return selfreport.ReadyResult(obj, time.Time{})
	}
	return selfreport.OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "NoAddress", "no ingress controller has assigned an address to it",
		obj.GetCreationTimestamp().Time, selfreport.QuoteFields(obj, "spec.ingressClassName", "metadata.annotations[kubernetes.io/ingress.class]")...)
}
