package diagnose

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// gatewayAPIVersion is the version that the Gateway API's kinds are named by;
// look-ups go by group and kind.
const gatewayAPIVersion = "gateway.networking.k8s.io/v1"

// explainAPIGateway looks at what a Gateway of the Gateway API names, a class and
// certificates, and at what its controller reports of each listener.
func explainAPIGateway(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
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
	e.judge()
	return e
}

// apiGateway is one Gateway of the Gateway API under examination.
type apiGateway struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

func (g apiGateway) finding(code finding.Code, reason, message string) finding.Finding {
	return finding.Finding{Code: code, Ref: finding.RefOf(g.obj), Reason: reason, Severity: finding.Critical, Message: message}
}

// class reports a class that does not exist, and blames one that no controller has
// accepted. It tells whether that is why the Gateway does not work.
func (g apiGateway) class() bool {
	name := field.Text(g.obj.Object, "spec", "gatewayClassName")
	ref := finding.Ref{APIVersion: gatewayAPIVersion, Kind: health.GatewayClassKind.Kind, Name: name}
	class, unknown, gone := g.x.find(ref)
	switch {
	case name == "":
		return false
	case unknown != nil:
		if g.exam.verdict.Status != health.Ready {
			g.exam.unknown = append(g.exam.unknown, *unknown)
		}
		return false
	case gone:
		f := g.finding(codeGatewayClass, "GatewayClassNotFound", fmt.Sprintf("%s references %s, which does not exist", finding.RefOf(g.obj), ref))
		prove(&f, g.obj, "spec.gatewayClassName")
		f.Evidence = append(f.Evidence, absent(ref))
		f.Fixes = g.x.nearFixes(&f, g.obj, "spec.gatewayClassName", ref, "kubectl get gatewayclasses")
		g.exam.findings = append(g.exam.findings, f)
		return true
	}
	if g.x.knownNotReady(finding.RefOf(class)) {
		g.exam.blame = append(g.exam.blame, finding.RefOf(class))
		return true
	}
	return false
}

// nearFixes are what to do about a name of an object that does not exist: write
// the name that was meant, where one is nearly the same, or compare.
func (x *examiner) nearFixes(f *finding.Finding, obj *unstructured.Unstructured, path string, gone finding.Ref, command string) []finding.Fix {
	look := finding.Fix{Text: fmt.Sprintf("Compare %s with the objects that exist, or create %s", path, gone), Command: command, File: x.file(obj, path)}
	near, ok := x.nearest(gone)
	if !ok {
		return []finding.Fix{look}
	}
	f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	return []finding.Fix{{Text: fmt.Sprintf("In %s, write %s instead of %s", path, near.Name, gone.Name), Command: x.applyNow(obj), File: x.file(obj, path)}, look}
}

// certificates checks the Secrets that listeners name.
func (g apiGateway) certificates() {
	for i, listener := range field.List(g.obj.Object, "spec", "listeners") {
		for j, certificate := range field.List(listener, "tls", "certificateRefs") {
			if group, kind := field.Text(certificate, "group"), field.Text(certificate, "kind"); group != "" || kind != "" && kind != secretKind.Kind {
				continue
			}
			namespace := cmp.Or(field.Text(certificate, "namespace"), g.obj.GetNamespace())
			path := fmt.Sprintf("spec.listeners[%d].tls.certificateRefs[%d]", i, j)
			g.certificate(coreRef(secretKind.Kind, namespace, field.Text(certificate, "name")), path, field.Text(listener, "name"))
		}
	}
}

func (g apiGateway) certificate(secret finding.Ref, path, listener string) {
	if secret.Namespace != g.obj.GetNamespace() && !g.granted(secret, path) {
		return
	}
	for _, certificate := range g.x.makers(secret.Namespace, secret.Name) {
		if ref := finding.RefOf(certificate); g.x.knownNotReady(ref) {
			g.exam.blame = addRef(g.exam.blame, ref)
			return
		}
	}
	_, unknown, gone := g.x.find(secret)
	switch {
	case unknown != nil && g.exam.verdict.Status != health.Ready:
		g.exam.unknown = append(g.exam.unknown, *unknown)
		g.unresolved(listener, path+".name", secret)
	case gone:
		f := g.finding(codeCredentialMissing, "CredentialNotFound",
			fmt.Sprintf("%s serves no certificate on listener %s: %s does not exist", finding.RefOf(g.obj), listener, secret))
		prove(&f, g.obj, path+".name")
		f.Evidence = append(f.Evidence, absent(secret))
		f.Fixes = g.x.nearFixes(&f, g.obj, path+".name", secret, escape.Command("kubectl get secrets,certificates -n %s", secret.Namespace))
		g.exam.findings = append(g.exam.findings, f)
	}
}

// unresolved reports a certificate of which the controller says that it does not
// exist or cannot be used, where the Secret cannot be read here.
func (g apiGateway) unresolved(listener, path string, secret finding.Ref) {
	for i, status := range field.List(g.obj.Object, "status", "listeners") {
		for j, c := range field.List(status, "conditions") {
			if field.Text(status, "name") != listener || field.Text(c, "type") != "ResolvedRefs" || field.Text(c, "reason") != "InvalidCertificateRef" || field.Text(c, "status") != "False" {
				continue
			}
			f := g.finding(codeCredentialMissing, "InvalidCertificateRef", fmt.Sprintf("%s serves no certificate on listener %s, which references %s: %s",
				finding.RefOf(g.obj), listener, secret, cmp.Or(firstLine(field.Text(c, "message")), "InvalidCertificateRef")))
			f.Since = field.Time(c, "lastTransitionTime")
			prove(&f, g.obj, path, fmt.Sprintf("status.listeners[%d].conditions[%d].reason", i, j), fmt.Sprintf("status.listeners[%d].conditions[%d].message", i, j))
			f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether %s exists and is of type kubernetes.io/tls, and which Certificate writes it", secret),
				Command: escape.Command("kubectl get secrets,certificates -n %s", secret.Namespace), File: g.x.file(g.obj, path)}}
			g.exam.findings = append(g.exam.findings, f)
			return
		}
	}
}

// granted reports a reference into another namespace that no ReferenceGrant there
// allows.
func (g apiGateway) granted(to finding.Ref, path string) bool {
	f, unknown := g.x.grantMissing(g.obj, to, path)
	if unknown != nil && g.exam.verdict.Status != health.Ready {
		g.exam.unknown = append(g.exam.unknown, *unknown)
	}
	if f == nil {
		return unknown == nil
	}
	g.exam.findings = append(g.exam.findings, *f)
	return false
}

// infrastructure blames what a controller made for the Gateway, by the label that
// it puts there (gateway-api v1.6, apis/v1, GatewayNameLabelKey).
func (g apiGateway) infrastructure() {
	if g.exam.verdict.Status == health.Ready {
		return
	}
	for _, workload := range g.x.snap.List(health.DeploymentKind, g.obj.GetNamespace()).Objects {
		if workload.GetLabels()["gateway.networking.k8s.io/gateway-name"] != g.obj.GetName() {
			continue
		}
		if idle, ok := g.x.scaledDown([]*unstructured.Unstructured{workload}); ok {
			g.exam.findings = append(g.exam.findings, idle)
		} else if g.x.knownNotReady(finding.RefOf(workload)) {
			g.exam.blame = addRef(g.exam.blame, finding.RefOf(workload))
		}
	}
	for _, service := range g.x.snap.List(health.ServiceKind, g.obj.GetNamespace()).Objects {
		if service.GetLabels()["gateway.networking.k8s.io/gateway-name"] == g.obj.GetName() && g.x.knownNotReady(finding.RefOf(service)) {
			g.exam.blame = addRef(g.exam.blame, finding.RefOf(service))
		}
	}
}

// listeners reports what the controller says against single listeners.
func (g apiGateway) listeners() {
	for i, status := range field.List(g.obj.Object, "status", "listeners") {
		name := field.Text(status, "name")
		conditions := field.List(status, "conditions")
		for _, j := range listenerOrder(conditions) {
			c := conditions[j]
			conflict := field.Text(c, "type") == "Conflicted"
			f := g.finding(codeListener, field.Text(c, "reason"), "")
			f.Message = fmt.Sprintf("%s does not serve listener %s: %s", f.Ref, name, cmp.Or(firstLine(field.Text(c, "message")), f.Reason))
			f.Since = field.Time(c, "lastTransitionTime")
			path := fmt.Sprintf("status.listeners[%d].conditions[%d]", i, j)
			prove(&f, g.obj, path+".reason", path+".message")
			f.Fixes = []finding.Fix{{Text: "Compare the listener with the message of its condition", Command: describe(f.Ref), File: g.x.file(g.obj, "spec.listeners")}}
			if conflict {
				g.rivals(&f, name)
			}
			g.exam.fallback = append(g.exam.fallback, f)
			break
		}
	}
}

// listenerOrder are the conditions that tell against a listener, the cause before
// its consequences: what it references, a conflict, and only then that it is not
// accepted.
func listenerOrder(conditions []map[string]any) (order []int) {
	for _, bad := range [][2]string{{"ResolvedRefs", "False"}, {"Conflicted", "True"}, {"Accepted", "False"}} {
		for j, c := range conditions {
			if field.Text(c, "type") == bad[0] && field.Text(c, "status") == bad[1] {
				order = append(order, j)
			}
		}
	}
	return order
}

// rivals names the other listeners of the Gateway on a listener's port.
func (g apiGateway) rivals(f *finding.Finding, name string) {
	listeners := field.List(g.obj.Object, "spec", "listeners")
	for i, listener := range listeners {
		if field.Text(listener, "name") != name {
			continue
		}
		for j, other := range listeners {
			if j != i && field.Int(other, "port") != field.Int(listener, "port") {
				continue
			}
			for _, key := range []string{"port", "hostname", "protocol"} {
				prove(f, g.obj, fmt.Sprintf("spec.listeners[%d].%s", j, key))
			}
		}
		f.Fixes[0].Text = "Give the listener its own hostname, or the protocol of the other listeners on its port"
	}
}

// reported is what the controller says against the Gateway as a whole, for want of
// a cause in what it names.
func (g apiGateway) reported() {
	v := g.exam.verdict
	if v.Status != health.Failing || len(g.exam.findings)+len(g.exam.fallback) > 0 {
		return
	}
	f := g.finding(codeListener, string(v.Reason), fmt.Sprintf("%s does not work: %s", v.Ref, cmp.Or(firstLine(v.Message), string(v.Reason))))
	f.Since = v.Since
	for _, kind := range []string{"Accepted", "Programmed"} {
		if c := field.ConditionOf(g.obj, kind); c.Status != "" && c.Status != "True" {
			f.Evidence = append(f.Evidence, quote(g.obj, c))
		}
	}
	prove(&f, g.obj, "spec.gatewayClassName")
	f.Fixes = []finding.Fix{{Text: "Check what the controller of its class reports", Command: describe(v.Ref)}}
	g.exam.fallback = append(g.exam.fallback, f)
}

// explainGatewayClass reports a class that no controller has accepted.
func explainGatewayClass(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if e.verdict.Status != health.Failing {
		return e
	}
	c := field.ConditionOf(obj, "Accepted")
	f := finding.Finding{
		Code: codeGatewayClass, Ref: e.verdict.Ref, Reason: string(e.verdict.Reason), Severity: finding.Critical, Since: e.verdict.Since,
		Message: fmt.Sprintf("%s has not been accepted by a controller: %s", e.verdict.Ref, cmp.Or(firstLine(c.Message), e.verdict.Message)),
	}
	prove(&f, obj, "spec.controllerName")
	if c.Status != "" {
		f.Evidence = append(f.Evidence, quote(obj, c))
	}
	f.Fixes = []finding.Fix{{Text: "Check whether the controller in spec.controllerName is installed, and what it reports", Command: describe(e.verdict.Ref)}}
	e.findings = append(e.findings, f)
	return e
}
