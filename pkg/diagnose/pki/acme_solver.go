package pki

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// wrongAnswer reports a host that does not answer with the challenge's key: nothing
// serves the solver's Ingress, its pod is not ready, or the host points to something
// else.
func (c challenge) wrongAnswer(parsed message.ACME) {
	if c.solver() || c.solverPods() {
		return
	}
	f := c.finding(engine.CodeSelfCheck, string(parsed.Problem), fmt.Sprintf("can't be validated: something other than the challenge's solver answers http://%s: %s", c.host(), health.FirstLine(parsed.Detail)))
	if ingress := c.ingress(); ingress != nil {
		if address := ingressAddress(ingress); address != "" {
			f.Message += fmt.Sprintf("; Ingress %s is served at %s", ingress.GetName(), address)
		}
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check what answers at %s: its DNS record must point to the address of the solver's Ingress, and nothing in between may redirect or handle the path /.well-known/acme-challenge/", c.host()),
		Command: "curl -svL http://" + escape.ShellWord(c.host()) + "/.well-known/acme-challenge/"}, {Text: "Compare it with the address of the solver's Ingress", Command: "kubectl get ingress,service -n " + escape.ShellWord(c.obj.GetNamespace())}}
	c.exam.Findings = append(c.exam.Findings, f)
}

// solverPods blames the pods that answer the challenge, and reports whether one is not
// ready.
func (c challenge) solverPods() bool {
	for _, pod := range c.x.Children(c.obj, object.PodKind) {
		if engine.PodVerdict(pod).Status != health.Ready {
			c.exam.Blame = append(c.exam.Blame, object.RefOf(pod))
		}
	}
	return len(c.exam.Blame) > 0
}

// ingressAddress is the address of an Ingress, empty while no controller serves it: each
// controller writes the address there.
func ingressAddress(ingress *unstructured.Unstructured) string {
	for _, entry := range object.List(ingress.Object, "status", "loadBalancer", "ingress") {
		return cmp.Or(object.Text(entry, "ip"), object.Text(entry, "hostname"))
	}
	return ""
}

// ingress is the Ingress of the Challenge's solver: its own, or the one that the solver
// edits; nil if there is none.
func (c challenge) ingress() *unstructured.Unstructured {
	for _, ingress := range ownedIn(c.x, c.obj, object.IngressKind) {
		return ingress
	}
	if name := object.Text(c.obj.Object, "spec", "solver", "http01", "ingress", "name"); name != "" {
		return c.x.Snap.Lookup(c.ingressRef(name)).Object
	}
	return nil
}

func (c challenge) ingressRef(name string) object.Ref {
	return object.Ref{APIVersion: object.IngressKind.Group + "/v1", Kind: object.IngressKind.Kind, Namespace: c.obj.GetNamespace(), Name: name}
}

// solver reports what is wrong with the solver itself, and whether anything is or could
// not be read.
func (c challenge) solver() bool {
	config := object.Map(c.obj.Object, "spec", "solver", "http01", "ingress")
	if config == nil {
		return false // by the Gateway API
	}
	if name := object.Text(config, "name"); name != "" && c.x.Snap.Lookup(c.ingressRef(name)).Presence == snapshot.Absent {
		f := c.finding(engine.CodeSolverNotServed, "IngressNotFound", fmt.Sprintf("can't be validated: the solver edits Ingress %s, which does not exist", name))
		f.Evidence = append(f.Evidence, engine.Evidence(c.obj, "spec.solver.http01.ingress.name", name, time.Time{}), finding.Evidence{Ref: c.ingressRef(name), Field: "object", Value: "does not exist"})
		c.solverFinding(f, "Set an existing Ingress in the solver of %s, or set a class instead", "ingress.name")
		return true
	}
	ingress := c.ingress()
	if ingress == nil {
		c.exam.Unknown = append(c.exam.Unknown, c.x.Unreadable(object.IngressKind, c.obj.GetNamespace())...)
		return len(c.exam.Unknown) > 0
	}
	if ingressAddress(ingress) != "" {
		return false
	}
	return c.notServed(ingress)
}

// notServed reports an Ingress without an address: no controller serves its class.
func (c challenge) notServed(ingress *unstructured.Unstructured) bool {
	class, at := object.Text(ingress.Object, "spec", "ingressClassName"), "spec.ingressClassName"
	if class == "" {
		class, at = ingress.GetAnnotations()[engine.ClassAnnotation], "metadata.annotations["+engine.ClassAnnotation+"]"
	}
	classes := c.x.Snap.List(object.IngressClassKind, "")
	unread := c.x.Unreadable(object.IngressClassKind, "")
	c.exam.Unknown = append(c.exam.Unknown, unread...)
	f := c.finding(engine.CodeSolverNotServed, "ClassNotServed", "")
	if class != "" {
		f.Evidence = append(f.Evidence, engine.Evidence(ingress, at, class, ingress.GetCreationTimestamp().Time))
	}
	if address, ok := engine.ValueAt(ingress.Object, "status.loadBalancer"); ok {
		f.Evidence = append(f.Evidence, engine.Evidence(ingress, "status.loadBalancer", address, time.Time{}))
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
	switch ref := (object.Ref{APIVersion: object.IngressClassKind.Group + "/v1", Kind: object.IngressClassKind.Kind, Name: class}); {
	case chosen != nil:
		return c.controllerOf(chosen, ingress, f)
	case class == "" && len(unread) > 0:
		return true
	case class == "":
		f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver has no class, and no IngressClass is the default, so no ingress controller serves it", c.exam.Verdict.Ref, health.FirstLine(c.exam.Verdict.Message), ingress.GetName())
	default:
		f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver has class %s, which no ingress controller serves: it has no address",
			c.exam.Verdict.Ref, health.FirstLine(c.exam.Verdict.Message), ingress.GetName(), class)
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

// solverFinding adds a finding on the issuer, which has the configuration of the solver.
func (c challenge) solverFinding(f finding.Finding, text, setting string) {
	issuer, ok := IssuerNamed(c.obj)
	if !ok {
		issuer = c.exam.Verdict.Ref
	}
	f.Ref = issuer
	obj := c.x.Snap.Lookup(issuer).Object
	for i, solver := range object.List(engine.ObjectOf(obj), "spec", "acme", "solvers") {
		for _, key := range []string{"class", "ingressClassName", "name"} {
			if value := object.Text(solver, "http01", "ingress", key); value != "" && value == object.Text(c.obj.Object, "spec", "solver", "http01", "ingress", key) {
				f.Evidence = append(f.Evidence, engine.Evidence(obj, fmt.Sprintf("spec.acme.solvers[%d].http01.ingress.%s", i, key), value, time.Time{}))
			}
		}
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf(text, issuer), File: flux.File(c.x, obj, "spec.acme.solvers.http01."+setting), Command: "kubectl get ingressclasses"}}
	c.exam.Findings = append(c.exam.Findings, f)
}

// ingressControllers are the labels of the pods of well-known ingress
// controllers, by spec.controller of their IngressClasses (ingress-nginx 4.12,
// traefik 37, ambassador and istio by their charts).
var ingressControllers = map[string][2]string{
	"k8s.io/ingress-nginx":          {"app.kubernetes.io/name", "ingress-nginx"},
	"traefik.io/ingress-controller": {"app.kubernetes.io/name", "traefik"},
	"istio.io/ingress-controller":   {"app", "istiod"},
}

// controllerOf blames the ingress controller of a class whose Ingress has no address if
// the controller is not ready, and reports it if it does not exist.
func (c challenge) controllerOf(class, ingress *unstructured.Unstructured, f finding.Finding) bool {
	controller := object.Text(class.Object, "spec", "controller")
	f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver has no address: the controller of IngressClass %s possibly does not serve it", c.exam.Verdict.Ref, health.FirstLine(c.exam.Verdict.Message), ingress.GetName(), class.GetName())
	f.Reason = "NoAddress"
	f.Evidence = append(f.Evidence, engine.Evidence(class, "spec.controller", controller, class.GetCreationTimestamp().Time))
	f.Fixes = []finding.Fix{{Text: "Check whether the ingress controller " + controller + " is running, and what it logs about the Ingress", Command: escape.Command("kubectl describe ingress %s -n %s", ingress.GetName(), ingress.GetNamespace())}}
	if label, ok := ingressControllers[controller]; ok && len(c.x.UnreadSelectable("")) == 0 {
		workloads := c.x.Labelled(label[0], label[1])
		for _, workload := range workloads {
			if ref := object.RefOf(workload); workload.GetKind() != object.PodKind.Kind && flux.KnownNotReady(c.x, ref) {
				c.exam.Blame = engine.AddRef(c.exam.Blame, ref)
			}
		}
		if len(workloads) == 0 {
			f.Reason = "ClassNotServed"
			f.Message = fmt.Sprintf("%s can't be validated (%s): Ingress %s of its solver is of IngressClass %s, whose controller %s is not running: no pod has the label %s=%s",
				c.exam.Verdict.Ref, health.FirstLine(c.exam.Verdict.Message), ingress.GetName(), class.GetName(), controller, label[0], label[1])
			f.Fixes[0] = finding.Fix{Text: "Install the ingress controller " + controller + ", or set another class in the solver", Command: "kubectl get pods -A -l " + escape.ShellWord(label[0]) + "=" + escape.ShellWord(label[1])}
		}
	}
	c.exam.Findings = append(c.exam.Findings, f)
	return true
}
