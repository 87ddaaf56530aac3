package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

var ingressClassKind = schema.GroupKind{Group: "networking.k8s.io", Kind: "IngressClass"}

// explainIngress looks at what an Ingress names: a class, Services and Secrets.
func explainIngress(x *examiner, obj *unstructured.Unstructured, _ bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	i := ingress{x, obj, &e}
	i.class()
	if _, owned := ownerOf(obj); !owned { // else its controller keeps what it names
		i.names()
	}
	i.noAddress()
	e.judge()
	return e
}

// names checks the Services and Secrets that the Ingress names.
func (i ingress) names() {
	obj := i.obj
	i.backend("spec.defaultBackend", field.Map(obj.Object, "spec", "defaultBackend"))
	for r, rule := range field.List(obj.Object, "spec", "rules") {
		for p, path := range field.List(rule, "http", "paths") {
			i.backend(fmt.Sprintf("spec.rules[%d].http.paths[%d].backend", r, p), field.Map(path, "backend"))
		}
	}
	for t, tls := range field.List(obj.Object, "spec", "tls") {
		i.secret(fmt.Sprintf("spec.tls[%d].secretName", t), field.Text(tls, "secretName"))
	}
}

// ingress is one Ingress under examination.
type ingress struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

func (i ingress) broken(reason, why string) finding.Finding {
	ref := finding.RefOf(i.obj)
	return finding.Finding{Code: codeIngress, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not work: %s", ref, why)}
}

func (i ingress) report(f finding.Finding) { i.exam.findings = append(i.exam.findings, f) }

// class reports an Ingress that no controller serves: its class does not exist, or
// it names none and the cluster has no default one. An Ingress with an address is
// served, whatever the classes; older ones name theirs in an annotation.
func (i ingress) class() {
	name, path := field.Text(i.obj.Object, "spec", "ingressClassName"), "spec.ingressClassName"
	annotated := i.obj.GetAnnotations()[classAnnotation]
	switch {
	case len(health.Addresses(i.obj)) > 0:
		return
	case annotated != "" && i.exam.verdict.Status != health.Failing:
		return // a controller that goes by the annotation needs no IngressClass
	case annotated != "":
		name, path = annotated, "metadata.annotations["+classAnnotation+"]"
	}
	ref := finding.Ref{APIVersion: "networking.k8s.io/v1", Kind: ingressClassKind.Kind, Name: name}
	if name == "" {
		i.noClass()
		return
	}
	_, unknown, gone := i.x.find(ref)
	switch {
	case unknown != nil && i.exam.verdict.Status == health.Failing:
		i.exam.unknown = append(i.exam.unknown, *unknown)
	case gone:
		f := i.broken("IngressClassNotFound", fmt.Sprintf("%s does not exist", ref))
		prove(&f, i.obj, path)
		f.Evidence = append(f.Evidence, absent(ref))
		f.Fixes = i.x.nearFixes(&f, i.obj, path, ref, "kubectl get ingressclasses")
		i.report(f)
	}
}

// classAnnotation names the class of an Ingress in the form from before there
// were IngressClasses.
const classAnnotation = "kubernetes.io/ingress.class"

// noClass reports an Ingress without a class where none is marked as the default.
func (i ingress) noClass() {
	listing := i.x.snap.List(ingressClassKind, "")
	if len(i.x.unreadable(ingressClassKind, "")) > 0 || i.exam.verdict.Status != health.Failing {
		return
	}
	for _, class := range listing.Objects {
		if _, marked := class.GetAnnotations()["ingressclass.kubernetes.io/is-default-class"]; marked {
			return
		}
	}
	f := i.broken("IngressClassNotSet", "it has no class, and no IngressClass is the default")
	prove(&f, i.obj, "spec")
	f.Fixes = []finding.Fix{{Text: "Set a class in spec.ingressClassName", Command: "kubectl get ingressclasses", File: i.x.file(i.obj, "spec.ingressClassName")}}
	if len(listing.Objects) == 1 {
		f.Fixes[0].Text = "In spec.ingressClassName, write " + listing.Objects[0].GetName()
		prove(&f, listing.Objects[0], "metadata.name")
	}
	i.report(f)
}

// backend checks a Service and its port.
func (i ingress) backend(path string, backend map[string]any) {
	name := field.Text(backend, "service", "name")
	if name == "" {
		return
	}
	ref := coreRef(health.ServiceKind.Kind, i.obj.GetNamespace(), name)
	b := routeBackend{obj: i.obj, service: ref, namePath: path + ".service.name", portPath: path + ".service.port.number",
		number: field.Int(backend, "service", "port", "number"), port: field.Text(backend, "service", "port", "name"), broken: i.broken}
	if b.port != "" {
		b.portPath = path + ".service.port.name"
	}
	i.x.backend(i.exam, b)
}

// secret checks the certificate that the Ingress serves. Controllers serve one of
// their own where it is missing.
func (i ingress) secret(path, name string) {
	if name == "" {
		return
	}
	for _, certificate := range i.x.makers(i.obj.GetNamespace(), name) {
		if ref := finding.RefOf(certificate); i.x.knownNotReady(ref) {
			i.exam.blame = addRef(i.exam.blame, ref)
			return
		}
	}
	ref := coreRef(secretKind.Kind, i.obj.GetNamespace(), name)
	if _, _, gone := i.x.find(ref); !gone {
		return
	}
	f := i.broken("CredentialNotFound", fmt.Sprintf("%s, which should contain its certificate, does not exist", ref))
	prove(&f, i.obj, path)
	f.Evidence = append(f.Evidence, absent(ref))
	f.Fixes = i.x.nearFixes(&f, i.obj, path, ref, escape.Command("kubectl get secrets,certificates -n %s", ref.Namespace))
	i.report(f)
}

// noAddress is what to say of an Ingress that no controller has given an address,
// for want of a cause in what it names.
func (i ingress) noAddress() {
	v := i.exam.verdict
	if v.Status != health.Failing || len(i.exam.findings) > 0 {
		return
	}
	f := i.broken(string(v.Reason), v.Message)
	f.Since = v.Since
	prove(&f, i.obj, "spec.ingressClassName", "status.loadBalancer", "metadata.creationTimestamp")
	for _, e := range i.x.warnings(i.obj) {
		f.Message += ": " + firstLine(e.Message)
		f.Evidence = append(f.Evidence, eventEvidence(v.Ref, e))
		break
	}
	f.Fixes = []finding.Fix{{Text: "Check whether the controller of its class is running, and what it reports", Command: describe(v.Ref)}}
	i.exam.fallback = append(i.exam.fallback, f)
}
