package apiserver

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplainAPIService blames the Service of an aggregated API that is not available
// (kube-aggregator v0.36, the controller "status/remote").
func ExplainAPIService(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	available := object.ConditionOf(obj, "Available")
	e := engine.Result{Verdict: health.Verdict{Ref: object.RefOf(obj), Status: health.Ready, Since: available.Since}}
	if available.Status != "False" {
		return e
	}
	e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message = health.Failing, health.Reason(available.Reason), health.FirstLine(available.Message)
	f := finding.Finding{
		Code: engine.CodeAPIServiceDown, Ref: e.Verdict.Ref, Reason: available.Reason, Severity: finding.Critical, Since: available.Since,
		Message:  fmt.Sprintf("%s is not available: %s", e.Verdict.Ref, health.FirstLine(available.Message)),
		Evidence: []finding.Evidence{engine.QuoteWithStatus(obj, available)},
		Fixes:    []finding.Fix{{Text: "Check why its server does not respond", Command: engine.Describe(e.Verdict.Ref)}},
	}
	service := engine.CoreRef(object.ServiceKind.Kind, object.Text(obj.Object, "spec", "service", "namespace"), object.Text(obj.Object, "spec", "service", "name"))
	switch answer := x.Snap.Lookup(service); {
	case service.Name == "":
	case answer.Presence == snapshot.Unknown:
		e.Unknown = append(e.Unknown, *answer.Failure)
	case answer.Presence == snapshot.Absent:
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: service, Field: "object", Value: "does not exist"})
		f.Fixes, e.Blame = refusal.RestoreService(x, obj, service)
	default:
		f.Fixes = apiServiceFix(answer.Object, f.Fixes[0], available.Message)
		e.Blame = append(e.Blame, service)
	}
	e.Findings = append(e.Findings, f)
	return e
}

// apiServiceFix is the fix if the Service's endpoints are ready, according to the error
// of the API server's calls.
func apiServiceFix(service *unstructured.Unstructured, look finding.Fix, message string) []finding.Fix {
	namespace := service.GetNamespace()
	logs := finding.Fix{Text: "Read the logs of its pods", Command: escape.Command("kubectl logs -n %s -l %s --tail=50 --prefix", namespace, engine.WriteLabels(engine.SelectorOf(service)))}
	switch {
	case strings.Contains(message, "deadline exceeded"), strings.Contains(message, "i/o timeout"), strings.Contains(message, "no route to host"), strings.Contains(message, "request canceled"):
		return []finding.Fix{{Text: "If its pods are ready, allow the port of " + object.RefOf(service).String() + "'s endpoints from the control plane (the API server) to the nodes and pods",
			Command: escape.Command("kubectl get endpointslices -n %s -l kubernetes.io/service-name=%s", namespace, service.GetName())}, logs}
	case strings.Contains(message, "x509"):
		return []finding.Fix{{Text: "Compare spec.caBundle of the APIService with the CA of the certificate that its pods serve", Command: look.Command}, logs}
	}
	return []finding.Fix{look, logs}
}
