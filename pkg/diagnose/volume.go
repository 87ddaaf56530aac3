package diagnose

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainVolume goes by a volume's phase. One that is Released keeps its data and
// takes no new claim: somebody wanted it kept.
func explainVolume(x *examiner, volume *unstructured.Unstructured, failing bool) exam {
	ref := finding.RefOf(volume)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: volume.GetCreationTimestamp().Time}}
	phase, why := field.Text(volume.Object, "status", "phase"), firstLine(field.Text(volume.Object, "status", "message"))
	if phase != "Failed" { // its driver could not delete or recycle it
		return e
	}
	f := finding.Finding{
		Code: codeVolumeFailed, Ref: ref, Reason: "VolumeFailed", Severity: finding.Critical,
		Message:  ref.String() + " could not be reclaimed after its claim was deleted",
		Evidence: []finding.Evidence{evidence(volume, "status.phase", phase, time.Time{})},
		Fixes:    []finding.Fix{{Text: "Read its driver's messages in its events; its data may still exist", Command: describe(ref)}},
	}
	if why != "" {
		f.Message += ": " + why
		f.Evidence = append(f.Evidence, evidence(volume, "status.message", field.Text(volume.Object, "status", "message"), time.Time{}))
	}
	e.fail(f)
	return e
}
