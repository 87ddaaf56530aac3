package network

import (
	"cmp"
	"fmt"

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

// gatewayAPIVersion is the version in references to kinds of the Gateway API; look-ups
// ignore the version.
const gatewayAPIVersion = "gateway.networking.k8s.io/v1"

// ExplainAPIGateway checks what a Gateway of the Gateway API references, its class and
// certificates, and what its controller reports for each listener.
func ExplainAPIGateway(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	g := apiGateway{x, obj, &e}
	if !g.class() {
		g.certificates()
		g.infrastructure()
		g.listeners()
		g.reported()
	}
	e.JudgeByFindings()
	return e
}

// apiGateway is one Gateway of the Gateway API under examination.
type apiGateway struct {
	x    *engine.Context
	obj  *unstructured.Unstructured
	exam *engine.Result
}

func (g apiGateway) finding(code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{Code: code, Ref: object.RefOf(g.obj), Reason: reason, Severity: finding.Critical, Message: message}
}

// class reports a class that does not exist, and blames one that no controller has
// accepted. It reports whether that is why the Gateway does not work.
func (g apiGateway) class() bool {
	name := object.Text(g.obj.Object, "spec", "gatewayClassName")
	ref := object.Ref{APIVersion: gatewayAPIVersion, Kind: object.GatewayClassKind.Kind, Name: name}
	class, unknown, gone := g.x.Find(ref)
	switch {
	case name == "":
		return false
	case unknown != nil:
		if g.exam.Verdict.Status != health.Ready {
			g.exam.Unknown = append(g.exam.Unknown, *unknown)
		}
		return false
	case gone:
		f := g.finding(engine.CodeGatewayClass, "GatewayClassNotFound", fmt.Sprintf("%s references %s, which does not exist", object.RefOf(g.obj), ref))
		engine.Prove(&f, g.obj, "spec.gatewayClassName")
		f.Evidence = append(f.Evidence, engine.Absent(ref))
		f.Fixes = nearFixes(g.x, &f, g.obj, "spec.gatewayClassName", ref, "kubectl get gatewayclasses")
		g.exam.Findings = append(g.exam.Findings, f)
		return true
	}
	if flux.KnownNotReady(g.x, object.RefOf(class)) {
		g.exam.Blame = append(g.exam.Blame, object.RefOf(class))
		return true
	}
	return false
}

// nearFixes are the fixes for a reference to an object that does not exist: use the name
// that was meant, if one is similar, or compare.
func nearFixes(x *engine.Context, f *finding.Finding, obj *unstructured.Unstructured, path string, gone object.Ref, command string) []finding.Fix {
	look := finding.Fix{Text: fmt.Sprintf("Compare %s with the objects that exist, or create %s", path, gone), Command: command, File: flux.File(x, obj, path)}
	near, ok := x.Nearest(gone)
	if !ok {
		return []finding.Fix{look}
	}
	f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	return []finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, near.Name, gone.Name), Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, path)}, look}
}

// certificates checks the Secrets that listeners reference.
func (g apiGateway) certificates() {
	for i, listener := range object.List(g.obj.Object, "spec", "listeners") {
		for j, certificate := range object.List(listener, "tls", "certificateRefs") {
			if group, kind := object.Text(certificate, "group"), object.Text(certificate, "kind"); group != "" || kind != "" && kind != object.SecretKind.Kind {
				continue
			}
			namespace := cmp.Or(object.Text(certificate, "namespace"), g.obj.GetNamespace())
			path := fmt.Sprintf("spec.listeners[%d].tls.certificateRefs[%d]", i, j)
			g.certificate(engine.CoreRef(object.SecretKind.Kind, namespace, object.Text(certificate, "name")), path, object.Text(listener, "name"))
		}
	}
}

func (g apiGateway) certificate(secret object.Ref, path, listener string) {
	if secret.Namespace != g.obj.GetNamespace() && !g.granted(secret, path) {
		return
	}
	for _, certificate := range pods.CertificatesFor(g.x, secret.Namespace, secret.Name) {
		if ref := object.RefOf(certificate); flux.KnownNotReady(g.x, ref) {
			g.exam.Blame = engine.AddRef(g.exam.Blame, ref)
			return
		}
	}
	_, unknown, gone := g.x.Find(secret)
	switch {
	case unknown != nil && g.exam.Verdict.Status != health.Ready:
		g.exam.Unknown = append(g.exam.Unknown, *unknown)
		g.unresolved(listener, path+".name", secret)
	case gone:
		f := g.finding(engine.CodeCredentialMissing, "CredentialNotFound",
			fmt.Sprintf("%s serves no certificate on listener %s: %s does not exist", object.RefOf(g.obj), listener, secret))
		engine.Prove(&f, g.obj, path+".name")
		f.Evidence = append(f.Evidence, engine.Absent(secret))
		f.Fixes = nearFixes(g.x, &f, g.obj, path+".name", secret, escape.Command("kubectl get secrets,certificates -n %s", secret.Namespace))
		g.exam.Findings = append(g.exam.Findings, f)
	}
}

// unresolved reports a certificate that, according to the controller, does not exist or
// cannot be used, if the Secret could not be read.
func (g apiGateway) unresolved(listener, path string, secret object.Ref) {
	for i, status := range object.List(g.obj.Object, "status", "listeners") {
		for j, c := range object.List(status, "conditions") {
			if object.Text(status, "name") != listener || object.Text(c, "type") != "ResolvedRefs" || object.Text(c, "reason") != "InvalidCertificateRef" || object.Text(c, "status") != "False" {
				continue
			}
			f := g.finding(engine.CodeCredentialMissing, "InvalidCertificateRef", fmt.Sprintf("%s serves no certificate on listener %s, which references %s: %s",
				object.RefOf(g.obj), listener, secret, cmp.Or(health.FirstLine(object.Text(c, "message")), "InvalidCertificateRef")))
			f.Since = object.Time(c, "lastTransitionTime")
			engine.Prove(&f, g.obj, path, fmt.Sprintf("status.listeners[%d].conditions[%d].reason", i, j), fmt.Sprintf("status.listeners[%d].conditions[%d].message", i, j))
			f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether %s exists and is of type kubernetes.io/tls, and which Certificate writes it", secret),
				Command: escape.Command("kubectl get secrets,certificates -n %s", secret.Namespace), File: flux.File(g.x, g.obj, path)}}
			g.exam.Findings = append(g.exam.Findings, f)
			return
		}
	}
}

// granted reports a reference to another namespace that no ReferenceGrant there allows.
func (g apiGateway) granted(to object.Ref, path string) bool {
	f, unknown := grantMissing(g.x, g.obj, to, path)
	if unknown != nil && g.exam.Verdict.Status != health.Ready {
		g.exam.Unknown = append(g.exam.Unknown, *unknown)
	}
	if f == nil {
		return unknown == nil
	}
	g.exam.Findings = append(g.exam.Findings, *f)
	return false
}

// infrastructure blames what a controller created for the Gateway, by its label
// (gateway-api v1.6, apis/v1, GatewayNameLabelKey).
func (g apiGateway) infrastructure() {
	if g.exam.Verdict.Status == health.Ready {
		return
	}
	for _, workload := range g.x.Snap.List(object.DeploymentKind, g.obj.GetNamespace()).Objects {
		if workload.GetLabels()["gateway.networking.k8s.io/gateway-name"] != g.obj.GetName() {
			continue
		}
		if idle, ok := traffic.ScaledDown(g.x, []*unstructured.Unstructured{workload}); ok {
			g.exam.Findings = append(g.exam.Findings, idle)
		} else if flux.KnownNotReady(g.x, object.RefOf(workload)) {
			g.exam.Blame = engine.AddRef(g.exam.Blame, object.RefOf(workload))
		}
	}
	for _, service := range g.x.Snap.List(object.ServiceKind, g.obj.GetNamespace()).Objects {
		if service.GetLabels()["gateway.networking.k8s.io/gateway-name"] == g.obj.GetName() && flux.KnownNotReady(g.x, object.RefOf(service)) {
			g.exam.Blame = engine.AddRef(g.exam.Blame, object.RefOf(service))
		}
	}
}

// listeners reports the problems of single listeners that the controller reports.
func (g apiGateway) listeners() {
	for i, status := range object.List(g.obj.Object, "status", "listeners") {
		name := object.Text(status, "name")
		conditions := object.List(status, "conditions")
		for _, j := range listenerOrder(conditions) {
			c := conditions[j]
			conflict := object.Text(c, "type") == "Conflicted"
			f := g.finding(engine.CodeListener, object.Text(c, "reason"), "")
			f.Message = fmt.Sprintf("%s does not serve listener %s: %s", f.Ref, name, cmp.Or(health.FirstLine(object.Text(c, "message")), f.Reason))
			f.Since = object.Time(c, "lastTransitionTime")
			path := fmt.Sprintf("status.listeners[%d].conditions[%d]", i, j)
			engine.Prove(&f, g.obj, path+".reason", path+".message")
			f.Fixes = []finding.Fix{{Text: "Compare the listener with the message of its condition", Command: engine.Describe(f.Ref), File: flux.File(g.x, g.obj, "spec.listeners")}}
			if conflict {
				g.rivals(&f, name)
			}
			g.exam.Fallback = append(g.exam.Fallback, f)
			break
		}
	}
}

// listenerOrder are the conditions that report a problem of a listener, the cause before
// its consequences: its references, a conflict, and then that it is not accepted.
func listenerOrder(conditions []map[string]any) (order []int) {
	for _, bad := range [][2]string{{"ResolvedRefs", "False"}, {"Conflicted", "True"}, {"Accepted", "False"}} {
		for j, c := range conditions {
			if object.Text(c, "type") == bad[0] && object.Text(c, "status") == bad[1] {
				order = append(order, j)
			}
		}
	}
	return order
}

// rivals quotes the other listeners of the Gateway on a listener's port.
func (g apiGateway) rivals(f *finding.Finding, name string) {
	listeners := object.List(g.obj.Object, "spec", "listeners")
	for i, listener := range listeners {
		if object.Text(listener, "name") != name {
			continue
		}
		for j, other := range listeners {
			if j != i && object.Int(other, "port") != object.Int(listener, "port") {
				continue
			}
			for _, key := range []string{"port", "hostname", "protocol"} {
				engine.Prove(f, g.obj, fmt.Sprintf("spec.listeners[%d].%s", j, key))
			}
		}
		f.Fixes[0].Text = "Give the listener its own hostname, or the protocol of the other listeners on its port"
	}
}

// reported is the problem of the whole Gateway that the controller reports, if none of
// its references is the cause.
func (g apiGateway) reported() {
	v := g.exam.Verdict
	if v.Status != health.Failing || len(g.exam.Findings)+len(g.exam.Fallback) > 0 {
		return
	}
	f := g.finding(engine.CodeListener, string(v.Reason), fmt.Sprintf("%s does not work: %s", v.Ref, cmp.Or(health.FirstLine(v.Message), string(v.Reason))))
	f.Since = v.Since
	for _, kind := range []string{"Accepted", "Programmed"} {
		if c := object.ConditionOf(g.obj, kind); c.Status != "" && c.Status != "True" {
			f.Evidence = append(f.Evidence, engine.Quote(g.obj, c))
		}
	}
	engine.Prove(&f, g.obj, "spec.gatewayClassName")
	f.Fixes = []finding.Fix{{Text: "Check what the controller of its class reports", Command: engine.Describe(v.Ref)}}
	g.exam.Fallback = append(g.exam.Fallback, f)
}

// ExplainGatewayClass reports a class that no controller has accepted.
func ExplainGatewayClass(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	if e.Verdict.Status != health.Failing {
		return e
	}
	c := object.ConditionOf(obj, "Accepted")
	f := finding.Finding{
		Code: engine.CodeGatewayClass, Ref: e.Verdict.Ref, Reason: string(e.Verdict.Reason), Severity: finding.Critical, Since: e.Verdict.Since,
		Message: fmt.Sprintf("%s has not been accepted by a controller: %s", e.Verdict.Ref, cmp.Or(health.FirstLine(c.Message), e.Verdict.Message)),
	}
	engine.Prove(&f, obj, "spec.controllerName")
	if c.Status != "" {
		f.Evidence = append(f.Evidence, engine.Quote(obj, c))
	}
	f.Fixes = []finding.Fix{{Text: "Check whether the controller in spec.controllerName is installed, and what it reports", Command: engine.Describe(e.Verdict.Ref)}}
	e.Findings = append(e.Findings, f)
	return e
}

// grantMissing is the finding on a reference to an object of another namespace that no
// ReferenceGrant in that namespace allows (gateway-api v1.6,
// apis/v1/referencegrant_types.go); nil if it is allowed, or not known.
func grantMissing(x *engine.Context, from *unstructured.Unstructured, to object.Ref, path string) (*finding.Finding, *snapshot.Failure) {
	grants := x.Snap.List(object.ReferenceGrantKind, to.Namespace)
	for _, grant := range grants.Objects {
		if grantAllows(grant, from, to) {
			return nil, nil
		}
	}
	if unread := x.Unreadable(object.ReferenceGrantKind, to.Namespace); len(unread) > 0 {
		return nil, &unread[0]
	}
	ref := object.RefOf(from)
	f := finding.Finding{
		Code: engine.CodeGrantMissing, Ref: ref, Reason: "RefNotPermitted", Severity: finding.Critical,
		Message: fmt.Sprintf("%s cannot reference %s: no ReferenceGrant in namespace %s allows it", ref, to, to.Namespace),
	}
	engine.Prove(&f, from, path+".name", path+".namespace", "metadata.namespace")
	for _, grant := range grants.Objects {
		engine.Prove(&f, grant, "spec.from", "spec.to")
	}
	f.Fixes = []finding.Fix{{
		Text: fmt.Sprintf("Create a ReferenceGrant in namespace %s: from kind %s of namespace %s, to kind %s named %s",
			to.Namespace, ref.Kind, ref.Namespace, to.Kind, to.Name),
		Command: escape.Command("kubectl get referencegrants -n %s -o yaml", to.Namespace),
	}}
	return &f, nil
}

// grantAllows reports whether a ReferenceGrant allows a reference.
func grantAllows(grant, from *unstructured.Unstructured, to object.Ref) bool {
	ref := object.RefOf(from).GroupKind()
	allowed := false
	for _, f := range object.List(grant.Object, "spec", "from") {
		allowed = allowed || object.Text(f, "group") == ref.Group && object.Text(f, "kind") == ref.Kind && object.Text(f, "namespace") == from.GetNamespace()
	}
	if !allowed {
		return false
	}
	for _, t := range object.List(grant.Object, "spec", "to") {
		name := object.Text(t, "name")
		if object.Text(t, "group") == to.GroupKind().Group && object.Text(t, "kind") == to.Kind && (name == "" || name == to.Name) {
			return true
		}
	}
	return false
}
