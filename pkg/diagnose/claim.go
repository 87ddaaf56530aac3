package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainClaim tells why a claim has no volume: there is no class for it, the
// class is not there, or its provisioner did not make one.
func explainClaim(x *examiner, claim *unstructured.Unstructured, failing bool) exam {
	ref := finding.RefOf(claim)
	e := exam{verdict: health.Verdict{Ref: ref, Status: health.Progressing, Since: claim.GetCreationTimestamp().Time}}
	phase := field.Text(claim.Object, "status", "phase")
	e.verdict.Reason = health.Reason(phase)
	switch {
	case phase == "Bound":
		e.verdict.Status, e.verdict.Reason = health.Ready, ""
		return e
	case phase == "Lost":
		e.fail(lostClaim(claim))
		return e
	}
	class, named := claimClass(claim)
	if unread := x.unreadable(storageClassKind, ""); len(unread) > 0 {
		e.unknown = unread
	} else if f, ok := x.classMissing(claim, class, named); ok {
		e.fail(f)
		return e
	}
	if f, ok := x.namedVolume(claim); ok {
		e.fail(f)
		return e
	}
	if event, ok := provisioning(x.warnings(claim)); ok {
		e.unknown = nil
		e.fail(x.notProvisioned(claim, event))
		return e
	}
	switch {
	case !failing:
	case x.waitsForConsumer(class):
		x.unused(claim, class, &e)
	default:
		e.fallback = append(e.fallback, x.silentProvisioner(claim, class, e.verdict.Since))
	}
	return e
}

// fail makes the finding the exam's verdict too.
func (e *exam) fail(f finding.Finding) {
	e.findings = append(e.findings, f)
	e.verdict.Status, e.verdict.Reason, e.verdict.Message = health.Failing, health.Reason(f.Reason), f.Message
	if !f.Since.IsZero() {
		e.verdict.Since = f.Since
	}
}

// oldClassName is where claims named their class before Kubernetes 1.6.
const oldClassName = "volume.beta.kubernetes.io/storage-class"

// claimClass is the class that a claim asks for, and whether it names one at
// all: an empty name asks for a volume without a class.
func claimClass(claim *unstructured.Unstructured) (class string, named bool) {
	if old, ok := claim.GetAnnotations()[oldClassName]; ok {
		return old, true
	}
	_, named = field.Map(claim.Object, "spec")["storageClassName"]
	return field.Text(claim.Object, "spec", "storageClassName"), named
}

// defaultClass is the annotation on the class for claims that name none.
const defaultClass = "storageclass.kubernetes.io/is-default-class"

func isDefault(class *unstructured.Unstructured) bool {
	notes := class.GetAnnotations()
	return notes[defaultClass] == "true" || notes["storageclass.beta.kubernetes.io/is-default-class"] == "true"
}

// classMissing is a claim without a class, or with one that is not there. The
// classes must be readable.
func (x *examiner) classMissing(claim *unstructured.Unstructured, class string, named bool) (finding.Finding, bool) {
	ref := finding.RefOf(claim)
	classes := x.snap.List(storageClassKind, "").Objects
	f := finding.Finding{Code: codeStorageClass, Severity: finding.Critical, Since: claim.GetCreationTimestamp().Time}
	f.Ref = finding.Ref{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass", Name: class}
	var names []string
	for _, c := range classes {
		names = append(names, c.GetName())
	}
	switch {
	case !named && !slices.ContainsFunc(classes, isDefault):
		f.Reason, f.Ref.Name = "NoDefaultStorageClass", "(default)"
		f.Message = fmt.Sprintf("%s has no StorageClass, and no StorageClass is the default, so no volume is provisioned for it", ref)
		f.Evidence = append([]finding.Evidence{evidence(claim, "status.phase", field.Text(claim.Object, "status", "phase"), f.Since)}, defaultMarks(classes)...)
		f.Fixes = x.defaultFixes(claim, names)
	case class != "" && !slices.Contains(names, class) && !x.staticVolume(class):
		f.Reason = "ProvisioningFailed"
		f.Message = fmt.Sprintf("%s requests StorageClass %s, which does not exist", ref, class)
		f.Evidence = []finding.Evidence{quoteClass(claim, class), {Ref: f.Ref, Field: "object", Value: "does not exist"}}
		f.Fixes = []finding.Fix{{Text: "Set a StorageClass that exists" + existing(names), File: x.file(claim, "storageClass"), Command: "kubectl get storageclasses"}}
	default:
		return finding.Finding{}, false
	}
	if event, ok := provisioning(x.warnings(claim)); ok {
		f.Evidence = append(f.Evidence, eventEvidence(ref, event))
	}
	return f, true
}

// quoteClass is where a claim names its class.
func quoteClass(claim *unstructured.Unstructured, class string) finding.Evidence {
	if claim.GetAnnotations()[oldClassName] == class {
		return evidence(claim, "metadata.annotations["+oldClassName+"]", class, time.Time{})
	}
	return evidence(claim, "spec.storageClassName", class, time.Time{})
}

// defaultMarks are the annotations of classes that say that they are not the
// default one.
func defaultMarks(classes []*unstructured.Unstructured) []finding.Evidence {
	var proof []finding.Evidence
	for _, class := range classes {
		if value, ok := class.GetAnnotations()[defaultClass]; ok {
			proof = append(proof, evidence(class, "metadata.annotations["+defaultClass+"]", value, time.Time{}))
		}
	}
	return proof
}

// staticVolume tells whether volumes have been made by hand under that class's
// name, which need no class.
func (x *examiner) staticVolume(class string) bool {
	return slices.ContainsFunc(x.snap.List(volumeKind, "").Objects, func(volume *unstructured.Unstructured) bool {
		return field.Text(volume.Object, "spec", "storageClassName") == class && field.Text(volume.Object, "status", "phase") == "Available"
	})
}

// defaultFixes are how a claim without a class gets one: which is the right one,
// only people know, unless there is but one.
func (x *examiner) defaultFixes(claim *unstructured.Unstructured, names []string) []finding.Fix {
	if len(names) == 0 {
		return []finding.Fix{{Text: "Install a storage driver with a StorageClass: the cluster has none", Command: "kubectl get storageclasses"}}
	}
	byName := finding.Fix{Text: "Set a StorageClass in the claim" + existing(names), File: x.file(claim, "storageClass"), Command: "kubectl get storageclasses"}
	if len(names) > 1 {
		return []finding.Fix{byName}
	}
	return []finding.Fix{{Text: "Make the only StorageClass the default", Command: escape.Command("kubectl annotate storageclass %s %s=true", names[0], defaultClass)}, byName}
}

// existing names the first of what there is, for the end of a sentence.
func existing(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names[:min(len(names), maxNamed)], ", ")
}

func lostClaim(claim *unstructured.Unstructured) finding.Finding {
	ref := finding.RefOf(claim)
	volume := field.Text(claim.Object, "spec", "volumeName")
	return finding.Finding{
		Code: codeClaimPending, Ref: ref, Reason: "ClaimLost", Severity: finding.Critical,
		Message:  fmt.Sprintf("PersistentVolume %s of %s no longer exists", volume, ref),
		Evidence: []finding.Evidence{evidence(claim, "status.phase", "Lost", time.Time{}), evidence(claim, "spec.volumeName", volume, time.Time{})},
		Fixes: []finding.Fix{
			{Text: "Find out whether the storage still has the volume's data: if so, create the PersistentVolume again for it, with the claim in spec.claimRef", Command: describe(ref)},
			{Text: "Only if the data is lost or backed up, and the volume cannot be restored, replace the claim and restore the backup"},
		},
	}
}
