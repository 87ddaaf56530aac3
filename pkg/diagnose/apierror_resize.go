package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// sizePath is where a claim requests its size.
const sizePath = "spec.resources.requests.storage"

// resizeRefusal is a claim that is to be made smaller, or larger though its volume
// can't grow.
type resizeRefusal struct {
	claim  finding.Ref
	shrink bool
	detail string
}

// resizeRefused reads such a refusal (kubernetes v1.36,
// ValidatePersistentVolumeClaimUpdate of pkg/apis/core/validation: "field can not
// be less than status.capacity", up to v1.30 "… than previous value"; and the
// admission plugin PersistentVolumeClaimResize). The refused object is looked up
// only for such a message.
func resizeRefused(refused func() finding.Ref, said fluxmsg.APIError) (resizeRefusal, bool) {
	shrink := said.Problem == fluxmsg.APIInvalid && strings.HasSuffix(said.Field, "requests.storage") && strings.Contains(said.Detail, "can not be less than")
	if !shrink && !strings.Contains(said.Detail, "only dynamically provisioned pvc can be resized") {
		return resizeRefusal{}, false
	}
	claim := refused()
	return resizeRefusal{claim, shrink, firstLine(said.Detail)}, claim.GroupKind() == claimKind
}

// resize is such a refusal, which has nothing to do with rights and is no mistake
// in a field.
func (r apiRefusal) resize() (finding.Finding, bool) {
	refusal, ok := resizeRefused(r.refused, r.said)
	if !ok {
		return finding.Finding{}, false
	}
	f := r.plain(codeImmutable, string(r.said.Problem), "", "")
	f.Ref = refusal.claim
	what, proof, fixes := r.x.resizeAdvice(refusal)
	f.Message = refusal.claim.String() + " " + what
	f.Evidence, f.Fixes = append(proof, r.proof()...), fixes
	f.Fixes[0].File = r.file()
	return f, true
}

// resizeAdvice is what can't be done to a claim's size, and what can: nothing that
// deletes the claim or its volume.
func (x *examiner) resizeAdvice(r resizeRefusal) (what string, proof []finding.Evidence, fixes []finding.Fix) {
	claim := x.snap.Lookup(r.claim).Object
	size, class := "", ""
	if claim != nil {
		size = cmp.Or(field.Text(claim.Object, "status", "capacity", "storage"), field.Text(claim.Object, "spec", "resources", "requests", "storage"))
		class, _ = claimClass(claim)
		proof = quoteFields(claim, sizePath, "status.capacity.storage")
	}
	has := strings.TrimSuffix(": "+size, ": ")
	if r.shrink {
		return "can't be made smaller: " + sizePath + ": " + r.detail, proof, []finding.Fix{
			{Text: "Request at least the size that the volume has" + has, Command: describe(r.claim)},
			{Text: "If it must be smaller, migrate the data: create a smaller claim with another name, copy the data to it, and have the workload use that"},
		}
	}
	what = "can't be made larger: " + r.detail
	fixes = []finding.Fix{{Text: "Request the size that the volume has" + has, Command: describe(r.claim)}}
	migrate := finding.Fix{Text: "If it must be larger, migrate the data: create a larger claim with another name, of a class that allows volume expansion, copy the data to it, and have the workload use that"}
	if claim != nil && class == "" {
		return "can't be made larger: its volume was not provisioned by a StorageClass", proof, append(fixes, migrate)
	}
	obj := x.class(class)
	if obj == nil || field.Bool(obj.Object, "allowVolumeExpansion") {
		return what, proof, append(fixes, migrate)
	}
	proof = append(append(proof, quoteClass(claim, class)), quoteFields(obj, "allowVolumeExpansion", "provisioner")...)
	driver := cmp.Or(field.Text(obj.Object, "provisioner"), "its provisioner")
	return fmt.Sprintf("can't be made larger: StorageClass %s does not allow expansion (allowVolumeExpansion)", class), proof, append(fixes, finding.Fix{
		Text:    fmt.Sprintf("If its driver %s can expand volumes, allow expansion in the class; existing claims can then grow", driver),
		Command: escape.Command(`kubectl patch storageclass %s -p '{"allowVolumeExpansion":true}'`, class),
	}, migrate)
}

// resized reports a release that changes the size of a claim in a way that can't be.
func (r release) resized(refusal fluxmsg.APIError, m statement) bool {
	resize, ok := resizeRefused(func() finding.Ref { return r.objectOf(refusal.Object) }, refusal)
	if !ok {
		return false
	}
	what, proof, fixes := r.x.resizeAdvice(resize)
	f := r.finding(codeReleaseField, m.reason, fmt.Sprintf("%s changes the size of %s, which %s", finding.RefOf(r.obj), resize.claim, what))
	f.Evidence = withProof(append([]finding.Evidence{m.proof}, proof...), f.Evidence...)
	f.Fixes = append(fixes, r.retry())
	f.Fixes[0].File = r.x.definedIn(r.obj)
	r.exam.findings = append(r.exam.findings, f)
	return true
}
