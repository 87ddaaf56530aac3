package diagnose

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// webhook tells a webhook that refused the object from one that could not be
// called: the object that was to be changed is not to blame for the second.
func (r apiRefusal) webhook() ([]finding.Finding, []finding.Ref) {
	switch hook := r.said.Webhook; hook.Failure {
	case fluxmsg.WebhookDenied:
		return one(r.deniedBy(hook.Name))
	case fluxmsg.WebhookNoDryRun:
		return one(r.noDryRun(hook.Name))
	}
	return r.call().explain()
}

// call is the call of a webhook that failed.
func (r apiRefusal) call() webhookCall {
	c := webhookCall{apiRefusal: r, hook: r.said.Webhook}
	c.config, c.entry = r.x.webhookNamed(c.hook)
	if c.hook.ServiceName == "" {
		c.hook.ServiceName = field.Text(c.entry, "clientConfig", "service", "name")
	}
	if c.hook.ServiceNamespace == "" {
		c.hook.ServiceNamespace = field.Text(c.entry, "clientConfig", "service", "namespace")
	}
	if c.hook.Port == 0 {
		c.hook.Port = int(field.IntOr(443, c.entry, "clientConfig", "service", "port"))
	}
	c.service = coreRef(health.ServiceKind.Kind, c.hook.ServiceNamespace, c.hook.ServiceName)
	c.answer = snapshot.Answer{}
	if c.named() {
		c.answer = r.x.snap.Lookup(c.service)
	}
	return c
}

// webhookCall is a call of a webhook that failed: its configuration and entry
// there, nil where these could not be read, and the Service that it goes to.
type webhookCall struct {
	apiRefusal
	hook    fluxmsg.Webhook
	config  *unstructured.Unstructured
	entry   map[string]any
	service finding.Ref
	answer  snapshot.Answer
}

// named tells whether a Service is called, not a URL.
func (c webhookCall) named() bool { return c.service.Name != "" && c.service.Namespace != "" }

// explain follows the call to the first thing on its way that does not work:
// the Service, its endpoints, then the network and TLS.
func (c webhookCall) explain() ([]finding.Finding, []finding.Ref) {
	switch {
	case c.answer.Presence == snapshot.Absent:
		return c.noService()
	case c.answer.Presence == snapshot.Present && c.readyEndpoints() > 0:
		return c.served()
	}
	f := c.finding(codeWebhookUnreachable, string(c.hook.Failure), cmp.Or(firstLine(c.said.Detail), firstLine(c.message)))
	f.Fixes = []finding.Fix{c.inspect("Check what serves the webhook")}
	switch {
	case c.config != nil:
		return []finding.Finding{f}, []finding.Ref{finding.RefOf(c.config)}
	case c.named():
		return []finding.Finding{f}, []finding.Ref{c.service}
	}
	return one(f)
}

// finding is about the webhook's configuration, or about what is known of it.
func (c webhookCall) finding(code finding.Code, reason, why string) finding.Finding {
	f := finding.Finding{
		Code: code, Ref: c.obj, Reason: reason, Severity: finding.Critical, Since: c.at,
		Message:  fmt.Sprintf("the API server can't call webhook %s: %s", c.hook.Name, why),
		Evidence: c.proof(),
	}
	switch {
	case c.config != nil:
		f.Ref = finding.RefOf(c.config)
	case c.named():
		f.Ref = c.service
	}
	if name := field.Text(c.entry, "clientConfig", "service", "name"); name != "" {
		f.Evidence = append(f.Evidence, evidence(c.config, "webhooks["+field.Text(c.entry, "name")+"].clientConfig.service.name", name, time.Time{}))
	}
	return f
}

// inspect is where to look when nothing is known for sure.
func (c webhookCall) inspect(text string) finding.Fix {
	fix := finding.Fix{Text: text}
	switch {
	case c.named():
		fix.Command = escape.Command("kubectl get service,endpointslices,pods -n %s -o wide", c.service.Namespace)
	case c.config != nil:
		fix.Command = escape.Command("kubectl get %s %s -o yaml", resourceOf(finding.RefOf(c.config)), c.config.GetName())
	default:
		fix.Command = "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"
	}
	return fix
}

// noService is a webhook whose Service does not exist: its software was removed,
// or is not installed yet.
func (c webhookCall) noService() ([]finding.Finding, []finding.Ref) {
	f := c.finding(codeWebhookUnreachable, "NoService", fmt.Sprintf("%s, which it calls, does not exist", c.service))
	f.Evidence = append(f.Evidence, finding.Evidence{Ref: c.service, Field: "object", Value: "does not exist"})
	var fixes []finding.Fix
	var blame []finding.Ref
	fixes, blame = c.x.restoreService(c.config, c.service)
	f.Fixes = fixes
	return []finding.Finding{f}, blame
}

// restoreService is what to do about a Service that a webhook calls and that
// does not exist: its HelmRelease or layer creates it, or what installed the
// webhook has to be found.
func (x *examiner) restoreService(config *unstructured.Unstructured, service finding.Ref) ([]finding.Fix, []finding.Ref) {
	owner, known := x.creatorOf(service)
	if release := x.installerOf(config); release != nil {
		owner, known = finding.RefOf(release), true
	}
	if known && x.knownNotReady(owner) {
		return []finding.Fix{{Text: "Restore " + service.String() + ", which comes from " + owner.String(), Command: describe(owner)}}, []finding.Ref{owner}
	}
	if config != nil && finding.RefOf(config).GroupKind() == apiServiceKind && !known {
		return []finding.Fix{{Text: "Reinstall the software that serves " + field.Text(config.Object, "spec", "group") + "; if it was uninstalled on purpose, its APIService was left behind",
			Command: "kubectl get apiservice " + escape.ShellWord(config.GetName()) + " -o yaml"}}, nil
	}
	look := finding.Fix{Text: "Find out what installed the webhook, and reinstall it", Command: "kubectl get services -n " + escape.ShellWord(service.Namespace)}
	if config != nil {
		look.Command = escape.Command("kubectl get %s %s -o yaml", resourceOf(finding.RefOf(config)), config.GetName())
	}
	if !known {
		return []finding.Fix{look, {Text: "Only if that software was uninstalled on purpose: its webhook configuration was left behind, and these objects are no longer checked"}}, nil
	}
	fix := finding.Fix{Text: fmt.Sprintf("Restore %s, which comes from %s", service, owner)}
	switch owner.GroupKind() {
	case health.HelmReleaseKind:
		fix.Command = escape.Command("flux reconcile helmrelease %s -n %s --force", owner.Name, owner.Namespace)
	case health.KustomizationKind:
		fix.Command = escape.Command("flux reconcile kustomization %s -n %s", owner.Name, owner.Namespace)
	}
	return []finding.Fix{fix}, nil
}

// installerOf is installer for an object that may be nil.
func (x *examiner) installerOf(obj *unstructured.Unstructured) *unstructured.Unstructured {
	if obj == nil {
		return nil
	}
	return x.installer(obj)
}

// served is a call that failed though the Service has ready endpoints. They may
// have become ready since; else something between the API server and the pods is
// the reason.
func (c webhookCall) served() ([]finding.Finding, []finding.Ref) {
	detail := cmp.Or(firstLine(c.said.Detail), firstLine(c.message))
	ready := c.readyEndpoints()
	before := c.readyBefore(c.last())
	switch c.hook.Failure {
	case fluxmsg.WebhookTLS:
		return c.badTLS(detail)
	case fluxmsg.WebhookTimeout, fluxmsg.WebhookNoRoute:
		if before {
			return c.blocked(detail)
		}
	case fluxmsg.WebhookRefused:
		if before {
			return one(c.notListening(detail))
		}
	case fluxmsg.WebhookNoService:
		if port := c.servicePort(); port == nil {
			return one(c.noPort(detail))
		}
	case fluxmsg.WebhookOtherFailure:
		if before {
			f := c.finding(codeWebhookUnreachable, string(c.hook.Failure), detail)
			f.Fixes = []finding.Fix{c.inspect("Check its pods, and what they log about the calls: its endpoints are ready"), c.logs()}
			return one(f)
		}
	}
	f := c.finding(codeWebhookUnreachable, string(c.hook.Failure), fmt.Sprintf("%s; since then %s ready", detail, count(ready, "endpoint has become", "endpoints have become")))
	f.Fixes = []finding.Fix{c.inspect("Check whether the next call succeeds: its endpoints have become ready since the last failed call")}
	return one(f)
}

// count writes a number with its noun: "1 endpoint is ready".
func count(n int, single, plural string) string {
	if n == 1 {
		return "1 " + single
	}
	return strconv.Itoa(n) + " " + plural
}

// noPort is a Service without the port that the webhook calls.
func (c webhookCall) noPort(detail string) finding.Finding {
	f := c.finding(codeWebhookPort, "NoService", detail)
	var ports []string
	for i, port := range field.List(c.answer.Object.Object, "spec", "ports") {
		ports = append(ports, strconv.FormatInt(field.Int(port, "port"), 10))
		f.Evidence = append(f.Evidence, evidence(c.answer.Object, fmt.Sprintf("spec.ports[%d].port", i), ports[i], time.Time{}))
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Compare the port that the webhook calls, %d, with the ports of %s, and correct the wrong one", c.hook.Port, c.service),
		Command: escape.Command("kubectl get service %s -n %s -o yaml", c.service.Name, c.service.Namespace)}}
	return f
}

// logs is the command that reads what the webhook's pods log.
func (c webhookCall) logs() finding.Fix {
	return finding.Fix{Text: "Read the logs of its pods",
		Command: escape.Command("kubectl logs -n %s -l %s --tail=50 --prefix", c.service.Namespace, writeLabels(selectorOf(c.answer.Object)))}
}
