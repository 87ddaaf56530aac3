package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// explainAPIService follows an aggregated API that does not answer to the
// Service that should (kube-aggregator v0.36, the controller "status/remote").
func explainAPIService(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	available := field.ConditionOf(obj, "Available")
	e := exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready, Since: available.Since}}
	if available.Status != "False" {
		return e
	}
	e.verdict.Status, e.verdict.Reason, e.verdict.Message = health.Failing, health.Reason(available.Reason), firstLine(available.Message)
	f := finding.Finding{
		Code: codeAPIServiceDown, Ref: e.verdict.Ref, Reason: available.Reason, Severity: finding.Critical, Since: available.Since,
		Message:  fmt.Sprintf("%s is not available: %s", e.verdict.Ref, firstLine(available.Message)),
		Evidence: []finding.Evidence{quoteWithStatus(obj, available)},
		Fixes:    []finding.Fix{{Text: "Check why its server does not respond", Command: describe(e.verdict.Ref)}},
	}
	service := coreRef(health.ServiceKind.Kind, field.Text(obj.Object, "spec", "service", "namespace"), field.Text(obj.Object, "spec", "service", "name"))
	switch answer := x.snap.Lookup(service); {
	case service.Name == "":
	case answer.Presence == snapshot.Unknown:
		e.unknown = append(e.unknown, *answer.Why)
	case answer.Presence == snapshot.Absent:
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: service, Field: "object", Value: "does not exist"})
		f.Fixes, e.blame = x.restoreService(obj, service)
	default:
		f.Fixes = apiServiceFix(answer.Object, f.Fixes[0], available.Message)
		e.blame = append(e.blame, service)
	}
	e.findings = append(e.findings, f)
	return e
}

// apiServiceFix is what to do where the Service's endpoints are ready, by what the
// API server says of its calls.
func apiServiceFix(service *unstructured.Unstructured, look finding.Fix, message string) []finding.Fix {
	namespace := service.GetNamespace()
	logs := finding.Fix{Text: "Read the logs of its pods", Command: escape.Command("kubectl logs -n %s -l %s --tail=50 --prefix", namespace, writeLabels(selectorOf(service)))}
	switch {
	case strings.Contains(message, "deadline exceeded"), strings.Contains(message, "i/o timeout"), strings.Contains(message, "no route to host"), strings.Contains(message, "request canceled"):
		return []finding.Fix{{Text: "If its pods are ready, allow the port of " + finding.RefOf(service).String() + "'s endpoints from the control plane (the API server) to the nodes and pods",
			Command: escape.Command("kubectl get endpointslices -n %s -l kubernetes.io/service-name=%s", namespace, service.GetName())}, logs}
	case strings.Contains(message, "x509"):
		return []finding.Fix{{Text: "Compare spec.caBundle of the APIService with the CA of the certificate that its pods serve", Command: look.Command}, logs}
	}
	return []finding.Fix{look, logs}
}
