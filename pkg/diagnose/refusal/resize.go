package refusal

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ResizeRefusal is a rejected request to shrink a claim, or to expand one whose volume
// can't grow.
type ResizeRefusal struct {
	Claim  object.Ref
	shrink bool
	detail string
}

// ResizeRefused parses such an error (kubernetes v1.36,
// ValidatePersistentVolumeClaimUpdate of pkg/apis/core/validation: "field can not be less
// than status.capacity", up to v1.30 "… than previous value"; and the admission plugin
// PersistentVolumeClaimResize). The rejected object is looked up only for such a message.
func ResizeRefused(refused func() object.Ref, parsed apierror.Error) (ResizeRefusal, bool) {
	shrink := parsed.Problem == apierror.ProblemInvalid && strings.HasSuffix(parsed.Field, "requests.storage") && strings.Contains(parsed.Detail, "can not be less than")
	if !shrink && !strings.Contains(parsed.Detail, "only dynamically provisioned pvc can be resized") {
		return ResizeRefusal{}, false
	}
	claim := refused()
	return ResizeRefusal{claim, shrink, health.FirstLine(parsed.Detail)}, claim.GroupKind() == object.ClaimKind
}

// resize reports such an error, which is neither a missing permission nor an invalid
// field.
func (r Refusal) resize() (finding.Finding, bool) {
	refusal, ok := ResizeRefused(r.Refused, r.Parsed)
	if !ok {
		return finding.Finding{}, false
	}
	f := r.refusedFinding(engine.CodeImmutable, string(r.Parsed.Problem), "", "")
	f.Ref = refusal.Claim
	what, proof, fixes := ResizeAdvice(r.X, refusal)
	f.Message = refusal.Claim.String() + " " + what
	f.Evidence, f.Fixes = append(proof, r.proof()...), fixes
	f.Fixes[0].File = r.file()
	return f, true
}

// ResizeAdvice describes why the size of a claim can't be changed, and what can be done:
// nothing that deletes the claim or its volume.
func ResizeAdvice(x *engine.Context, r ResizeRefusal) (what string, proof []finding.Evidence, fixes []finding.Fix) {
	claim := x.Snap.Lookup(r.Claim).Object
	size, class := "", ""
	if claim != nil {
		size = cmp.Or(object.Text(claim.Object, "status", "capacity", "storage"), object.Text(claim.Object, "spec", "resources", "requests", "storage"))
		class, _ = engine.ClaimClass(claim)
		proof = selfreport.QuoteFields(claim, engine.SizePath, "status.capacity.storage")
	}
	has := strings.TrimSuffix(": "+size, ": ")
	if r.shrink {
		return "can't be made smaller: " + engine.SizePath + ": " + r.detail, proof, []finding.Fix{
			{Text: "Request at least the size that the volume has" + has, Command: engine.Describe(r.Claim)},
			{Text: "If it must be smaller, migrate the data: create a smaller claim with another name, copy the data to it, and have the workload use that"},
		}
	}
	what = "can't be made larger: " + r.detail
	fixes = []finding.Fix{{Text: "Request the size that the volume has" + has, Command: engine.Describe(r.Claim)}}
	migrate := finding.Fix{Text: "If it must be larger, migrate the data: create a larger claim with another name, of a class that allows volume expansion, copy the data to it, and have the workload use that"}
	if claim != nil && class == "" {
		return "can't be made larger: its volume was not provisioned by a StorageClass", proof, append(fixes, migrate)
	}
	obj := x.Class(class)
	if obj == nil || object.Bool(obj.Object, "allowVolumeExpansion") {
		return what, proof, append(fixes, migrate)
	}
	proof = append(append(proof, engine.QuoteClass(claim, class)), selfreport.QuoteFields(obj, "allowVolumeExpansion", "provisioner")...)
	driver := cmp.Or(object.Text(obj.Object, "provisioner"), "its provisioner")
	return fmt.Sprintf("can't be made larger: StorageClass %s does not allow expansion (allowVolumeExpansion)", class), proof, append(fixes, finding.Fix{
		Text:    fmt.Sprintf("If its driver %s can expand volumes, allow expansion in the class; existing claims can then grow", driver),
		Command: escape.Command(`kubectl patch storageclass %s -p '{"allowVolumeExpansion":true}'`, class),
	}, migrate)
}
