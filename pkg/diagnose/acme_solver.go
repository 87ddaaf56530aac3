package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// otherAnswer is a host that answers, but not with the challenge's key: nothing
// serves the solver's Ingress, its pod does not, or the host leads to something
// else.
func (c challenge) otherAnswer(said fluxmsg.ACME) {
	if c.solver() || c.solverPods() {
		return
	}
	f := c.finding(codeSelfCheck, string(said.Problem), fmt.Sprintf("can't be validated: something other than the challenge's solver answers http://%s: %s", c.host(), firstLine(said.Detail)))
	if ingress := c.ingress(); ingress != nil {
		if address := ingressAddress(ingress); address != "" {
			f.Message += fmt.Sprintf("; Ingress %s is served at %s", ingress.GetName(), address)
		}
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check what answers at %s: its DNS record must point to the address of the solver's Ingress, and nothing in between may redirect or handle the path /.well-known/acme-challenge/", c.host()),
		Command: "curl -svL http://" + escape.ShellWord(c.host()) + "/.well-known/acme-challenge/"}, {Text: "Compare it with the address of the solver's Ingress", Command: "kubectl get ingress,service -n " + escape.ShellWord(c.obj.GetNamespace())}}
	c.exam.findings = append(c.exam.findings, f)
}

// solverPods blames the pods that answer the challenge, and tells whether one is
// not ready.
func (c challenge) solverPods() bool {
	for _, pod := range c.x.children(c.obj, health.PodKind) {
		if podVerdict(pod).Status != health.Ready {
			c.exam.blame = append(c.exam.blame, finding.RefOf(pod))
		}
	}
	return len(c.exam.blame) > 0
}

// ingressAddress is where an Ingress is served, empty while no controller serves
// it: each writes it there.
func ingressAddress(ingress *unstructured.Unstructured) string {
	for _, entry := range field.List(ingress.Object, "status", "loadBalancer", "ingress") {
		return cmp.Or(field.Text(entry, "ip"), field.Text(entry, "hostname"))
	}
	return ""
}

// ingress is the one that leads to the Challenge's solver: its own, or the one
// that the solver names to be edited; nil without.
func (c challenge) ingress() *unstructured.Unstructured {
	for _, ingress := range c.x.ownedIn(c.obj, health.IngressKind) {
		return ingress
	}
	if name := field.Text(c.obj.Object, "spec", "solver", "http01", "ingress", "name"); name != "" {
		return c.x.snap.Lookup(c.ingressRef(name)).Object
	}
	return nil
}

func (c challenge) ingressRef(name string) finding.Ref {
	return finding.Ref{APIVersion: health.IngressKind.Group + "/v1", Kind: health.IngressKind.Kind, Namespace: c.obj.GetNamespace(), Name: name}
}

// solver reports what is wrong with the solver itself, and tells whether
// anything is or could not be read.
func (c challenge) solver() bool {
	config := field.Map(c.obj.Object, "spec", "solver", "http01", "ingress")
	if config == nil {
		return false // by the Gateway API
	}
	if name := field.Text(config, "name"); name != "" && c.x.snap.Lookup(c.ingressRef(name)).Presence == snapshot.Absent {
		f := c.finding(codeSolverNotServed, "IngressNotFound", fmt.Sprintf("can't be validated: the solver edits Ingress %s, which does not exist", name))
		f.Evidence = append(f.Evidence, evidence(c.obj, "spec.solver.http01.ingress.name", name, time.Time{}), finding.Evidence{Ref: c.ingressRef(name), Field: "object", Value: "does not exist"})
		c.solverFinding(f, "Set an existing Ingress in the solver of %s, or set a class instead", "ingress.name")
		return true
	}
	ingress := c.ingress()
	if ingress == nil {
		c.exam.unknown = append(c.exam.unknown, c.x.unreadable(health.IngressKind, c.obj.GetNamespace())...)
		return len(c.exam.unknown) > 0
	}
	if ingressAddress(ingress) != "" {
		return false
	}
	return c.notServed(ingress)
}

// notServed is an Ingress without an address: no controller serves its class.
func (c challenge) notServed(ingress *unstructured.Unstructured) bool {
	class, at := field.Text(ingress.Object, "spec", "ingressClassName"), "spec.ingressClassName"
	if class == "" {
		class, at = ingress.GetAnnotations()[classAnnotation], "metadata.annotations["+classAnnotation+"]"
	}
	classes := c.x.snap.List(ingressClassKind, "")
	unread := c.x.unreadable(ingressClassKind, "")
	c.exam.unknown = append(c.exam.unknown, unread...)
	f := c.finding(codeSolverNotServed, "ClassNotServed", "")
	if class != "" {
		f.Evidence = append(f.Evidence, evidence(ingress, at, class, ingress.GetCreationTimestamp().Time))
	}
	if address, ok := valueAt(ingress.Object, "status.loadBalancer"); ok {
		f.Evidence = append(f.Evidence, evidence(ingress, "status.loadBalancer", address, time.Time{}))
	}
	var known []string
	var chosen *unstructured.Unstructured
	for _, obj := range classes.Objects {
		known = append(known, obj.GetName())
		isDefault := obj.GetAnnotations()["ingressclass.kubernetes.io/is-default-class"] == "true"
		if obj.GetName() == class || class == "" && isDefault {
			chosen = obj
		}
	}
	switch ref := (finding.Ref{APIVersion: ingressClassKind.Group + "/v1", Kind: ingressClassKind.Kind, Name: class}); {
	case chosen != nil:
		return c.controllerOf(chosen, ingress, f)
	case class == "" && len(unread) > 0:
		return true
	case class == "":
		f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver has no class, and no IngressClass is the default, so no ingress controller serves it", c.exam.verdict.Ref, firstLine(c.exam.verdict.Message), ingress.GetName())
	default:
		f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver has class %s, which no ingress controller serves: it has no address",
			c.exam.verdict.Ref, firstLine(c.exam.verdict.Message), ingress.GetName(), class)
		if len(unread) == 0 {
			f.Message += ", and IngressClass " + class + " does not exist"
			f.Evidence = append(f.Evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		}
	}
	text := "Set ingressClassName in the solver of %s to a class that an ingress controller serves, or use gatewayHTTPRoute or dns01"
	if len(known) > 0 {
		text = "Set ingressClassName in the solver of %s to a class that an ingress controller serves: " + strings.Join(known, ", ")
	}
	c.solverFinding(f, text, "ingress.class")
	return true
}

// solverFinding is about the issuer, where the solver is configured.
func (c challenge) solverFinding(f finding.Finding, text, setting string) {
	issuer, ok := issuerNamed(c.obj)
	if !ok {
		issuer = c.exam.verdict.Ref
	}
	f.Ref = issuer
	obj := c.x.snap.Lookup(issuer).Object
	for i, solver := range field.List(objectOf(obj), "spec", "acme", "solvers") {
		for _, key := range []string{"class", "ingressClassName", "name"} {
			if value := field.Text(solver, "http01", "ingress", key); value != "" && value == field.Text(c.obj.Object, "spec", "solver", "http01", "ingress", key) {
				f.Evidence = append(f.Evidence, evidence(obj, fmt.Sprintf("spec.acme.solvers[%d].http01.ingress.%s", i, key), value, time.Time{}))
			}
		}
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf(text, issuer), File: c.x.file(obj, "spec.acme.solvers.http01."+setting), Command: "kubectl get ingressclasses"}}
	c.exam.findings = append(c.exam.findings, f)
}

// objectOf is the content of an object that may be nil.
func objectOf(obj *unstructured.Unstructured) map[string]any {
	if obj == nil {
		return nil
	}
	return obj.Object
}

// ingressControllers are the labels of the pods of well-known ingress
// controllers, by spec.controller of their IngressClasses (ingress-nginx 4.12,
// traefik 37, ambassador and istio by their charts).
var ingressControllers = map[string][2]string{
	"k8s.io/ingress-nginx":          {"app.kubernetes.io/name", "ingress-nginx"},
	"traefik.io/ingress-controller": {"app.kubernetes.io/name", "traefik"},
	"istio.io/ingress-controller":   {"app", "istiod"},
}

// controllerOf blames the ingress controller of a class whose Ingress has no
// address, where that is not ready or not there.
func (c challenge) controllerOf(class, ingress *unstructured.Unstructured, f finding.Finding) bool {
	controller := field.Text(class.Object, "spec", "controller")
	f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver has no address: the controller of IngressClass %s possibly does not serve it", c.exam.verdict.Ref, firstLine(c.exam.verdict.Message), ingress.GetName(), class.GetName())
	f.Reason = "NoAddress"
	f.Evidence = append(f.Evidence, evidence(class, "spec.controller", controller, class.GetCreationTimestamp().Time))
	f.Fixes = []finding.Fix{{Text: "Check whether the ingress controller " + controller + " is running, and what it logs about the Ingress", Command: escape.Command("kubectl describe ingress %s -n %s", ingress.GetName(), ingress.GetNamespace())}}
	if label, ok := ingressControllers[controller]; ok && len(c.x.unseen("")) == 0 {
		workloads := c.x.labelled(label[0], label[1])
		for _, workload := range workloads {
			if ref := finding.RefOf(workload); workload.GetKind() != health.PodKind.Kind && c.x.knownNotReady(ref) {
				c.exam.blame = addRef(c.exam.blame, ref)
			}
		}
		if len(workloads) == 0 {
			f.Reason = "ClassNotServed"
			f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver is of IngressClass %s, whose controller %s is not running: no pod has the label %s=%s",
				c.exam.verdict.Ref, firstLine(c.exam.verdict.Message), ingress.GetName(), class.GetName(), controller, label[0], label[1])
			f.Fixes[0] = finding.Fix{Text: "Install the ingress controller " + controller + ", or set another class in the solver", Command: "kubectl get pods -A -l " + escape.ShellWord(label[0]) + "=" + escape.ShellWord(label[1])}
		}
	}
	c.exam.findings = append(c.exam.findings, f)
	return true
}
