package node

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/selfreport"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// volumeChange is the progress of a change of the volume of a bound claim: of its size,
// or of its attributes. The claim keeps serving its pods during the change.
type volumeChange struct {
	claim *unstructured.Unstructured
	// failed is the error, empty if there is none; pending is what the change waits
	// for.
	failed, pending string
	reason          string
	since           time.Time
	proof           []finding.Evidence
}

// Conditions and states of claims (k8s.io/api v0.36, core/v1: ClaimResourceStatus,
// PersistentVolumeClaimConditionType), and the events of external-resizer v1.14 and the
// kubelet. Clusters before Kubernetes 1.32 report a failure only in events.
var (
	resizeErrors   = []string{"ControllerResizeError", "NodeResizeError"}
	resizeFailures = []string{"VolumeResizeFailed", "FileSystemResizeFailed"}
	resizeWaits    = []string{"FileSystemResizePending", "Resizing"}
)

// judgeChange judges a claim that has a volume.
func judgeChange(x *engine.Context, claim *unstructured.Unstructured) engine.Result {
	if e, ok := resizing(x, claim); ok {
		return e
	}
	if e, ok := modifying(x, claim); ok {
		return e
	}
	if e, ok := selfreport.JudgeConditions(claim, selfreport.Conditions(claim)); ok {
		e.Findings[0].Severity = finding.Warning // the volume still works
		return e
	}
	return selfreport.ReadyResult(claim, time.Time{})
}

// resizing reports a claim whose volume does not have the requested size, or that
// reports to be resized.
func resizing(x *engine.Context, claim *unstructured.Unstructured) (engine.Result, bool) {
	const statePath = "status.allocatedResourceStatuses.storage"
	c := volumeChange{claim: claim}
	state := object.Text(claim.Object, "status", "allocatedResourceStatuses", "storage")
	requested, okAsked := engine.QuantityAt(claim, "spec", "resources", "requests", "storage")
	has, okHas := engine.QuantityAt(claim, "status", "capacity", "storage")
	differs := okAsked && okHas && has.Cmp(requested) < 0
	if !c.conditions(resizeErrors, resizeWaits) && state == "" && !differs {
		return engine.Result{}, false
	}
	if c.failed == "" && differs {
		c.events(x.Warnings(claim), resizeFailures, "ExternalExpanding")
	}
	if c.failed == "" && strings.HasSuffix(state, "Infeasible") {
		c.failed = statePath + " is " + state
	}
	c.reason = cmp.Or(c.reason, state, "Resizing")
	c.proof = append(c.proof, selfreport.QuoteFields(claim, statePath, engine.SizePath, "status.capacity.storage", "spec.storageClassName")...)
	what := "resized"
	if differs {
		what = fmt.Sprintf("resized from %s to %s", has.String(), requested.String())
	}
	return c.exam("can't be "+what, "is being "+what, resizeFixes(x, c, state, has.String())), true
}

// modifying reports a claim whose volume does not have the attributes of its class.
func modifying(x *engine.Context, claim *unstructured.Unstructured) (engine.Result, bool) {
	const statePath = "status.modifyVolumeStatus.status"
	c := volumeChange{claim: claim}
	state := object.Text(claim.Object, "status", "modifyVolumeStatus", "status")
	if !c.conditions([]string{"ModifyVolumeError"}, []string{"ModifyingVolume"}) && state == "" {
		return engine.Result{}, false
	}
	if c.failed == "" {
		c.events(x.Warnings(claim), []string{"VolumeModifyFailed"}, "")
	}
	if c.failed == "" && state == "Infeasible" {
		c.failed = statePath + " is " + state
	}
	c.reason = cmp.Or(c.reason, state, "ModifyingVolume")
	c.proof = append(c.proof, selfreport.QuoteFields(claim, statePath, "status.modifyVolumeStatus.targetVolumeAttributesClassName", "spec.volumeAttributesClassName", "status.currentVolumeAttributesClassName")...)
	class := cmp.Or(object.Text(claim.Object, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName"), object.Text(claim.Object, "spec", "volumeAttributesClassName"))
	what := "changed to VolumeAttributesClass " + class
	fixes := []finding.Fix{{Text: "Read what the CSI driver reports, and compare it with the parameters of VolumeAttributesClass " + class, Command: "kubectl get volumeattributesclass " + escape.ShellWord(class) + " -o yaml"}}
	return c.exam("can't be "+what, "is being "+what, fixes), true
}

// conditions reads the conditions of the claim.
func (c *volumeChange) conditions(failed, pending []string) bool {
	for _, kind := range slices.Concat(failed, pending) {
		for _, own := range selfreport.Conditions(c.claim) {
			if own.Type != kind || own.Status != "True" {
				continue
			}
			c.proof = append(c.proof, own.Proof(c.claim))
			message := &c.pending
			if slices.Contains(failed, kind) {
				message = &c.failed
			}
			if *message == "" && own.Message != "" {
				*message = health.FirstLine(own.Message)
			}
			if c.reason == "" {
				c.reason, c.since = own.Type, own.Since
			}
		}
	}
	return c.reason != ""
}

// events reads the newest event about a failure, or otherwise about what the change
// waits for.
func (c *volumeChange) events(events []health.Warning, failures []string, waits string) {
	for _, e := range events {
		switch {
		case slices.Contains(failures, e.Reason):
			c.failed, c.reason, c.since = health.FirstLine(e.Message), e.Reason, e.First
		case e.Reason == waits && c.pending == "":
			c.pending = health.FirstLine(e.Message)
		default:
			continue
		}
		c.proof = append([]finding.Evidence{engine.EventEvidence(object.RefOf(c.claim), e)}, c.proof...)
		return
	}
}

// exam is the result for the change.
func (c volumeChange) exam(cannot, is string, fixes []finding.Fix) engine.Result {
	ref := object.RefOf(c.claim)
	status, message := health.Progressing, is
	if c.pending != "" {
		message += ": " + c.pending
	}
	if c.failed != "" {
		status, message = health.Failing, cannot+": "+c.failed
	}
	e := selfreport.OwnFinding(c.claim, status, engine.CodeResize, finding.Warning, c.reason, message, c.since, c.proof...)
	e.Findings[0].Message = ref.String() + " " + message
	e.Findings[0].Fixes = append(fixes, finding.Fix{Text: "Check the events of the claim and what the CSI driver reports about it", Command: engine.Describe(ref)})
	return e
}

// resizeFixes are the fixes for a resize. Another size is only suggested if the storage
// can't provide this one; the size of the claim can be lowered again as long as it
// stays above that of the volume (kubernetes v1.36, RecoverVolumeExpansionFailure).
func resizeFixes(x *engine.Context, c volumeChange, state, has string) []finding.Fix {
	why, _ := x.Message(c.failed).Resize()
	waits := object.ConditionOf(c.claim, "FileSystemResizePending").Status == "True" || state == "NodeResizePending"
	switch {
	case c.failed == "" && waits:
		return []finding.Fix{{Text: "Check which pods use the claim (Used By); if none does, start a pod that uses the claim; if the driver can't expand a volume in use, restart the workload",
			Command: engine.Describe(object.RefOf(c.claim))}}
	case strings.HasPrefix(state, "Node") || object.ConditionOf(c.claim, "NodeResizeError").Status == "True":
		return []finding.Fix{{Text: "Check what the kubelet and the CSI driver on the node where the volume is mounted report",
			Command: "kubectl get volumeattachments -o custom-columns=VOLUME:.spec.source.persistentVolumeName,NODE:.spec.nodeName"}}
	case state == "ControllerResizeInfeasible" || why.Problem == kubelet.ProvisioningCapacity:
		return []finding.Fix{{Text: fmt.Sprintf("Request a size that the storage can provide and that is more than %s; or increase the capacity or the quota of the storage", has)}}
	}
	return nil
}
