package pki

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgeSigningRequest reports the progress of a CertificateSigningRequest
// (certificates.k8s.io/v1).
func JudgeSigningRequest(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	who := selfreport.QuoteFields(obj, "spec.signerName", "spec.username")
	for _, kind := range []string{"Denied", "Failed"} {
		if c := object.ConditionOf(obj, kind); c.Status == "True" {
			message := "it was denied"
			if kind == "Failed" {
				message = "its signer could not sign it"
			}
			if line := health.FirstLine(c.Message); line != "" {
				message += ": " + line
			}
			return selfreport.OwnFinding(obj, health.Failing, engine.CodeSigning, finding.Critical, c.Reason, message, c.Since, append([]finding.Evidence{engine.QuoteWithStatus(obj, c)}, who...)...)
		}
	}
	approved := object.ConditionOf(obj, "Approved")
	switch {
	case approved.Status != "True":
		e := selfreport.OwnFinding(obj, health.Progressing, engine.CodeSigning, finding.Warning, "Pending", "it has not been approved or denied yet", obj.GetCreationTimestamp().Time, who...)
		e.Findings[0].Fixes = []finding.Fix{{Text: "Check who requests what, and approve or deny it", Command: selfreport.InspectCommand(object.RefOf(obj))}}
		return e
	case object.Text(obj.Object, "status", "certificate") == "":
		signer := object.Text(obj.Object, "spec", "signerName")
		return selfreport.OwnFinding(obj, health.Progressing, engine.CodeSigning, finding.Warning, "NotSigned", "it is approved, and signer "+signer+" has not signed it yet", approved.Since,
			append([]finding.Evidence{engine.QuoteWithStatus(obj, approved)}, who...)...)
	}
	return selfreport.ReadyResult(obj, approved.Since)
}
