package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// controllerKinds are the kinds that controllers run as.
var controllerKinds = []schema.GroupKind{health.DeploymentKind, health.StatefulSetKind, daemonSetKind}

// heldBy reports a finalizer that a program has to remove: the program is not
// installed, does not run, or has not done so. guessed means that the program is only
// known from the name of the finalizer.
func (t *termination) heldBy(finalizer string, by program, guessed bool) (working bool) {
	removed := "is removed by"
	if guessed {
		removed = "seems to be removed by"
	}
	obj, complete := t.findProgram(by)
	if obj == nil {
		if !complete {
			t.addReason("finalizer %s %s %s", finalizer, removed, by.name)
			t.inspect("Check its events")
			return false
		}
		t.addReason("finalizer %s %s %s, which is not installed", finalizer, removed, by.name)
		t.proof = append(t.proof, finding.Evidence{
			Ref: finding.Ref{APIVersion: "apps/v1", Kind: health.DeploymentKind.Kind, Namespace: by.namespace, Name: by.name}, Field: "object", Value: "does not exist"})
		t.fix(finding.Fix{Text: fmt.Sprintf("Install %s again, so that it cleans up and removes the finalizer", by.name), Command: "kubectl get deployments -n " + escape.ShellWord(by.namespace)})
		t.byHand(finalizer, cmp.Or(by.lost, "what that program created outside of this object")+" remains")
		return false
	}
	ref := finding.RefOf(obj)
	switch v := t.x.workloadVerdict(obj); v.Status {
	case health.Ready:
		t.addReason("finalizer %s %s %s, which runs but has not done so", finalizer, removed, ref)
		t.complaints()
		t.fix(finding.Fix{Text: "Read in the log why it does not remove the finalizer", Command: logsOf(ref)})
		return true
	case health.Suspended:
		t.addReason("finalizer %s %s %s, which is scaled to zero", finalizer, removed, ref)
		t.proof = append(t.proof, evidence(obj, "spec.replicas", "0", time.Time{}))
		t.fix(finding.Fix{Text: "Scale it up again, so that it cleans up and removes the finalizer", Command: scaleCommand(ref)})
	default:
		t.addReason("finalizer %s %s %s, which is not ready", finalizer, removed, ref)
		t.blame = addRef(t.blame, ref)
		t.fix(finding.Fix{Text: "Find out why it is not ready", Command: describe(ref)})
	}
	return false
}

// findProgram finds a program by its name or by the labels that installers set, first
// in its usual namespace. complete means that it would have been found.
func (t *termination) findProgram(by program) (found *unstructured.Unstructured, complete bool) {
	for _, namespace := range slices.Compact([]string{by.namespace, ""}) {
		complete = true
		for _, kind := range controllerKinds {
			objects, whole := t.list(kindIn{kind, namespace})
			complete = complete && whole
			for _, obj := range objects {
				if isProgram(obj, by.name) {
					return obj, true
				}
			}
		}
	}
	return nil, complete
}

// isProgram reports whether a workload is a program: the webhook of cert-manager also
// has that name in a label, but is another component.
func isProgram(obj *unstructured.Unstructured, name string) bool {
	labels := obj.GetLabels()
	if obj.GetName() == name || labels["app.kubernetes.io/component"] == name {
		return true
	}
	return labels["app.kubernetes.io/name"] == name && slices.Contains([]string{"", "controller", "operator", "manager"}, labels["app.kubernetes.io/component"])
}

// workloadNamed is the workload whose name contains the earliest of the words, the
// shortest name first.
func (t *termination) workloadNamed(words []string) (found finding.Ref, complete bool) {
	var refs []finding.Ref
	complete = true
	for _, kind := range controllerKinds {
		objects, whole := t.list(kindIn{kind, ""})
		complete = complete && whole
		for _, obj := range objects {
			refs = append(refs, finding.RefOf(obj))
		}
	}
	for _, word := range words {
		for _, ref := range refs {
			if strings.Contains(ref.Name, word) && (found.Name == "" || len(ref.Name) < len(found.Name)) {
				found = ref
			}
		}
		if found.Name != "" {
			break
		}
	}
	return found, complete
}

// complaints are the problems in the conditions and events of the object.
func (t *termination) complaints() {
	for _, c := range field.Conditions(field.Map(t.obj.Object, "status"), "status") {
		if c.Is("False") && c.Message != "" {
			t.addReason("it reports %s: %s", c.Reason, firstLine(c.Message))
			t.proof = append(t.proof, quote(t.obj, c))
			t.denied(c.Message)
			break
		}
	}
	for _, e := range t.x.warnings(t.obj) {
		if !e.Last.Before(t.at) {
			t.proof = append(t.proof, eventEvidence(t.ref, e))
			break
		}
	}
}

// denied first checks the object whose deletion a webhook or policy denies.
func (t *termination) denied(message string) {
	refusal, _ := t.x.message(message).APIError()
	webhook := refusal.Problem == fluxmsg.APIWebhook && refusal.Webhook.Failure == fluxmsg.WebhookDenied
	if !webhook && refusal.Problem != fluxmsg.APIPolicy || refusal.Object.Name == "" {
		return
	}
	ref := apiRefusal{x: t.x, obj: t.ref, parsed: refusal, message: message}.refused()
	t.fixes = slices.Insert(t.fixes, 0, finding.Fix{Text: fmt.Sprintf("Check what protects %s: its deletion is denied, and the message tells by which webhook or policy", ref), Command: inspect(ref)})
}

// logsOf is the command that shows the log of the pods of a workload.
func logsOf(ref finding.Ref) string {
	return escape.Command("kubectl logs %s/%s -n %s", resourceOf(ref), ref.Name, ref.Namespace)
}

// scaleCommand is the command that scales a workload up to one pod.
func scaleCommand(ref finding.Ref) string {
	return escape.Command("kubectl scale %s %s -n %s --replicas=1", resourceOf(ref), ref.Name, ref.Namespace)
}
