package diagnose

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// injectedImage is the image that Istio's gateway charts write: the injector puts
// the proxy's in its place (istio 1.28, manifests/charts/gateway/templates/deployment.yaml).
const injectedImage = "auto"

// The labels that decide on injection (istio 1.28, api/label).
const (
	injectionLabel = "istio-injection"
	revisionOf     = "istio.io/rev"
	injectLabel    = "sidecar.istio.io/inject"
)

// notInjected is a pod that Istio's webhook should have changed when the pod was
// created, and did not. There is no registry to ask for the image "auto".
func (c container) notInjected(t trouble) trouble {
	t.code, t.setting = codeNotInjected, ""
	t.message = fmt.Sprintf("Istio has not injected its proxy into the pods of %s, so their image is still %q", c.owner, injectedImage)
	t.evidence = append(c.specified(c.path("image")), c.state("state.waiting.reason", time.Time{})...)
	t.fixes = nil
	namespace := c.x.snap.Lookup(coreRef(health.NamespaceKind.Kind, "", c.pod.GetNamespace()))
	hooks := c.x.snap.List(mutatingWebhookKind, "")
	injectors := injectorsOf(hooks.Objects)
	unread := c.x.unreadable(mutatingWebhookKind, "")
	switch {
	case namespace.Presence != snapshot.Present && namespace.Why != nil:
		t.unknown = []snapshot.Failure{*namespace.Why}
	case len(unread) > 0:
		t.unknown = unread
	case len(injectors) == 0:
		c.noInjector(&t)
	case namespace.Presence == snapshot.Present:
		c.skipped(namespace.Object, injectors, &t)
	}
	return t
}

// injector is a webhook of Istio's that injects proxies.
type injector struct {
	config *unstructured.Unstructured
	hook   map[string]any
}

func injectorsOf(configs []*unstructured.Unstructured) []injector {
	var found []injector
	for _, config := range configs {
		for _, hook := range field.List(config.Object, "webhooks") {
			if strings.HasSuffix(field.Text(hook, "name"), "sidecar-injector.istio.io") {
				found = append(found, injector{config, hook})
			}
		}
	}
	return found
}

// accepts tells whether the webhook is called for pods with these labels. A
// selector that can't be read is taken to match.
func (i injector) accepts(selector string, have map[string]string) bool {
	raw := field.Map(i.hook, selector)
	if raw == nil {
		return true
	}
	var parsed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &parsed); err != nil {
		return true
	}
	matcher, err := metav1.LabelSelectorAsSelector(&parsed)
	return err != nil || matcher.Matches(labels.Set(have))
}

// noInjector is a cluster without the webhook, which comes with istiod.
func (c container) noInjector(t *trouble) {
	t.ref = finding.Ref{APIVersion: mutatingWebhookKind.Group + "/v1", Kind: mutatingWebhookKind.Kind, Name: "istio-sidecar-injector"}
	t.message += fmt.Sprintf("; %s, which injects it, does not exist", t.ref)
	t.evidence = append(t.evidence, finding.Evidence{Ref: t.ref, Field: "object", Value: "does not exist"})
	if release, ok := c.x.releaseByChart("", "istiod"); ok {
		t.message += fmt.Sprintf("; %s installs it", release)
		if c.x.knownNotReady(release) {
			t.blame = []finding.Ref{release}
		}
		t.fixes = []finding.Fix{{Text: fmt.Sprintf("Have %s install it again", release),
			Command: escape.Command("flux reconcile helmrelease %s -n %s --force", release.Name, release.Namespace)}}
	} else {
		t.fixes = []finding.Fix{{Text: "Find out why istiod is not installed", Command: "kubectl get deployments,helmreleases -n istio-system"}}
	}
	t.fixes = append(t.fixes, c.recreate("Then recreate the pods"))
}

// skipped is a pod that the webhook is not called for, by the labels of the pod
// or of its namespace; or is called for by now.
func (c container) skipped(namespace *unstructured.Unstructured, injectors []injector, t *trouble) {
	var byNamespace bool
	for _, i := range injectors {
		inNamespace := i.accepts("namespaceSelector", namespace.GetLabels())
		if inNamespace && i.accepts("objectSelector", c.pod.GetLabels()) {
			c.calledNow(i, t)
			return
		}
		byNamespace = byNamespace || inNamespace
	}
	if c.pod.GetLabels()[injectLabel] == "false" {
		t.message += fmt.Sprintf("; their label %s is false", injectLabel)
		t.evidence = append(t.evidence, evidence(c.pod, "metadata.labels["+injectLabel+"]", "false", time.Time{}))
		t.fixes = []finding.Fix{{Text: "Set the label " + injectLabel + " of the pods to true", File: c.x.file(c.work, "the pods' label "+injectLabel), Command: c.x.applyNow(c.work)}}
		return
	}
	if byNamespace {
		t.message += fmt.Sprintf("; no Istio webhook selects pods with their labels: the label %s is missing or names another revision", revisionOf)
		t.fixes = []finding.Fix{{Text: "Compare the pods' labels with the webhooks' objectSelector", Command: "kubectl get mutatingwebhookconfigurations " + escape.ShellWord(injectors[0].config.GetName()) + " -o yaml"}}
		return
	}
	c.namespaceSkipped(namespace, injectors[0], t)
}

// namespaceSkipped is a namespace whose labels keep its pods from injection.
func (c container) namespaceSkipped(namespace *unstructured.Unstructured, i injector, t *trouble) {
	t.ref = finding.RefOf(namespace)
	has := namespace.GetLabels()
	value, labelled := has[injectionLabel]
	restart := c.recreate("Then recreate the pods: the proxy is injected only when a pod is created")
	file := c.x.definedIn(namespace)
	switch revision := has[revisionOf]; {
	case labelled && value != "enabled":
		t.message += fmt.Sprintf("; the label %s of %s is %s", injectionLabel, t.ref, value)
		t.evidence = append(t.evidence, evidence(namespace, "metadata.labels["+injectionLabel+"]", value, time.Time{}))
		t.evidence = append(t.evidence, c.otherNamespace(namespace)...)
		t.fixes = []finding.Fix{{Text: fmt.Sprintf("Change the label %s of the namespace to enabled", injectionLabel), File: file,
			Command: escape.Command("kubectl label namespace %s %s=enabled --overwrite", t.ref.Name, injectionLabel)}, restart}
	case revision != "":
		t.message += fmt.Sprintf("; the label %s of %s is %s, and no Istio webhook has that revision", revisionOf, t.ref, revision)
		t.evidence = append(t.evidence, evidence(namespace, "metadata.labels["+revisionOf+"]", revision, time.Time{}))
		t.fixes = []finding.Fix{{Text: "Set the label to a revision that is installed", File: file, Command: "kubectl get mutatingwebhookconfigurations -l app=sidecar-injector -L " + escape.ShellWord(revisionOf)}, restart}
	default:
		t.message += fmt.Sprintf("; %s has neither the label %s nor %s", t.ref, injectionLabel, revisionOf)
		t.evidence = append(t.evidence, c.otherNamespace(namespace)...)
		t.fixes = []finding.Fix{{Text: fmt.Sprintf("Add the label that webhook %s selects to the namespace, usually %s: enabled", field.Text(i.hook, "name"), injectionLabel), File: file,
			Command: escape.Command("kubectl label namespace %s %s=enabled", t.ref.Name, injectionLabel)}, restart}
	}
}

// otherNamespace is the label of another tenant's namespace in which the same
// workload is ready.
func (c container) otherNamespace(namespace *unstructured.Unstructured) []finding.Evidence {
	twin := c.x.peer(c.owner)
	if twin == nil {
		return nil
	}
	theirs := c.x.snap.Lookup(coreRef(health.NamespaceKind.Kind, "", twin.GetNamespace())).Object
	if theirs == nil {
		return nil
	}
	value, ok := theirs.GetLabels()[injectionLabel]
	if !ok || value == namespace.GetLabels()[injectionLabel] {
		return nil
	}
	return []finding.Evidence{evidence(theirs, "metadata.labels["+injectionLabel+"]", value, time.Time{})}
}

// calledNow is a webhook that would be called for the pod now: it was not when
// the pod was created, or did not answer and was passed over.
func (c container) calledNow(i injector, t *trouble) {
	service := coreRef(health.ServiceKind.Kind, field.Text(i.hook, "clientConfig", "service", "namespace"), field.Text(i.hook, "clientConfig", "service", "name"))
	answer := c.x.snap.Lookup(service)
	if answer.Presence == snapshot.Present {
		if result := c.x.examine(service, true); result.verdict.Status != health.Ready && (len(result.findings) > 0 || len(result.blame) > 0) {
			t.message += fmt.Sprintf("; %s, which injects it, does not respond", service)
			t.blame = []finding.Ref{service}
		}
	}
	if len(t.blame) == 0 {
		t.message += fmt.Sprintf("; webhook %s selects them now, but did not when they were created", field.Text(i.hook, "name"))
	}
	t.fixes = []finding.Fix{c.recreate("Recreate the pods: the proxy is injected only when a pod is created")}
}

// recreate is how to have a workload's pods created again.
func (s podView) recreate(text string) finding.Fix {
	fix := finding.Fix{Text: text}
	switch s.owner.GroupKind() {
	case health.DeploymentKind, health.StatefulSetKind, daemonSetKind:
		fix.Command = escape.Command("kubectl rollout restart %s %s -n %s", resourceOf(s.owner), s.owner.Name, s.owner.Namespace)
	default:
		fix.Command = escape.Command("kubectl delete pod %s -n %s", s.pod.GetName(), s.pod.GetNamespace())
	}
	return fix
}
