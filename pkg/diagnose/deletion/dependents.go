package deletion

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// dependentKinds are those that most often belong to another object.
var dependentKinds = []schema.GroupKind{
	object.PodKind, object.ReplicaSetKind, object.JobKind, object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind, object.ClaimKind, object.SecretKind, object.ServiceKind,
}

// dependents are the objects that have to be deleted before their owner, which was
// deleted with --cascade=foreground.
func (t *termination) dependents() {
	var found []*unstructured.Unstructured
	complete := true
	for _, kind := range dependentKinds {
		objects, whole := t.list(kindIn{kind, t.ref.Namespace})
		complete = complete && whole
		for _, obj := range objects {
			if engine.OwnedBy(obj, t.obj) {
				found = append(found, obj)
			}
		}
	}
	if len(found) == 0 {
		t.addReason("finalizer %s waits for the objects that it owns", foreground)
		t.inspect("Check what it owns")
		return
	}
	var refs []object.Ref
	for _, obj := range found {
		refs = append(refs, object.RefOf(obj))
		if i := engine.OwnerIndex(obj, t.obj); len(refs) <= engine.MaxNamed {
			t.proof = append(t.proof, engine.Evidence(obj, fmt.Sprintf("metadata.ownerReferences[%d].name", i), t.ref.Name, time.Time{}))
		}
		t.blameDeleted(obj)
	}
	t.addReason("finalizer %s waits for %s that it owns: %s", foreground, finding.Count(len(found), "object"), refsText(refs))
	t.fix(finding.Fix{Text: "Check what prevents the deletion of " + refs[0].String(), Command: engine.Describe(refs[0])})
}

// instances are the objects of a CustomResourceDefinition, which all have to be deleted
// before it.
func (t *termination) instances() {
	kind := schema.GroupKind{Group: object.Text(t.obj.Object, "spec", "group"), Kind: object.Text(t.obj.Object, "spec", "names", "kind")}
	objects, _ := t.list(kindIn{kind, ""})
	t.addReason("finalizer %s waits until all %s objects are deleted", instanceCleanup, kind.Kind)
	for _, obj := range objects {
		t.blameDeleted(obj)
	}
	if len(objects) > 0 {
		t.addReason("there are %s: %s", finding.Count(len(objects), "object"), engine.NamesOf(objects))
	}
	if c := object.ConditionOf(t.obj, "Terminating"); c.Message != "" {
		t.addReason("%s", health.FirstLine(c.Message))
		t.proof = append(t.proof, engine.Quote(t.obj, c))
	}
	t.fix(finding.Fix{Text: "Check which objects remain, and what prevents their deletion", Command: "kubectl get " + escape.ShellWord(t.ref.Name) + " -A"})
}

// pod reports a pod whose node is down, or whose containers do not terminate.
func (t *termination) pod() {
	node := object.Text(t.obj.Object, "spec", "nodeName")
	for _, bad := range pods.ViewOf(t.x, t.obj).OnNotReadyNode() {
		t.addReason("node %s, which has to terminate it, is not ready", node)
		t.proof = append(t.proof, bad.Evidence...)
		t.blame = append(t.blame, bad.Blame...)
		t.fix(finding.Fix{Text: "Check since when the node has not reported, and whether its machine is off", Command: "kubectl describe node " + escape.ShellWord(node)})
		t.last = append(t.last, finding.Fix{Text: "Only if it is certain that the node is off, delete the pod without waiting for it: a pod that still runs there would write to its volumes at the same time as the new one",
			Command: escape.Command("kubectl delete pod %s -n %s --grace-period=0 --force", t.ref.Name, t.ref.Namespace)})
		return
	}
	if len(t.obj.GetFinalizers()) > 0 {
		return
	}
	t.addReason("the kubelet of node %s has not terminated it", node)
	for _, e := range t.x.Warnings(t.obj) {
		if slices.Contains([]string{"FailedKillPod", "FailedPreStopHook", "ExceededGracePeriod"}, e.Reason) {
			t.addReason("it reports %s: %s", e.Reason, health.FirstLine(e.Message))
			t.proof = append(t.proof, engine.EventEvidence(t.ref, e))
			break
		}
	}
	t.inspect("Check the kubelet's events for the pod")
}

// namespaceConditions report why a namespace still exists (kubernetes v1.36,
// pkg/controller/namespace/deletion/status_condition_utils.go).
var namespaceConditions = []string{
	"NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure",
	"NamespaceContentRemaining", "NamespaceFinalizersRemaining",
}

// namespace reports a namespace, which is deleted after everything in it.
func (t *termination) namespace() {
	t.addReason("nothing can be created in it meanwhile")
	var content message.NamespaceContent
	for _, kind := range namespaceConditions {
		c := object.ConditionOf(t.obj, kind)
		if c.Status != "True" {
			continue
		}
		t.reason = c.Reason
		t.proof = append(t.proof, engine.Quote(t.obj, c))
		left, _ := t.x.Message(c.Message).NamespaceContent()
		content.Resources = append(content.Resources, left.Resources...)
		content.Finalizers = append(content.Finalizers, left.Finalizers...)
		if len(left.Undiscovered) > 0 {
			t.undiscovered(left.Undiscovered)
			continue
		}
		t.addReason("%s", health.FirstLine(c.Message))
		if kind == namespaceConditions[0] {
			t.undiscovered(nil)
		}
	}
	known := len(t.why)
	for _, left := range content.Resources {
		t.remaining(left)
	}
	if len(t.blame) == 0 && len(t.why) == known {
		for _, left := range content.Finalizers {
			t.finalizerOf(left.Name)
		}
	}
	conditions := "kubectl get namespace " + escape.ShellWord(t.ref.Name) + " -o jsonpath='{.status.conditions}'"
	if len(t.fixes) == 0 {
		t.fix(finding.Fix{Text: "Check what remains in the namespace", Command: conditions})
		return
	}
	t.fix(finding.Fix{Text: "Check whether the namespace still exists, and what its conditions are now", Command: conditions})
}

// remaining blames the remaining objects of a kind that are being deleted.
func (t *termination) remaining(left message.RemainingResource) {
	kind, ok := kindOf(t.x, left.Group, left.Resource)
	if !ok {
		return
	}
	objects, _ := t.list(kindIn{kind, t.ref.Name})
	for _, obj := range objects {
		if t.x.Registry.ByKind[kind] == nil {
			t.heldObject(obj)
			continue
		}
		t.blameDeleted(obj)
	}
}

// heldObject reports what keeps an object in the namespace.
func (t *termination) heldObject(obj *unstructured.Unstructured) {
	if obj.GetDeletionTimestamp() == nil || len(obj.GetFinalizers()) == 0 {
		return
	}
	below := newTermination(t.x, obj)
	below.examine()
	t.addReason("%s is kept: %s", below.ref, strings.Join(below.why, "; "))
	t.proof = append(t.proof, below.proof...)
	t.blame = append(t.blame, below.blame...)
	t.unknown = engine.Union(t.unknown, below.unknown)
	for _, fix := range below.fixes {
		t.fix(fix)
	}
	t.last = append(t.last, below.last...)
}

// finalizerOf reports which program removes a finalizer of objects in the namespace that
// could not be read themselves.
func (t *termination) finalizerOf(name string) {
	switch {
	case name == fluxFinalizer:
		for _, controller := range []string{"kustomize-controller", "helm-controller", "source-controller"} {
			by := program{controller, t.fluxNamespace(controller), "what Flux applied and installed"}
			if obj, complete := t.findProgram(by); complete && (obj == nil || t.x.WorkloadVerdict(obj).Status != health.Ready) {
				t.heldBy(name, by, false)
			}
		}
	case !strings.Contains(name, "kubernetes.io/") && strings.Contains(name, "."):
		t.otherFinalizer(name)
	}
}

// coreKinds are built-in kinds that often keep a namespace, by their resource and
// group.
var coreKinds = map[string]schema.GroupKind{
	"pods.": object.PodKind, "services.": object.ServiceKind, "persistentvolumeclaims.": object.ClaimKind, "secrets.": object.SecretKind,
	"deployments.apps": object.DeploymentKind, "statefulsets.apps": object.StatefulSetKind, "daemonsets.apps": object.DaemonSetKind,
	"replicasets.apps": object.ReplicaSetKind, "jobs.batch": object.JobKind, "cronjobs.batch": object.CronJobKind,
}

// kindOf is the kind of a resource: one that was read, a built-in one, or one of a
// CustomResourceDefinition.
func kindOf(x *engine.Context, group, resource string) (schema.GroupKind, bool) {
	if kind, ok := coreKinds[resource+"."+group]; ok {
		return kind, true
	}
	for _, requested := range x.Snap.Requests() {
		if requested.Group == group && requested.Resource == resource {
			return requested.GroupKind(), true
		}
	}
	definition := x.Snap.Lookup(object.Ref{APIVersion: object.DefinitionKind.Group + "/v1", Kind: object.DefinitionKind.Kind, Name: resource + "." + group}).Object
	if definition == nil {
		return schema.GroupKind{}, false
	}
	return schema.GroupKind{Group: group, Kind: object.Text(definition.Object, "spec", "names", "kind")}, true
}
