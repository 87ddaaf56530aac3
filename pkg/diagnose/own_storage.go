package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// judgeClaim judges by the phase of a claim, and if it has a volume, by the progress of
// a change.
func judgeClaim(x *examiner, claim *unstructured.Unstructured) exam {
	if e, ok := x.deleted(claim); ok {
		return e
	}
	switch field.Text(claim.Object, "status", "phase") {
	case "Bound":
		return judgeChange(x, claim)
	case "Lost":
		e := readyExam(claim, time.Time{})
		e.fail(lostClaim(claim))
		return e
	}
	proof := quoteFields(claim, "status.phase", "spec.storageClassName", "spec.volumeName",
		"metadata.annotations[volume.kubernetes.io/storage-provisioner]", "metadata.annotations[volume.kubernetes.io/selected-node]")
	return ownFinding(claim, health.Progressing, codeClaimPending, finding.Warning, "Pending",
		"it has no volume yet", claim.GetCreationTimestamp().Time, proof...)
}

func quantityAt(obj *unstructured.Unstructured, path ...string) (resource.Quantity, bool) {
	q, err := resource.ParseQuantity(field.Text(obj.Object, path...))
	return q, err == nil
}

// judgeVolume judges by the phase of a volume (core/v1, PersistentVolumePhase).
func judgeVolume(x *examiner, volume *unstructured.Unstructured) exam {
	if e, ok := x.deleted(volume); ok {
		return e
	}
	since := field.Time(volume.Object, "status", "lastPhaseTransitionTime")
	proof := quoteFields(volume, "status.phase", "status.reason", "status.message", "spec.claimRef.namespace", "spec.claimRef.name", "spec.persistentVolumeReclaimPolicy")
	ref := finding.RefOf(volume)
	claim := field.Text(volume.Object, "spec", "claimRef", "namespace") + "/" + field.Text(volume.Object, "spec", "claimRef", "name")
	switch phase := field.Text(volume.Object, "status", "phase"); phase {
	case "Bound", "Available":
		return readyExam(volume, since)
	case "Released":
		e := ownFinding(volume, health.Failing, codeVolumeState, finding.Warning, phase,
			"its claim "+claim+" was deleted; it holds that claim's data, and no other claim can use it", since, proof...)
		e.findings[0].Fixes = []finding.Fix{{Text: "Decide whether the data is needed: after a backup, it can be bound to a new claim by hand", Command: "kubectl get persistentvolume " + escape.ShellWord(ref.Name) + " -o yaml"}}
		return e
	case "Failed":
		says := "reclaiming it failed"
		if message := firstLine(field.Text(volume.Object, "status", "message")); message != "" {
			says += ": " + message
		}
		return ownFinding(volume, health.Failing, codeVolumeState, finding.Critical, phase, says, since, proof...)
	case "":
		return readyOrUnknown(volume, nil)
	default:
		return ownFinding(volume, health.Progressing, codeUnderWay, finding.Warning, phase, "status.phase is "+phase, since, proof...)
	}
}

// judgeAttachment judges by what the attacher reports (storage.k8s.io/v1).
func judgeAttachment(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	where := quoteFields(obj, "status.attached", "spec.attacher", "spec.nodeName", "spec.source.persistentVolumeName")
	created := obj.GetCreationTimestamp().Time
	attached, known := field.Map(obj.Object, "status")["attached"].(bool)
	message := firstLine(field.Text(obj.Object, "status", "attachError", "message"))
	switch {
	case attached:
		return readyExam(obj, time.Time{})
	case message != "":
		says := fmt.Sprintf("volume %s can't be attached: %s", field.Text(obj.Object, "spec", "source", "persistentVolumeName"), message)
		return ownFinding(obj, health.Failing, codeAttachment, finding.Critical, "AttachError", says, field.Time(obj.Object, "status", "attachError", "time"),
			append(quoteFields(obj, "status.attachError.message"), where...)...)
	case !known:
		return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "NotAttached", "its attacher has not reported on it yet", created, where...)
	}
	return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "NotAttached", "the volume is not attached yet", created, where...)
}

// judgeSnapshot judges by what the snapshotter reports (external-snapshotter v8,
// client/apis/volumesnapshot/v1).
func judgeSnapshot(x *examiner, obj *unstructured.Unstructured) exam {
	proof := quoteFields(obj, "status.error.message", "status.readyToUse", "status.boundVolumeSnapshotContentName",
		"spec.source.persistentVolumeClaimName", "spec.volumeSnapshotClassName")
	if message := firstLine(field.Text(obj.Object, "status", "error", "message")); message != "" {
		return ownFinding(obj, health.Failing, codeSnapshot, finding.Critical, "SnapshotError", message, field.Time(obj.Object, "status", "error", "time"), proof...)
	}
	if e, ok := x.deleted(obj); ok {
		return e
	}
	if field.Bool(obj.Object, "status", "readyToUse") {
		return readyExam(obj, field.Time(obj.Object, "status", "creationTime"))
	}
	says := "the snapshot is not ready to use yet"
	if field.Map(obj.Object, "status") == nil {
		says = "the snapshot controller has not reported on it yet"
	}
	return ownFinding(obj, health.Progressing, codeUnderWay, finding.Warning, "NotReadyToUse", says, obj.GetCreationTimestamp().Time, proof...)
}

// judgeResourceClaim judges by whether devices are allocated (resource.k8s.io/v1): the
// scheduler allocates them for the first pod that uses the claim.
func judgeResourceClaim(x *examiner, obj *unstructured.Unstructured) exam {
	if e, ok := x.deleted(obj); ok {
		return e
	}
	if e, ok := byConditions(obj, ownConditions(obj)); ok {
		e.findings[0].Code = codeResourceClaim
		return e
	}
	if field.Map(obj.Object, "status", "allocation") != nil {
		return readyExam(obj, time.Time{})
	}
	says := "no device is allocated yet: the scheduler allocates one for the first pod that uses it"
	return ownFinding(obj, health.Progressing, codeResourceClaim, finding.Warning, "NotAllocated", says, obj.GetCreationTimestamp().Time,
		quoteFields(obj, "spec.devices.requests[0].name", "spec.devices.requests[0].exactly.deviceClassName", "spec.devices.requests[0].deviceClassName")...)
}
