package diagnose

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// driverKind is a storage driver that is installed.
var driverKind = schema.GroupKind{Group: "storage.k8s.io", Kind: "CSIDriver"}

// pendingClaim is a claim that has no volume.
func pendingClaim(claim *unstructured.Unstructured, reason, why string, proof finding.Evidence, since time.Time) finding.Finding {
	ref := finding.RefOf(claim)
	return finding.Finding{
		Code: codeClaimPending, Ref: ref, Reason: reason, Severity: finding.Critical, Since: since,
		Message:  fmt.Sprintf("%s has no volume: %s", ref, why),
		Evidence: []finding.Evidence{proof},
		Fixes:    []finding.Fix{{Text: "Read its provisioner's messages in its events", Command: describe(ref)}},
	}
}

// notProvisioned is a claim whose driver says why it made no volume.
func (x *examiner) notProvisioned(claim *unstructured.Unstructured, e health.Warning) finding.Finding {
	f := pendingClaim(claim, e.Reason, firstLine(e.Message), eventEvidence(finding.RefOf(claim), e), e.First)
	parsed, ok := x.message(e.Message).Provisioning()
	if !ok {
		return f
	}
	var first []finding.Fix
	switch parsed.Problem {
	case fluxmsg.ProvisioningAccessMode:
		for i, mode := range field.Texts(claim.Object, "spec", "accessModes") {
			f.Evidence = append(f.Evidence, evidence(claim, fmt.Sprintf("spec.accessModes[%d]", i), mode, time.Time{}))
		}
		first = []finding.Fix{{Text: "Request an access mode that the class's driver supports, or use a class whose driver supports this one", File: x.file(claim, "accessModes")}}
	case fluxmsg.ProvisioningCapacity:
		if size, ok := field.Quote(claim.Object, "spec.resources.requests.storage"); ok {
			f.Evidence = append(f.Evidence, evidence(claim, "spec.resources.requests.storage", size, time.Time{}))
		}
		first = []finding.Fix{{Text: "Get more capacity or a larger quota from the storage provider, or request less", File: x.file(claim, "resources.requests.storage")}}
	case fluxmsg.ProvisioningDenied:
		first = []finding.Fix{{Text: "Give the storage driver credentials that allow it to create volumes"}}
	case fluxmsg.ProvisioningTopology:
		first = []finding.Fix{{Text: "Check whether the storage driver runs on the nodes, and which zones the class allows", Command: "kubectl get csinodes,storageclasses -o yaml"}}
	case fluxmsg.ProvisioningParameters:
		class, _ := claimClass(claim)
		first = []finding.Fix{{Text: "Compare the class's parameters with those that its driver accepts", Command: "kubectl get storageclass " + escape.ShellWord(class) + " -o yaml"}}
	case fluxmsg.ProvisioningTimeout:
		first = []finding.Fix{{Text: "Check whether the driver's controller can reach the storage"}}
	}
	f.Fixes = append(first, f.Fixes...)
	return f
}

// provisioning is the newest event about a volume that was not made.
func provisioning(events []health.Warning) (health.Warning, bool) {
	for _, e := range events {
		switch e.Reason {
		case "ProvisioningFailed", "FailedBinding", "ProvisioningCleanupFailed", "VolumeMismatch", "ClaimMisbound":
			return e, true
		}
	}
	return health.Warning{}, false
}

// silentProvisioner is a claim of which no event tells why it has no volume: its
// class makes none, its driver is not installed, or has not come to it.
func (x *examiner) silentProvisioner(claim *unstructured.Unstructured, class string, since time.Time) finding.Finding {
	f := pendingClaim(claim, "Pending", "no event states the reason", evidence(claim, "status.phase", field.Text(claim.Object, "status", "phase"), since), since)
	obj := x.class(class)
	maker := x.provisioner(class)
	if obj == nil || maker == "" {
		return f
	}
	f.Evidence = append(f.Evidence, evidence(obj, "provisioner", maker, time.Time{}))
	driver := finding.Ref{APIVersion: driverKind.Group + "/v1", Kind: driverKind.Kind, Name: maker}
	switch {
	case maker == "kubernetes.io/no-provisioner":
		f.Message = fmt.Sprintf("%s has no volume: its StorageClass %s does not provision volumes, and no existing volume matches", f.Ref, class)
		f.Fixes = []finding.Fix{{Text: "Create a PersistentVolume of that class that is large enough, or use a class that provisions volumes", File: x.file(claim, "storageClass"), Command: "kubectl get persistentvolumes,storageclasses"}}
	case len(x.snap.List(driverKind, "").Objects) > 0 && x.snap.Lookup(driver).Presence == snapshot.Absent:
		// A provisioner need not be a CSI driver, so that its absence alone says
		// nothing where no other is one.
		f.Message = fmt.Sprintf("%s has no volume: its provisioner %s has not created one, and no storage driver of that name is installed", f.Ref, maker)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: driver, Field: "object", Value: "does not exist"})
		f.Fixes = append([]finding.Fix{{Text: "Check which drivers are installed; install this one, or use a class of another driver", File: x.file(claim, "storageClass"), Command: "kubectl get csidrivers,storageclasses"}}, f.Fixes...)
	default:
		f.Message = fmt.Sprintf("%s has no volume: its provisioner %s has not created one", f.Ref, maker)
	}
	return f
}

// namedVolume is a claim for one certain volume, which it can't have.
func (x *examiner) namedVolume(claim *unstructured.Unstructured) (finding.Finding, bool) {
	name := field.Text(claim.Object, "spec", "volumeName")
	if name == "" {
		return finding.Finding{}, false
	}
	ref, volume := finding.RefOf(claim), coreRef(volumeKind.Kind, "", name)
	answer := x.snap.Lookup(volume)
	f := pendingClaim(claim, "Pending", "", evidence(claim, "spec.volumeName", name, time.Time{}), claim.GetCreationTimestamp().Time)
	if answer.Presence == snapshot.Absent {
		f.Message = fmt.Sprintf("%s requests %s, which does not exist", ref, volume)
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: volume, Field: "object", Value: "does not exist"})
		f.Fixes = []finding.Fix{{Text: "Set spec.volumeName to a volume that exists, or remove it, so that a volume is created", File: x.file(claim, "volumeName"), Command: "kubectl get persistentvolumes"}}
		return f, true
	}
	if answer.Presence != snapshot.Present {
		return finding.Finding{}, false
	}
	owner := coreRef(claimKind.Kind, field.Text(answer.Object.Object, "spec", "claimRef", "namespace"), field.Text(answer.Object.Object, "spec", "claimRef", "name"))
	phase := field.Text(answer.Object.Object, "status", "phase")
	f.Evidence = append(f.Evidence, evidence(answer.Object, "status.phase", phase, time.Time{}))
	switch {
	case owner.Name != "" && !owner.Same(ref):
		f.Message = fmt.Sprintf("%s requests %s, which belongs to %s", ref, volume, owner)
		f.Evidence = append(f.Evidence, evidence(answer.Object, "spec.claimRef.name", owner.Name, time.Time{}))
		f.Fixes = []finding.Fix{{Text: "Set spec.volumeName to another volume, or remove it, so that a volume is created", File: x.file(claim, "volumeName"), Command: "kubectl get persistentvolumes"}}
	case phase == "Released":
		f.Message = fmt.Sprintf("%s requests %s, which still belongs to an earlier claim of that name", ref, volume)
		f.Fixes = []finding.Fix{{Text: "If its data is meant for the new claim, remove the volume's reference to the old one; the data is kept",
			Command: escape.Command(`kubectl patch persistentvolume %s --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]'`, name)}}
	default:
		return finding.Finding{}, false
	}
	return f, true
}

// unused is a claim whose volume is made only once a pod with it has a node,
// and no pod has it. Pods that wait for a node say more themselves.
func (x *examiner) unused(claim *unstructured.Unstructured, class string, e *exam) {
	unread := x.unreadable(health.PodKind, claim.GetNamespace())
	for _, pod := range x.snap.List(health.PodKind, claim.GetNamespace()).Objects {
		if slices.Contains(claims(pod), claim.GetName()) {
			e.blame = addRef(e.blame, finding.RefOf(pod))
		}
	}
	if len(e.blame) > 0 || len(unread) > 0 {
		e.unknown = union(e.unknown, unread)
		return
	}
	f := pendingClaim(claim, "WaitForFirstConsumer", "", evidence(claim, "status.phase", "Pending", e.verdict.Since), e.verdict.Since)
	f.Code = codeClaimUnused
	f.Message = fmt.Sprintf("no pod uses %s, and its StorageClass %s provisions a volume only for a pod that is scheduled to a node", f.Ref, class)
	f.Evidence = append(f.Evidence, evidence(x.class(class), "volumeBindingMode", "WaitForFirstConsumer", time.Time{}))
	f.Fixes = []finding.Fix{{Text: "Deploy the pod that uses it in the same layer, or do not check the claim's health", File: x.definedIn(claim)}}
	e.fallback = append(e.fallback, f)
}

// waitsForConsumer tells whether volumes of the class are made only once a pod
// has a node.
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
	if name == "" {
		for _, class := range x.snap.List(storageClassKind, "").Objects {
			if isDefault(class) {
				return class
			}
		}
		return nil
	}
	return x.snap.Lookup(finding.Ref{APIVersion: "storage.k8s.io/v1", Kind: "StorageClass", Name: name}).Object
}
