package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// pendingClaim is a claim for which nobody makes a volume.
func pendingClaim(claim *unstructured.Unstructured, reason, why string, proof finding.Evidence, since time.Time) finding.Finding {
	ref := finding.RefOf(claim)
	return finding.Finding{
		Code: codeClaimPending, Ref: ref, Reason: reason, Severity: finding.Critical, Since: since,
		Message:  fmt.Sprintf("%s has no volume: %s", ref, why),
		Evidence: []finding.Evidence{proof},
		Fixes: []finding.Fix{{Text: "See what its provisioner says",
			Command: fmt.Sprintf("kubectl describe persistentvolumeclaim %s -n %s", ref.Name, ref.Namespace)}},
	}
}

// provisioning is the newest event about a volume that was not made.
func provisioning(events []event) (event, bool) {
	for _, e := range events {
		switch e.reason {
		case "ProvisioningFailed", "FailedBinding", "ProvisioningCleanupFailed", "VolumeMismatch", "ClaimMisbound":
			return e, true
		}
	}
	return event{}, false
}

// waitsForConsumer tells whether volumes of the class are made only once a pod
// has a node: then it is the pod that is looked at.
func (x *examiner) waitsForConsumer(class string) bool {
	obj := x.class(class)
	return obj != nil && field.Text(obj.Object, "volumeBindingMode") == "WaitForFirstConsumer"
}

// provisioner makes the volumes of a class.
func (x *examiner) provisioner(class string) string {
	if obj := x.class(class); obj != nil {
		return field.Text(obj.Object, "provisioner")
	}
	return ""
}

func (x *examiner) class(name string) *unstructured.Unstructured {
	return x.snap.Lookup(finding.Ref{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass", Name: name}).Object
}
