package node

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// JudgeClaim judges by the phase of a claim, and if it has a volume, by the progress of
// a change.
func JudgeClaim(x *engine.Context, claim *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, claim); ok {
		return e
	}
	switch object.Text(claim.Object, "status", "phase") {
	case "Bound":
		return judgeChange(x, claim)
	case "Lost":
		e := selfreport.ReadyResult(claim, time.Time{})
		fail(&e, lostClaim(claim))
		return e
	}
	proof := selfreport.QuoteFields(claim, "status.phase", "spec.storageClassName", "spec.volumeName",
		"metadata.annotations[volume.kubernetes.io/storage-provisioner]", "metadata.annotations[volume.kubernetes.io/selected-node]")
	return selfreport.OwnFinding(claim, health.Progressing, engine.CodeClaimPending, finding.Warning, "Pending",
		"it has no volume yet", claim.GetCreationTimestamp().Time, proof...)
}

// JudgeVolume judges by the phase of a volume (core/v1, PersistentVolumePhase).
func JudgeVolume(x *engine.Context, volume *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, volume); ok {
		return e
	}
	since := object.Time(volume.Object, "status", "lastPhaseTransitionTime")
	proof := selfreport.QuoteFields(volume, "status.phase", "status.reason", "status.message", "spec.claimRef.namespace", "spec.claimRef.name", "spec.persistentVolumeReclaimPolicy")
	ref := object.RefOf(volume)
	claim := object.Text(volume.Object, "spec", "claimRef", "namespace") + "/" + object.Text(volume.Object, "spec", "claimRef", "name")
	switch phase := object.Text(volume.Object, "status", "phase"); phase {
	case "Bound", "Available":
		return selfreport.ReadyResult(volume, since)
	case "Released":
		e := selfreport.OwnFinding(volume, health.Failing, engine.CodeVolumeState, finding.Warning, phase,
			"its claim "+claim+" was deleted; it holds that claim's data, and no other claim can use it", since, proof...)
		e.Findings[0].Fixes = []finding.Fix{{Text: "Decide whether the data is needed: after a backup, you can bind it to a new claim", Command: "kubectl get persistentvolume " + escape.ShellWord(ref.Name) + " -o yaml"}}
		return e
	case "Failed":
		text := "reclaiming it failed"
		if message := health.FirstLine(object.Text(volume.Object, "status", "message")); message != "" {
			text += ": " + message
		}
		return selfreport.OwnFinding(volume, health.Failing, engine.CodeVolumeState, finding.Critical, phase, text, since, proof...)
	case "":
		return selfreport.ReadyOrUnknown(volume, nil)
	default:
		return selfreport.OwnFinding(volume, health.Progressing, engine.CodeUnderWay, finding.Warning, phase, "status.phase is "+phase, since, proof...)
	}
}

// JudgeAttachment judges by what the attacher reports (storage.k8s.io/v1).
func JudgeAttachment(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	where := selfreport.QuoteFields(obj, "status.attached", "spec.attacher", "spec.nodeName", "spec.source.persistentVolumeName")
	created := obj.GetCreationTimestamp().Time
	attached, known := object.Map(obj.Object, "status")["attached"].(bool)
	message := health.FirstLine(object.Text(obj.Object, "status", "attachError", "message"))
	switch {
	case attached:
		return selfreport.ReadyResult(obj, time.Time{})
	case message != "":
		text := fmt.Sprintf("volume %s can't be attached: %s", object.Text(obj.Object, "spec", "source", "persistentVolumeName"), message)
		return selfreport.OwnFinding(obj, health.Failing, engine.CodeAttachment, finding.Critical, "AttachError", text, object.Time(obj.Object, "status", "attachError", "time"),
			append(selfreport.QuoteFields(obj, "status.attachError.message"), where...)...)
	case !known:
		return selfreport.OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "NotAttached", "its attacher has not reported on it yet", created, where...)
	}
	return selfreport.OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "NotAttached", "the volume is not attached yet", created, where...)
}

// JudgeSnapshot judges by what the snapshotter reports (external-snapshotter v8,
// client/apis/volumesnapshot/v1).
func JudgeSnapshot(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	proof := selfreport.QuoteFields(obj, "status.error.message", "status.readyToUse", "status.boundVolumeSnapshotContentName",
		"spec.source.persistentVolumeClaimName", "spec.volumeSnapshotClassName")
	if message := health.FirstLine(object.Text(obj.Object, "status", "error", "message")); message != "" {
		return selfreport.OwnFinding(obj, health.Failing, engine.CodeSnapshot, finding.Critical, "SnapshotError", message, object.Time(obj.Object, "status", "error", "time"), proof...)
	}
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	if object.Bool(obj.Object, "status", "readyToUse") {
		return selfreport.ReadyResult(obj, object.Time(obj.Object, "status", "creationTime"))
	}
	text := "the snapshot is not ready to use yet"
	if object.Map(obj.Object, "status") == nil {
		text = "the snapshot controller has not reported on it yet"
	}
	return selfreport.OwnFinding(obj, health.Progressing, engine.CodeUnderWay, finding.Warning, "NotReadyToUse", text, obj.GetCreationTimestamp().Time, proof...)
}

// JudgeResourceClaim judges by whether devices are allocated (resource.k8s.io/v1): the
// scheduler allocates them for the first pod that uses the claim.
func JudgeResourceClaim(x *engine.Context, obj *unstructured.Unstructured) engine.Result {
	if e, ok := selfreport.JudgeDeleted(x, obj); ok {
		return e
	}
	if e, ok := selfreport.JudgeConditions(obj, selfreport.Conditions(obj)); ok {
		e.Findings[0].Code = engine.CodeResourceClaim
		return e
	}
	if object.Map(obj.Object, "status", "allocation") != nil {
		return selfreport.ReadyResult(obj, time.Time{})
	}
	text := "no device is allocated yet: the scheduler allocates one for the first pod that uses it"
	return selfreport.OwnFinding(obj, health.Progressing, engine.CodeResourceClaim, finding.Warning, "NotAllocated", text, obj.GetCreationTimestamp().Time,
		selfreport.QuoteFields(obj, "spec.devices.requests[0].name", "spec.devices.requests[0].exactly.deviceClassName", "spec.devices.requests[0].deviceClassName")...)
}
