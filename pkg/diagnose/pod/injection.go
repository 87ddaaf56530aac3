package pod

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// injectedImage is the image in Istio's gateway charts: the injector replaces it with the
// proxy's (istio 1.28, manifests/charts/gateway/templates/deployment.yaml).
const injectedImage = "auto"

// The labels that decide on injection (istio 1.28, api/label).
const (
	injectionLabel = "istio-injection"
	revisionOf     = "istio.io/rev"
)

// notInjected reports a pod that Istio's webhook should have changed when the pod was
// created, but did not. No registry has the image "auto".
func notInjected(c pods.Container, t pods.Problem) pods.Problem {
	t.Code, t.Setting = engine.CodeNotInjected, ""
	t.Message = fmt.Sprintf("Istio has not injected its proxy into the pods of %s, so their image is still %q", c.Owner, injectedImage)
	t.Evidence = append(c.Specified(c.Path("image")), c.State("state.waiting.reason", time.Time{})...)
	t.Fixes = nil
	namespace := c.X.Snap.Lookup(engine.CoreRef(object.NamespaceKind.Kind, "", c.Pod.GetNamespace()))
	hooks := c.X.Snap.List(object.MutatingWebhookKind, "")
	injectors := injectorsOf(hooks.Objects)
	unread := c.X.Unreadable(object.MutatingWebhookKind, "")
	switch {
	case namespace.Presence != snapshot.Present && namespace.Failure != nil:
		t.Unknown = []snapshot.Failure{*namespace.Failure}
	case len(unread) > 0:
		t.Unknown = unread
	case len(injectors) == 0:
		noInjector(c, &t)
	case namespace.Presence == snapshot.Present:
		skipped(c, namespace.Object, injectors, &t)
	}
	return t
}

// injector is an Istio webhook that injects proxies.
type injector struct {
	config *unstructured.Unstructured
	hook   map[string]any
}

func injectorsOf(configs []*unstructured.Unstructured) []injector {
	var found []injector
	for _, config := range configs {
		for _, hook := range object.List(config.Object, "webhooks") {
			if strings.HasSuffix(object.Text(hook, "name"), "sidecar-injector.istio.io") {
				found = append(found, injector{config, hook})
			}
		}
	}
	return found
}

// accepts reports whether the webhook is called for pods with these labels. A selector
// that can't be parsed counts as matching.
func (i injector) accepts(selector string, have map[string]string) bool {
	return engine.LabelsMatch(object.Map(i.hook, selector), have) != engine.No
}

// noInjector reports a cluster without the webhook, which istiod installs.
func noInjector(c pods.Container, t *pods.Problem) {
	t.Ref = object.Ref{APIVersion: object.MutatingWebhookKind.Group + "/v1", Kind: object.MutatingWebhookKind.Kind, Name: "istio-sidecar-injector"}
	t.Message += fmt.Sprintf("; %s, which injects it, does not exist", t.Ref)
	t.Evidence = append(t.Evidence, finding.Evidence{Ref: t.Ref, Field: "object", Value: "does not exist"})
	if release, ok := flux.ReleaseByChart(c.X, "", "istiod"); ok {
		t.Message += fmt.Sprintf("; %s installs it", release)
		if flux.KnownNotReady(c.X, release) {
			t.Blame = []object.Ref{release}
		}
		t.Fixes = []finding.Fix{{Text: fmt.Sprintf("Have %s install it again", release),
			Command: escape.Command("flux reconcile helmrelease %s -n %s --force", release.Name, release.Namespace)}}
	} else {
		t.Fixes = []finding.Fix{{Text: "Find out why istiod is not installed", Command: "kubectl get deployments,helmreleases -n istio-system"}}
	}
	t.Fixes = append(t.Fixes, recreate(c.View, "Then recreate the pods"))
}

// skipped reports a pod for which the webhook is not called because of the labels of the
// pod or its namespace, or for which it would be called now.
func skipped(c pods.Container, namespace *unstructured.Unstructured, injectors []injector, t *pods.Problem) {
	var byNamespace bool
	for _, i := range injectors {
		inNamespace := i.accepts("namespaceSelector", namespace.GetLabels())
		if inNamespace && i.accepts("objectSelector", c.Pod.GetLabels()) {
			calledNow(c, i, t)
			return
		}
		byNamespace = byNamespace || inNamespace
	}
	if c.Pod.GetLabels()[traffic.InjectLabel] == "false" {
		t.Message += fmt.Sprintf("; their label %s is false", traffic.InjectLabel)
		t.Evidence = append(t.Evidence, engine.Evidence(c.Pod, "metadata.labels["+traffic.InjectLabel+"]", "false", time.Time{}))
		t.Fixes = []finding.Fix{{Text: "Set the label " + traffic.InjectLabel + " of the pods to true", File: flux.File(c.X, c.Work, "the pods' label "+traffic.InjectLabel), Command: flux.ApplyCommand(c.X, c.Work)}}
		return
	}
	if byNamespace {
		t.Message += fmt.Sprintf("; no Istio webhook selects pods with their labels: the label %s is missing or names another revision", revisionOf)
		t.Fixes = []finding.Fix{{Text: "Compare the pods' labels with the webhooks' objectSelector", Command: "kubectl get mutatingwebhookconfigurations " + escape.ShellWord(injectors[0].config.GetName()) + " -o yaml"}}
		return
	}
	namespaceSkipped(c, namespace, injectors[0], t)
}

// namespaceSkipped reports a namespace whose labels exclude its pods from injection.
func namespaceSkipped(c pods.Container, namespace *unstructured.Unstructured, i injector, t *pods.Problem) {
	t.Ref = object.RefOf(namespace)
	has := namespace.GetLabels()
	value, labelled := has[injectionLabel]
	restart := recreate(c.View, "Then recreate the pods: the proxy is injected only when a pod is created")
	file := c.X.DefinedIn(namespace)
	switch revision := has[revisionOf]; {
	case labelled && value != "enabled":
		t.Message += fmt.Sprintf("; the label %s of %s is %s", injectionLabel, t.Ref, value)
		t.Evidence = append(t.Evidence, engine.Evidence(namespace, "metadata.labels["+injectionLabel+"]", value, time.Time{}))
		t.Evidence = append(t.Evidence, otherNamespace(c, namespace)...)
		t.Fixes = []finding.Fix{{Text: fmt.Sprintf("Change the label %s of the namespace to enabled", injectionLabel), File: file,
			Command: escape.Command("kubectl label namespace %s %s=enabled --overwrite", t.Ref.Name, injectionLabel)}, restart}
	case revision != "":
		t.Message += fmt.Sprintf("; the label %s of %s is %s, and no Istio webhook has that revision", revisionOf, t.Ref, revision)
		t.Evidence = append(t.Evidence, engine.Evidence(namespace, "metadata.labels["+revisionOf+"]", revision, time.Time{}))
		t.Fixes = []finding.Fix{{Text: "Set the label to a revision that is installed", File: file, Command: "kubectl get mutatingwebhookconfigurations -l app=sidecar-injector -L " + escape.ShellWord(revisionOf)}, restart}
	default:
		t.Message += fmt.Sprintf("; %s has neither the label %s nor %s", t.Ref, injectionLabel, revisionOf)
		t.Evidence = append(t.Evidence, otherNamespace(c, namespace)...)
		t.Fixes = []finding.Fix{{Text: fmt.Sprintf("Add the label that webhook %s selects to the namespace, usually %s: enabled", object.Text(i.hook, "name"), injectionLabel), File: file,
			Command: escape.Command("kubectl label namespace %s %s=enabled", t.Ref.Name, injectionLabel)}, restart}
	}
}

// otherNamespace quotes the label of another tenant's namespace in which the
// corresponding workload is ready.
func otherNamespace(c pods.Container, namespace *unstructured.Unstructured) []finding.Evidence {
	peer := c.X.Peer(c.Owner)
	if peer == nil {
		return nil
	}
	theirs := c.X.Snap.Lookup(engine.CoreRef(object.NamespaceKind.Kind, "", peer.GetNamespace())).Object
	if theirs == nil {
		return nil
	}
	value, ok := theirs.GetLabels()[injectionLabel]
	if !ok || value == namespace.GetLabels()[injectionLabel] {
		return nil
	}
	return []finding.Evidence{engine.Evidence(theirs, "metadata.labels["+injectionLabel+"]", value, time.Time{})}
}

// calledNow reports a webhook that would be called for the pod now: it was not called
// when the pod was created, or did not respond and was ignored.
func calledNow(c pods.Container, i injector, t *pods.Problem) {
	service := engine.CoreRef(object.ServiceKind.Kind, object.Text(i.hook, "clientConfig", "service", "namespace"), object.Text(i.hook, "clientConfig", "service", "name"))
	answer := c.X.Snap.Lookup(service)
	if answer.Presence == snapshot.Present {
		if result := c.X.Examine(service, true); result.Verdict.Status != health.Ready && (len(result.Findings) > 0 || len(result.Blame) > 0) {
			t.Message += fmt.Sprintf("; %s, which injects it, does not respond", service)
			t.Blame = []object.Ref{service}
		}
	}
	if len(t.Blame) == 0 {
		t.Message += fmt.Sprintf("; webhook %s selects them now, but did not when they were created", object.Text(i.hook, "name"))
	}
	t.Fixes = []finding.Fix{recreate(c.View, "Recreate the pods: the proxy is injected only when a pod is created")}
}

// recreate is the fix that recreates a workload's pods.
func recreate(s pods.View, text string) finding.Fix {
	fix := finding.Fix{Text: text}
	switch s.Owner.GroupKind() {
	case object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind:
		fix.Command = escape.Command("kubectl rollout restart %s %s -n %s", engine.ResourceOf(s.Owner), s.Owner.Name, s.Owner.Namespace)
	default:
		fix.Command = escape.Command("kubectl delete pod %s -n %s", s.Pod.GetName(), s.Pod.GetNamespace())
	}
	return fix
}
