package refusal

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// webhook distinguishes a webhook that denied the object from one that could not be
// called: then the object is not the cause.
func (r Refusal) webhook() ([]finding.Finding, []object.Ref) {
	switch hook := r.Parsed.Webhook; hook.Failure {
	case apierror.WebhookDenied:
		return single(r.deniedBy(hook.Name))
	case apierror.WebhookNoDryRun:
		return single(r.noDryRun(hook.Name))
	}
	return r.Call().explain()
}

// Call is the failed call of a webhook.
func (r Refusal) Call() WebhookCall {
	c := WebhookCall{Refusal: r, hook: r.Parsed.Webhook}
	c.Config, c.entry = webhookNamed(r.X, c.hook)
	if c.hook.ServiceName == "" {
		c.hook.ServiceName = object.Text(c.entry, "clientConfig", "service", "name")
	}
	if c.hook.ServiceNamespace == "" {
		c.hook.ServiceNamespace = object.Text(c.entry, "clientConfig", "service", "namespace")
	}
	if c.hook.Port == 0 {
		c.hook.Port = int(object.IntOr(443, c.entry, "clientConfig", "service", "port"))
	}
	c.service = engine.CoreRef(object.ServiceKind.Kind, c.hook.ServiceNamespace, c.hook.ServiceName)
	c.answer = snapshot.Answer{}
	if c.named() {
		c.answer = r.X.Snap.Lookup(c.service)
	}
	return c
}

// WebhookCall is a failed call of a webhook: its configuration and entry there, nil if
// they could not be read, and the Service that is called.
type WebhookCall struct {
	Refusal
	hook    apierror.Webhook
	Config  *unstructured.Unstructured
	entry   map[string]any
	service object.Ref
	answer  snapshot.Answer
}

// named reports whether a Service is called, not a URL.
func (c WebhookCall) named() bool { return c.service.Name != "" && c.service.Namespace != "" }

// explain follows the call to the first part that does not work: the Service, its
// endpoints, then the network and TLS.
func (c WebhookCall) explain() ([]finding.Finding, []object.Ref) {
	switch {
	case c.answer.Presence == snapshot.Absent:
		return c.noService()
	case c.answer.Presence == snapshot.Present && c.readyEndpoints() > 0:
		return c.served()
	}
	f := c.finding(engine.CodeWebhookUnreachable, string(c.hook.Failure), cmp.Or(health.FirstLine(c.Parsed.Detail), health.FirstLine(c.Message)))
	f.Fixes = []finding.Fix{c.inspect("Check what serves the webhook")}
	switch {
	case c.Config != nil:
		return []finding.Finding{f}, []object.Ref{object.RefOf(c.Config)}
	case c.named():
		return []finding.Finding{f}, []object.Ref{c.service}
	}
	return single(f)
}

// finding is on the webhook's configuration, or on the part that is known of it.
func (c WebhookCall) finding(code finding.Code, reason, why string) finding.Finding {
	f := finding.Finding{
		Code: code, Ref: c.Obj, Reason: reason, Severity: finding.Critical, Since: c.at,
		Message:  fmt.Sprintf("the API server can't call webhook %s: %s", c.hook.Name, why),
		Evidence: c.proof(),
	}
	switch {
	case c.Config != nil:
		f.Ref = object.RefOf(c.Config)
	case c.named():
		f.Ref = c.service
	}
	if name := object.Text(c.entry, "clientConfig", "service", "name"); name != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(c.Config, "webhooks["+object.Text(c.entry, "name")+"].clientConfig.service.name", name, time.Time{}))
	}
	return f
}

// inspect is what to check if the cause is not known.
func (c WebhookCall) inspect(text string) finding.Fix {
	fix := finding.Fix{Text: text}
	switch {
	case c.named():
		fix.Command = escape.Command("kubectl get service,endpointslices,pods -n %s -o wide", c.service.Namespace)
	case c.Config != nil:
		fix.Command = escape.Command("kubectl get %s %s -o yaml", engine.ResourceOf(object.RefOf(c.Config)), c.Config.GetName())
	default:
		fix.Command = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
	}
	return fix
}

// noService reports a webhook whose Service does not exist: its software was removed, or
// is not installed yet.
func (c WebhookCall) noService() ([]finding.Finding, []object.Ref) {
	f := c.finding(engine.CodeWebhookUnreachable, "NoService", fmt.Sprintf("%s, which it calls, does not exist", c.service))
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: c.service, Field: "object", Value: "does not exist"})
	var fixes []finding.Fix
	var blame []object.Ref
	fixes, blame = RestoreService(c.X, c.Config, c.service)
	f.Fixes = fixes
	return []finding.Finding{f}, blame
}

// RestoreService returns the fix for a Service that a webhook calls and that does not
// exist: its HelmRelease or layer creates it, or the user has to find out what installed
// the webhook.
func RestoreService(x *engine.Context, config *unstructured.Unstructured, service object.Ref) ([]finding.Fix, []object.Ref) {
	owner, known := flux.CreatorOf(x, service)
	if release := installerOf(x, config); release != nil {
		owner, known = object.RefOf(release), true
	}
	if known && flux.KnownNotReady(x, owner) {
		return []finding.Fix{{Text: "Restore " + service.String() + ", which comes from " + owner.String(), Command: engine.Describe(owner)}}, []object.Ref{owner}
	}
	if config != nil && object.RefOf(config).GroupKind() == object.APIServiceKind && !known {
		return []finding.Fix{{Text: "Reinstall the software that serves " + cmp.Or(object.Text(config.Object, "spec", "group"), config.GetName()) + ". If it was uninstalled on purpose, delete its APIService, which was left behind",
			Command: "kubectl get apiservice " + escape.ShellWord(config.GetName()) + " -o yaml"}}, nil
	}
	look := finding.Fix{Text: "Find out what installed the webhook, and reinstall it", Command: "kubectl get services -n " + escape.ShellWord(service.Namespace)}
	if config != nil {
		look.Command = escape.Command("kubectl get %s %s -o yaml", engine.ResourceOf(object.RefOf(config)), config.GetName())
	}
	if !known {
		return []finding.Fix{look, {Text: "Only if that software was uninstalled on purpose, delete its webhook configuration, which was left behind; these objects are then no longer checked"}}, nil
	}
	fix := finding.Fix{Text: fmt.Sprintf("Restore %s, which comes from %s", service, owner)}
	switch owner.GroupKind() {
	case object.HelmReleaseKind:
		fix.Command = escape.Command("flux reconcile helmrelease %s -n %s --force", owner.Name, owner.Namespace)
	case object.KustomizationKind:
		fix.Command = escape.Command("flux reconcile kustomization %s -n %s", owner.Name, owner.Namespace)
	}
	return []finding.Fix{fix}, nil
}

// installerOf is installer for an object that may be nil.
func installerOf(x *engine.Context, obj *unstructured.Unstructured) *unstructured.Unstructured {
	if obj == nil {
		return nil
	}
	return flux.Installer(x, obj)
}

// served explains a call that failed although the Service has ready endpoints. They may
// have become ready since; otherwise something between the API server and the pods is the
// cause.
func (c WebhookCall) served() ([]finding.Finding, []object.Ref) {
	detail := cmp.Or(health.FirstLine(c.Parsed.Detail), health.FirstLine(c.Message))
	ready := c.readyEndpoints()
	before := c.readyBefore(c.last())
	switch c.hook.Failure {
	case apierror.WebhookTLS:
		return c.badTLS(detail)
	case apierror.WebhookTimeout, apierror.WebhookNoRoute:
		if before {
			return c.blocked(detail)
		}
	case apierror.WebhookRefused:
		if before {
			return single(c.notListening(detail))
		}
	case apierror.WebhookNoService:
		if port := c.servicePort(); port == nil {
			return single(c.noPort(detail))
		}
	case apierror.WebhookOtherFailure:
		if before {
			f := c.finding(engine.CodeWebhookUnreachable, string(c.hook.Failure), detail)
			f.Fixes = []finding.Fix{c.inspect("Check its pods, and what they log about the calls: its endpoints are ready"), c.logs()}
			return single(f)
		}
	}
	f := c.finding(engine.CodeWebhookUnreachable, string(c.hook.Failure), fmt.Sprintf("%s; since then %s ready", detail, count(ready, "endpoint has become", "endpoints have become")))
	f.Fixes = []finding.Fix{c.inspect("Check whether the next call succeeds: its endpoints have become ready since the last failed call")}
	return single(f)
}

// count writes a number with its noun: "1 endpoint is ready".
func count(n int, single, plural string) string {
	if n == 1 {
		return "1 " + single
	}
	return strconv.Itoa(n) + " " + plural
}

// noPort reports a Service without the port that the webhook calls.
func (c WebhookCall) noPort(detail string) finding.Finding {
	f := c.finding(engine.CodeWebhookPort, "NoService", detail)
	var ports []string
	for i, port := range object.List(c.answer.Object.Object, "spec", "ports") {
		ports = append(ports, strconv.FormatInt(object.Int(port, "port"), 10))
		f.Evidence = append(f.Evidence, engine.Evidence(c.answer.Object, fmt.Sprintf("spec.ports[%d].port", i), ports[i], time.Time{}))
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Compare the port that the webhook calls, %d, with the ports of %s, and correct the wrong one", c.hook.Port, c.service),
		Command: escape.Command("kubectl get service %s -n %s -o yaml", c.service.Name, c.service.Namespace)}}
	return f
}

// logs is the command that reads the logs of the webhook's pods.
func (c WebhookCall) logs() finding.Fix {
	return finding.Fix{Text: "Read the logs of its pods",
		Command: escape.Command("kubectl logs -n %s -l %s --tail=50 --prefix", c.service.Namespace, engine.WriteLabels(engine.SelectorOf(c.answer.Object)))}
}

// deniedBy reports a webhook that was called and denied the object.
func (r Refusal) deniedBy(name string) finding.Finding {
	f := r.refusedFinding(engine.CodeWebhookDenied, "Denied", "is denied by webhook "+name, "")
	r.denials(&f)
	f.Fixes = []finding.Fix{{Text: "Change " + f.Ref.String() + " as the webhook's message requires", File: r.file(), Command: "kubectl get " + escape.ShellWord(engine.ResourceOf(f.Ref)) + " " + escape.ShellWord(f.Ref.Name) + inNamespace(f.Ref) + " -o yaml"}}
	if r.X.Snap.Lookup(f.Ref).Presence != snapshot.Present {
		f.Fixes[0].Command = ""
	}
	return f
}

// inNamespace is kubectl's flag for the namespace of an object.
func inNamespace(ref object.Ref) string {
	if ref.Namespace == "" {
		return ""
	}
	return " -n " + escape.ShellWord(ref.Namespace)
}

// noDryRun reports a webhook that declares side effects, so the API server does not call
// it for the dry run with which Flux starts.
func (r Refusal) noDryRun(name string) finding.Finding {
	c := r.Call()
	f := c.finding(engine.CodeWebhookDryRun, "NoDryRun", "it declares side effects, so the dry run with which Flux starts is rejected")
	if effects := object.Text(c.entry, "sideEffects"); effects != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(c.Config, "webhooks["+name+"].sideEffects", effects, time.Time{}))
	}
	f.Fixes = []finding.Fix{{Text: "Upgrade the software of the webhook to a version whose webhook has sideEffects: None or NoneOnDryRun",
		Command: c.inspect("").Command}}
	return f
}

// webhookNamed finds the configuration and the entry of a webhook. Several may have its
// name, as with Istio's revisions: the one that calls the same Service is meant.
func webhookNamed(x *engine.Context, hook apierror.Webhook) (config *unstructured.Unstructured, entry map[string]any) {
	known := false // whether the entry calls the Service, though maybe at another path
	for _, kind := range engine.WebhookKinds {
		for _, obj := range x.Snap.List(kind, "").Objects {
			for _, webhook := range object.List(obj.Object, "webhooks") {
				called := object.Map(webhook, "clientConfig", "service")
				same := hook.ServiceName == "" || object.Text(called, "name") == hook.ServiceName && object.Text(called, "namespace") == hook.ServiceNamespace
				path := object.Text(called, "path")
				switch named := object.Text(webhook, "name") == hook.Name; {
				case named && same && (hook.Path == "" || path == hook.Path):
					return obj, webhook
				case named && same && !known || named && entry == nil:
					config, entry, known = obj, webhook, same
				}
			}
		}
	}
	return config, entry
}
