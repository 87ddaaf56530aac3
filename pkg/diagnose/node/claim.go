package node

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainClaim reports why a claim has no volume: it has no class, the class does not
// exist, or its provisioner did not create one.
func ExplainClaim(x *engine.Context, claim *unstructured.Unstructured, failing bool) engine.Result {
	ref := object.RefOf(claim)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Progressing, Since: claim.GetCreationTimestamp().Time}}
	phase := object.Text(claim.Object, "status", "phase")
	e.Verdict.Reason = health.Reason(phase)
	switch {
	case phase == "Bound":
		e.Verdict.Status, e.Verdict.Reason = health.Ready, ""
		return e
	case phase == "Lost":
		fail(&e, lostClaim(claim))
		return e
	}
	class, named := engine.ClaimClass(claim)
	if unread := x.Unreadable(object.StorageClassKind, ""); len(unread) > 0 {
		e.Unknown = unread
	} else if f, ok := classMissing(x, claim, class, named); ok {
		fail(&e, f)
		return e
	}
	if f, ok := namedVolume(x, claim); ok {
		fail(&e, f)
		return e
	}
	if event, ok := provisioning(x.Warnings(claim)); ok {
		e.Unknown = nil
		fail(&e, notProvisioned(x, claim, event))
		return e
	}
	switch {
	case !failing:
	case waitsForConsumer(x, class):
		claimUnused(x, claim, class, &e)
	default:
		e.Fallback = append(e.Fallback, silentProvisioner(x, claim, class, e.Verdict.Since))
	}
	return e
}

// fail adds the finding and makes it the verdict.
func fail(e *engine.Result, f finding.Finding) {
	e.Findings = append(e.Findings, f)
	e.Verdict.Status, e.Verdict.Reason, e.Verdict.Message = health.Failing, health.Reason(f.Reason), f.Message
	if !f.Since.IsZero() {
		e.Verdict.Since = f.Since
	}
}

// classMissing reports a claim without a class, or with one that does not exist. The
// classes must be readable.
func classMissing(x *engine.Context, claim *unstructured.Unstructured, class string, named bool) (finding.Finding, bool) {
	ref := object.RefOf(claim)
	classes := x.Snap.List(object.StorageClassKind, "").Objects
	f := finding.Finding{Code: engine.CodeStorageClass, Severity: finding.Critical, Since: claim.GetCreationTimestamp().Time}
	f.Ref = object.Ref{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass", Name: class}
	var names []string
	for _, c := range classes {
		names = append(names, c.GetName())
	}
	switch {
	case !named && !slices.ContainsFunc(classes, engine.IsDefault):
		f.Reason, f.Ref.Name = "NoDefaultStorageClass", "(default)"
		f.Message = fmt.Sprintf("%s has no StorageClass, and no StorageClass is the default, so no volume is provisioned for it", ref)
		f.Evidence = append([]finding.Evidence{engine.Evidence(claim, "status.phase", object.Text(claim.Object, "status", "phase"), f.Since)}, defaultMarks(classes)...)
		f.Fixes = defaultFixes(x, claim, names)
	case class != "" && !slices.Contains(names, class) && !staticVolume(x, class):
		f.Reason = "ProvisioningFailed"
		f.Message = fmt.Sprintf("%s requests StorageClass %s, which does not exist", ref, class)
		f.Evidence = []finding.Evidence{engine.QuoteClass(claim, class), {Ref: f.Ref, Field: "object", Value: "does not exist"}}
		f.Fixes = []finding.Fix{{Text: "Set a StorageClass that exists" + firstNames(names), File: flux.File(x, claim, "storageClass"), Command: "kubectl get storageclasses"}}
	default:
		return finding.Finding{}, false
	}
	if event, ok := provisioning(x.Warnings(claim)); ok {
		f.Evidence = append(f.Evidence, engine.EventEvidence(ref, event))
	}
	return f, true
}

// defaultMarks quote the annotations of classes that are not the default.
func defaultMarks(classes []*unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for _, class := range classes {
		if value, ok := class.GetAnnotations()[engine.DefaultClass]; ok {
			proof = append(proof, engine.Evidence(class, "metadata.annotations["+engine.DefaultClass+"]", value, time.Time{}))
		}
	}
	return proof
}

// staticVolume reports whether volumes with the class's name were created manually, which
// need no class.
func staticVolume(x *engine.Context, class string) bool {
	return slices.ContainsFunc(x.Snap.List(object.VolumeKind, "").Objects, func(volume *unstructured.Unstructured) bool {
		return object.Text(volume.Object, "spec", "storageClassName") == class && object.Text(volume.Object, "status", "phase") == "Available"
	})
}

// defaultFixes are the fixes for a claim without a class: only the user can decide which
// class is right, unless there is only one.
func defaultFixes(x *engine.Context, claim *unstructured.Unstructured, names []string) []finding.Fix {
	if len(names) == 0 {
		return []finding.Fix{{Text: "Install a storage driver with a StorageClass: the cluster has none", Command: "kubectl get storageclasses"}}
	}
	byName := finding.Fix{Text: "Set a StorageClass in the claim" + firstNames(names), File: flux.File(x, claim, "storageClass"), Command: "kubectl get storageclasses"}
	if len(names) > 1 {
		return []finding.Fix{byName}
	}
	return []finding.Fix{{Text: "Make the only StorageClass the default", Command: escape.Command("kubectl annotate storageclass %s %s=true", names[0], engine.DefaultClass)}, byName}
}

// firstNames lists the first names, for the end of a sentence.
func firstNames(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names[:min(len(names), engine.MaxNamed)], ", ")
}

func lostClaim(claim *unstructured.Unstructured) finding.Finding {
	ref := object.RefOf(claim)
	volume := object.Text(claim.Object, "spec", "volumeName")
	return finding.Finding{
		Code: engine.CodeClaimPending, Ref: ref, Reason: "ClaimLost", Severity: finding.Critical,
		Message:  fmt.Sprintf("PersistentVolume %s of %s no longer exists", volume, ref),
		Evidence: []finding.Evidence{engine.Evidence(claim, "status.phase", "Lost", time.Time{}), engine.Evidence(claim, "spec.volumeName", volume, time.Time{})},
		Fixes: []finding.Fix{
			{Text: "Find out whether the storage still has the volume's data: if so, create the PersistentVolume again for it, with the claim in spec.claimRef", Command: engine.Describe(ref)},
			{Text: "Only if the data is lost or backed up, and the volume cannot be restored, replace the claim and restore the backup"},
		},
	}
}

// ExplainVolume uses a volume's phase. A Released volume keeps its data and accepts no
// new claim, as its reclaim policy requests.
func ExplainVolume(x *engine.Context, volume *unstructured.Unstructured, failing bool) engine.Result {
	ref := object.RefOf(volume)
	e := engine.Result{Verdict: health.Verdict{Ref: ref, Status: health.Ready, Since: volume.GetCreationTimestamp().Time}}
	phase, why := object.Text(volume.Object, "status", "phase"), health.FirstLine(object.Text(volume.Object, "status", "message"))
	if phase != "Failed" { // its driver could not delete or recycle it
		return e
	}
	f := finding.Finding{
		Code: engine.CodeVolumeFailed, Ref: ref, Reason: "VolumeFailed", Severity: finding.Critical,
		Message:  ref.String() + " could not be reclaimed after its claim was deleted",
		Evidence: []finding.Evidence{engine.Evidence(volume, "status.phase", phase, time.Time{})},
		Fixes:    []finding.Fix{{Text: "Read the driver's messages in the events of the volume; its data may still exist", Command: engine.Describe(ref)}},
	}
	if why != "" {
		f.Message += ": " + why
		f.Evidence = append(f.Evidence, engine.Evidence(volume, "status.message", object.Text(volume.Object, "status", "message"), time.Time{}))
	}
	fail(&e, f)
	return e
}
