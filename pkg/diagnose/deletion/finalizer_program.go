package deletion

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// controllerKinds are the kinds that controllers run as.
var controllerKinds = []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind}

// heldBy reports a finalizer that a program has to remove: the program is not installed, does
// not run, or has not done so. guessed is set if the program is only known from the name of
// the finalizer.
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
			Ref: object.Ref{APIVersion: "apps/v1", Kind: object.DeploymentKind.Kind, Namespace: by.namespace, Name: by.name}, Field: "object", Value: "does not exist"})
		t.fix(finding.Fix{Text: fmt.Sprintf("Install %s again, so that it cleans up and removes the finalizer", by.name), Command: "kubectl get deployments -n " + escape.ShellWord(by.namespace)})
		t.byHand(finalizer, cmp.Or(by.lost, "what that program created outside of this object")+" remains")
		return false
	}
	ref := object.RefOf(obj)
	switch v := t.x.WorkloadVerdict(obj); v.Status {
	case health.Ready:
		t.addReason("finalizer %s %s %s, which runs but has not done so", finalizer, removed, ref)
		t.complaints()
		t.fix(finding.Fix{Text: "Read in the log why it does not remove the finalizer", Command: engine.LogsOf(ref)})
		return true
	case health.Suspended:
		t.addReason("finalizer %s %s %s, which is scaled to zero", finalizer, removed, ref)
		t.proof = append(t.proof, engine.Evidence(obj, "spec.replicas", "0", time.Time{}))
		t.fix(finding.Fix{Text: "Scale it up again, so that it cleans up and removes the finalizer", Command: scaleCommand(ref)})
	default:
		t.addReason("finalizer %s %s %s, which is not ready", finalizer, removed, ref)
		t.blame = engine.AddRef(t.blame, ref)
		t.fix(finding.Fix{Text: "Find out why it is not ready", Command: engine.Describe(ref)})
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
func (t *termination) workloadNamed(words []string) (found object.Ref, complete bool) {
	var refs []object.Ref
	complete = true
	for _, kind := range controllerKinds {
		objects, whole := t.list(kindIn{kind, ""})
		complete = complete && whole
		for _, obj := range objects {
			refs = append(refs, object.RefOf(obj))
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
	for _, c := range object.Conditions(object.Map(t.obj.Object, "status"), "status") {
		if c.Is("False") && c.Message != "" {
			t.addReason("it reports %s: %s", c.Reason, health.FirstLine(c.Message))
			t.proof = append(t.proof, engine.Quote(t.obj, c))
			t.denied(c.Message)
			break
		}
	}
	for _, e := range t.x.Warnings(t.obj) {
		if !e.Last.Before(t.at) {
			t.proof = append(t.proof, engine.EventEvidence(t.ref, e))
			break
		}
	}
}

// denied first checks the object whose deletion a webhook or policy denies.
func (t *termination) denied(message string) {
	rejected, _ := t.x.Message(message).APIError()
	webhook := rejected.Problem == apierror.ProblemWebhook && rejected.Webhook.Failure == apierror.WebhookDenied
	if !webhook && rejected.Problem != apierror.ProblemPolicy || rejected.Object.Name == "" {
		return
	}
	ref := refusal.Refusal{X: t.x, Obj: t.ref, Parsed: rejected, Message: message}.Refused()
	t.fixes = slices.Insert(t.fixes, 0, finding.Fix{Text: fmt.Sprintf("Check what protects %s: its deletion is denied, and the message tells by which webhook or policy", ref), Command: flux.DescribeCommand(ref)})
}

// scaleCommand is the command that scales a workload up to one pod.
func scaleCommand(ref object.Ref) string {
	return escape.Command("kubectl scale %s %s -n %s --replicas=1", engine.ResourceOf(ref), ref.Name, ref.Namespace)
}
