package node

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// pendingClaim is the finding on a claim without a volume.
func pendingClaim(claim *unstructured.Unstructured, reason, why string, proof finding.Evidence, since time.Time) finding.Finding {
	ref := object.RefOf(claim)
	return finding.Finding{
		Code: engine.CodeClaimPending, Ref: ref, Reason: reason, Severity: finding.Critical, Since: since,
		Message:  fmt.Sprintf("%s has no volume: %s", ref, why),
		Evidence: []finding.Evidence{proof},
		Fixes:    []finding.Fix{{Text: "Read the provisioner's messages in the events of the claim", Command: engine.Describe(ref)}},
	}
}

// notProvisioned reports a claim whose driver states why it created no volume.
func notProvisioned(x *engine.Context, claim *unstructured.Unstructured, e health.Warning) finding.Finding {
	f := pendingClaim(claim, e.Reason, health.FirstLine(e.Message), engine.EventEvidence(object.RefOf(claim), e), e.First)
	parsed, ok := x.Message(e.Message).Provisioning()
	if !ok {
		return f
	}
	var first []finding.Fix
	switch parsed.Problem {
	case kubelet.ProvisioningAccessMode:
		for i, mode := range object.Texts(claim.Object, "spec", "accessModes") {
			f.Evidence = append(f.Evidence, engine.Evidence(claim, fmt.Sprintf("spec.accessModes[%d]", i), mode, time.Time{}))
		}
		first = []finding.Fix{{Text: "Request an access mode that the class's driver supports, or use a class whose driver supports this one", File: flux.File(x, claim, "accessModes")}}
	case kubelet.ProvisioningCapacity:
		if size, ok := object.Quote(claim.Object, "spec.resources.requests.storage"); ok {
			f.Evidence = append(f.Evidence, engine.Evidence(claim, "spec.resources.requests.storage", size, time.Time{}))
		}
		first = []finding.Fix{{Text: "Get more capacity or a larger quota from the storage provider, or request less", File: flux.File(x, claim, "resources.requests.storage")}}
	case kubelet.ProvisioningDenied:
		first = []finding.Fix{{Text: "Give the storage driver credentials that allow it to create volumes"}}
	case kubelet.ProvisioningTopology:
		first = []finding.Fix{{Text: "Check whether the storage driver runs on the nodes, and which zones the class allows", Command: "kubectl get csinodes,storageclasses -o yaml"}}
	case kubelet.ProvisioningParameters:
		class, _ := engine.ClaimClass(claim)
		first = []finding.Fix{{Text: "Compare the class's parameters with those that its driver accepts", Command: "kubectl get storageclass " + escape.ShellWord(class) + " -o yaml"}}
	case kubelet.ProvisioningTimeout:
		first = []finding.Fix{{Text: "Check whether the driver's controller can reach the storage"}}
	}
	f.Fixes = append(first, f.Fixes...)
	return f
}

// provisioning is the newest event about a volume that was not created.
func provisioning(events []health.Warning) (health.Warning, bool) {
	for _, e := range events {
		switch e.Reason {
		case "ProvisioningFailed", "FailedBinding", "ProvisioningCleanupFailed", "VolumeMismatch", "ClaimMisbound":
			return e, true
		}
	}
	return health.Warning{}, false
}

// silentProvisioner reports a claim without an event that states why it has no volume:
// its class provisions none, its driver is not installed, or has not processed it.
func silentProvisioner(x *engine.Context, claim *unstructured.Unstructured, class string, since time.Time) finding.Finding {
	f := pendingClaim(claim, "Pending", "no event states the reason", engine.Evidence(claim, "status.phase", object.Text(claim.Object, "status", "phase"), since), since)
	obj := x.Class(class)
	creator := provisioner(x, class)
	if obj == nil || creator == "" {
		return f
	}
	f.Evidence = append(f.Evidence, engine.Evidence(obj, "provisioner", creator, time.Time{}))
	driver := object.Ref{APIVersion: object.DriverKind.Group + "/v1", Kind: object.DriverKind.Kind, Name: creator}
	switch {
	case creator == "kubernetes.io/no-provisioner":
		f.Message = fmt.Sprintf("%s has no volume: its StorageClass %s does not provision volumes, and no existing volume matches", f.Ref, class)
		f.Fixes = []finding.Fix{{Text: "Create a PersistentVolume of that class that is large enough, or use a class that provisions volumes", File: flux.File(x, claim, "storageClass"), Command: "kubectl get persistentvolumes,storageclasses"}}
	case len(x.Snap.List(object.DriverKind, "").Objects) > 0 && x.Snap.Lookup(driver).Presence == snapshot.Absent:
		// A provisioner need not be a CSI driver, so its absence proves nothing if no other
		// provisioner is one.
		f.Message = fmt.Sprintf("%s has no volume: its provisioner %s has not created one, and no storage driver of that name is installed", f.Ref, creator)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: driver, Field: "object", Value: "does not exist"})
		f.Fixes = append([]finding.Fix{{Text: "Check which drivers are installed; install this one, or use a class of another driver", File: flux.File(x, claim, "storageClass"), Command: "kubectl get csidrivers,storageclasses"}}, f.Fixes...)
	default:
		f.Message = fmt.Sprintf("%s has no volume: its provisioner %s has not created one", f.Ref, creator)
	}
	return f
}

// namedVolume reports a claim for a particular volume that it can't use.
func namedVolume(x *engine.Context, claim *unstructured.Unstructured) (finding.Finding, bool) {
	name := object.Text(claim.Object, "spec", "volumeName")
	if name == "" {
		return finding.Finding{}, false
	}
	ref, volume := object.RefOf(claim), engine.CoreRef(object.VolumeKind.Kind, "", name)
	answer := x.Snap.Lookup(volume)
	f := pendingClaim(claim, "Pending", "", engine.Evidence(claim, "spec.volumeName", name, time.Time{}), claim.GetCreationTimestamp().Time)
	if answer.Presence == snapshot.Absent {
		f.Message = fmt.Sprintf("%s requests %s, which does not exist", ref, volume)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: volume, Field: "object", Value: "does not exist"})
		f.Fixes = []finding.Fix{{Text: "Set spec.volumeName to a volume that exists, or remove it, so that a volume is created", File: flux.File(x, claim, "volumeName"), Command: "kubectl get persistentvolumes"}}
		return f, true
	}
	if answer.Presence != snapshot.Present {
		return finding.Finding{}, false
	}
	owner := engine.CoreRef(object.ClaimKind.Kind, object.Text(answer.Object.Object, "spec", "claimRef", "namespace"), object.Text(answer.Object.Object, "spec", "claimRef", "name"))
	phase := object.Text(answer.Object.Object, "status", "phase")
	f.Evidence = append(f.Evidence, engine.Evidence(answer.Object, "status.phase", phase, time.Time{}))
	switch {
	case owner.Name != "" && !owner.Same(ref):
		f.Message = fmt.Sprintf("%s requests %s, which belongs to %s", ref, volume, owner)
		f.Evidence = append(f.Evidence, engine.Evidence(answer.Object, "spec.claimRef.name", owner.Name, time.Time{}))
		f.Fixes = []finding.Fix{{Text: "Set spec.volumeName to another volume, or remove it, so that a volume is created", File: flux.File(x, claim, "volumeName"), Command: "kubectl get persistentvolumes"}}
	case phase == "Released":
		f.Message = fmt.Sprintf("%s requests %s, which still belongs to an earlier claim of that name", ref, volume)
		f.Fixes = []finding.Fix{{Text: "If its data is meant for the new claim, remove the volume's reference to the old one; the data is kept",
			Command: escape.Command(`kubectl patch persistentvolume %s --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]'`, name)}}
	default:
		return finding.Finding{}, false
	}
	return f, true
}

// claimUnused reports a claim whose volume is provisioned only once a pod that uses it is
// scheduled, if no pod uses it. Pods that wait for a node have their own findings.
func claimUnused(x *engine.Context, claim *unstructured.Unstructured, class string, e *engine.Result) {
	unread := x.Unreadable(object.PodKind, claim.GetNamespace())
	for _, pod := range x.Snap.List(object.PodKind, claim.GetNamespace()).Objects {
		if slices.Contains(engine.Claims(pod), claim.GetName()) {
			e.Blame = engine.AddRef(e.Blame, object.RefOf(pod))
		}
	}
	if len(e.Blame) > 0 || len(unread) > 0 {
		e.Unknown = engine.Union(e.Unknown, unread)
		return
	}
	f := pendingClaim(claim, "WaitForFirstConsumer", "", engine.Evidence(claim, "status.phase", "Pending", e.Verdict.Since), e.Verdict.Since)
	f.Code = engine.CodeClaimUnused
	f.Message = fmt.Sprintf("no pod uses %s, and its StorageClass %s provisions a volume only for a pod that is scheduled to a node", f.Ref, class)
	f.Evidence = append(f.Evidence, engine.Evidence(x.Class(class), "volumeBindingMode", "WaitForFirstConsumer", time.Time{}))
	f.Fixes = []finding.Fix{{Text: "Deploy the pod that uses it in the same layer, or do not check the claim's health", File: x.DefinedIn(claim)}}
	e.Fallback = append(e.Fallback, f)
}

// waitsForConsumer reports whether volumes of the class are provisioned only once a pod
// is scheduled.
func waitsForConsumer(x *engine.Context, class string) bool {
	obj := x.Class(class)
	return obj != nil && object.Text(obj.Object, "volumeBindingMode") == "WaitForFirstConsumer"
}

// provisioner creates the volumes of a class.
func provisioner(x *engine.Context, class string) string {
	if obj := x.Class(class); obj != nil {
		return object.Text(obj.Object, "provisioner")
	}
	return ""
}
