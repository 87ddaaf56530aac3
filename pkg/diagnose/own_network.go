package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// judgeService judges by the address of a load balancer, by its ports there, and by
// conditions that clouds add.
func judgeService(x *examiner, service *unstructured.Unstructured) exam {
	if e, ok := x.deleted(service); ok {
		return e
	}
	if e, ok := byConditions(service, ownConditions(service)); ok {
		return e
	}
	for i, ingress := range field.List(service.Object, "status", "loadBalancer", "ingress") {
		for j, port := range field.List(ingress, "ports") {
			if text := field.Text(port, "error"); text != "" {
				path := fmt.Sprintf("status.loadBalancer.ingress[%d].ports[%d]", i, j)
				says := fmt.Sprintf("its load balancer does not serve port %d: %s", field.Int(port, "port"), text)
				return ownFinding(service, health.Failing, codeNoAddress, finding.Critical, text, says, time.Time{},
					quoteFields(service, path+".port", path+".error")...)
			}
		}
	}
	v := x.health.Of(finding.RefOf(service))
	if v.Status == health.Ready {
		return exam{verdict: v}
	}
	severity := finding.Critical
	if v.Status == health.Progressing {
		severity = finding.Warning
	}
	return ownFinding(service, v.Status, codeNoAddress, severity, string(v.Reason), v.Message, v.Since, quoteFields(service, "spec.type", "spec.loadBalancerClass")...)
}

// judgeEndpointSlice counts the endpoints that receive traffic (discovery/v1: an unset
// condition means ready).
func judgeEndpointSlice(x *examiner, slice *unstructured.Unstructured) exam {
	if e, ok := x.deleted(slice); ok {
		return e
	}
	endpoints := field.List(slice.Object, "endpoints")
	proof := quoteFields(slice, "metadata.labels[kubernetes.io/service-name]")
	var names []string
	for i, endpoint := range endpoints {
		if ready, said := field.Map(endpoint, "conditions")["ready"].(bool); ready || !said {
			return readyExam(slice, time.Time{})
		}
		path := fmt.Sprintf("endpoints[%d].", i)
		if len(names) < maxNamed {
			proof = append(proof, quoteFields(slice, path+"conditions.ready", path+"targetRef.name")...)
		}
		if name := field.Text(endpoint, "targetRef", "name"); name != "" {
			names = append(names, name)
		}
	}
	return noneReady(slice, len(endpoints), names, proof)
}

// judgeEndpoints does the same for Endpoints (core/v1).
func judgeEndpoints(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	if _, led := obj.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"]; led { // a lock
		return readyExam(obj, time.Time{})
	}
	var names []string
	var proof []finding.Evidence
	total := 0
	for i, subset := range field.List(obj.Object, "subsets") {
		if len(field.List(subset, "addresses")) > 0 {
			return readyExam(obj, time.Time{})
		}
		for j, address := range field.List(subset, "notReadyAddresses") {
			total++
			path := fmt.Sprintf("subsets[%d].notReadyAddresses[%d].", i, j)
			if len(names) < maxNamed {
				proof = append(proof, quoteFields(obj, path+"ip", path+"targetRef.name")...)
			}
			if name := field.Text(address, "targetRef", "name"); name != "" {
				names = append(names, name)
			}
		}
	}
	return noneReady(obj, total, names, proof)
}

// noneReady reports a list of endpoints of which none receives traffic.
func noneReady(obj *unstructured.Unstructured, total int, names []string, proof []finding.Evidence) exam {
	reason, says := "NoEndpoints", "it has no endpoints: no pod receives the traffic of the Service"
	if total > 0 {
		reason, says = "EndpointsNotReady", fmt.Sprintf("none of its %d endpoints is ready", total)
	}
	if len(names) > 0 {
		says += " (" + strings.Join(names[:min(len(names), maxNamed)], ", ") + ")"
	}
	if len(proof) == 0 {
		proof = quoteFields(obj, "metadata.name")
	}
	return ownFinding(obj, health.Failing, codeEndpoints, finding.Critical, reason, says, time.Time{}, proof...)
}

// judgeIstio judges by what istiod writes if its status controllers are enabled:
// conditions, and messages of its analysis.
func judgeIstio(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	conditions := slices.DeleteFunc(ownConditions(obj), func(c ownCondition) bool { return c.Type == "Reconciled" }) // proxies that have it yet
	if e, ok := byConditions(obj, conditions); ok {
		return e
	}
	if e, ok := validated(obj); ok {
		return e
	}
	return readyExam(obj, time.Time{})
}

// validated reads the messages of Istio's analysis (istio.io/api,
// analysis/v1alpha1: level, and a type with a code and a name).
func validated(obj *unstructured.Unstructured) (exam, bool) {
	for i, message := range field.List(obj.Object, "status", "validationMessages") {
		level, path := field.Text(message, "level"), fmt.Sprintf("status.validationMessages[%d].", i)
		if level != "ERROR" && level != "WARNING" {
			continue
		}
		status, severity := health.Failing, finding.Critical
		if level == "WARNING" {
			severity = finding.Warning
		}
		name, code := field.Text(message, "type", "name"), field.Text(message, "type", "code")
		says := "Istio's analysis reports " + strings.TrimSpace(name+" "+code)
		return ownFinding(obj, status, codeOtherNotReady, severity, name, says, time.Time{},
			quoteFields(obj, path+"level", path+"type.code", path+"type.name", path+"documentationUrl")...), true
	}
	return exam{}, false
}

// judgeIngress judges by the address that an ingress controller sets.
func judgeIngress(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	if len(field.List(obj.Object, "status", "loadBalancer", "ingress")) > 0 {
		return readyExam(obj, time.Time{})
	}
	return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "NoAddress", "no ingress controller has given it an address",
		obj.GetCreationTimestamp().Time, quoteFields(obj, "spec.ingressClassName", "metadata.annotations[kubernetes.io/ingress.class]")...)
}

// judgeApplication judges by the status that Argo CD sets (argo-cd v2.13,
// pkg/apis/application/v1alpha1): its last operation, errors in conditions, the health
// of its objects, and whether they are as in Git.
func judgeApplication(x *examiner, app *unstructured.Unstructured) exam {
	if e, ok := x.deleted(app); ok {
		return e
	}
	if e, ok := byConditions(app, ownConditions(app)); ok {
		return e
	}
	at := func(path ...string) string { return field.Text(app.Object, append([]string{"status"}, path...)...) }
	proof := quoteFields(app, "status.health.status", "status.health.message", "status.sync.status", "status.operationState.phase", "status.operationState.message")
	if phase := at("operationState", "phase"); phase == "Failed" || phase == "Error" {
		return ownFinding(app, health.Failing, codeOtherNotReady, finding.Critical, phase, "its last sync failed: "+firstLine(at("operationState", "message")),
			field.Time(app.Object, "status", "operationState", "finishedAt"), proof...)
	}
	state := at("health", "status")
	says := "its health is " + state
	if message := firstLine(at("health", "message")); message != "" {
		says += ": " + message
	}
	switch {
	case state == "Degraded" || state == "Missing":
		return ownFinding(app, health.Failing, codeOtherNotReady, finding.Critical, state, says, time.Time{}, proof...)
	case state == "Progressing":
		return ownFinding(app, health.Progressing, codeUnderWay, finding.Warning, state, says, time.Time{}, proof...)
	case state == "Suspended":
		return ownFinding(app, health.Suspended, codeHalted, finding.Info, state, says, time.Time{}, proof...)
	case at("sync", "status") == "OutOfSync":
		return ownFinding(app, health.Progressing, codeUnderWay, finding.Warning, "OutOfSync", "its objects differ from its source (OutOfSync)", time.Time{}, proof...)
	case state == "Healthy":
		return readyExam(app, time.Time{})
	}
	return readyOrUnknown(app, nil)
}
