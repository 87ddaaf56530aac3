package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func init() { register(explainAPIService, apiServiceKind) }

// explainAPIService follows an aggregated API that does not answer to the
// Service that should (kube-aggregator v0.36, the controller "status/remote").
func explainAPIService(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	available := conditionOf(obj, "Available")
	e := exam{verdict: health.Verdict{Ref: finding.RefOf(obj), Status: health.Ready, Since: available.since}}
	if available.status != "False" {
		return e
	}
	e.verdict.Status, e.verdict.Reason, e.verdict.Message = health.Failing, available.reason, firstLine(available.message)
	group := field.Text(obj.Object, "spec", "group")
	f := finding.Finding{
		Code: codeAPIServiceDown, Ref: e.verdict.Ref, Reason: available.reason, Severity: finding.Critical, Since: available.since,
		Message:  fmt.Sprintf("the kinds of %s can't be used: %s", group, firstLine(available.message)),
		Evidence: []finding.Evidence{available.proof(obj)},
		Fixes:    []finding.Fix{{Text: "Bring the API's server back, or remove the APIService if it was removed for good", Command: describe(e.verdict.Ref)}},
	}
	service := coreRef(health.ServiceKind.Kind, field.Text(obj.Object, "spec", "service", "namespace"), field.Text(obj.Object, "spec", "service", "name"))
	switch answer := x.snap.Lookup(service); {
	case service.Name == "":
	case answer.Presence == snapshot.Unknown:
		e.unknown = append(e.unknown, *answer.Why)
	case answer.Presence == snapshot.Absent:
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: service, Field: "object", Value: "does not exist"})
	default:
		e.blame = append(e.blame, service)
	}
	e.findings = append(e.findings, f)
	return e
}
