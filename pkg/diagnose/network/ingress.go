package network

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/pods"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainIngress checks what an Ingress references: a class, Services and Secrets.
func ExplainIngress(x *engine.Context, obj *unstructured.Unstructured, _ bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	i := ingress{x, obj, &e}
	i.class()
	if _, owned := engine.OwnerOf(obj); !owned { // its controller maintains the rest
		i.names()
	}
	i.noAddress()
	e.JudgeByFindings()
	return e
}

// names checks the Services and Secrets that the Ingress references.
func (i ingress) names() {
	obj := i.obj
	i.backend("spec.defaultBackend", object.Map(obj.Object, "spec", "defaultBackend"))
	for r, rule := range object.List(obj.Object, "spec", "rules") {
		for p, path := range object.List(rule, "http", "paths") {
			i.backend(fmt.Sprintf("spec.rules[%d].http.paths[%d].backend", r, p), object.Map(path, "backend"))
		}
	}
	for t, tls := range object.List(obj.Object, "spec", "tls") {
		i.secret(fmt.Sprintf("spec.tls[%d].secretName", t), object.Text(tls, "secretName"))
	}
}

// ingress is one Ingress under examination.
type ingress struct {
	x    *engine.Context
	obj  *unstructured.Unstructured
	exam *engine.Result
}

func (i ingress) broken(reason, why string) finding.Finding {
	ref := object.RefOf(i.obj)
	return finding.Finding{Code: engine.CodeIngress, Ref: ref, Reason: reason, Severity: finding.Critical,
		Message: fmt.Sprintf("%s does not work: %s", ref, why)}
}

func (i ingress) report(f finding.Finding) { i.exam.Findings = append(i.exam.Findings, f) }

// class reports an Ingress that no controller serves: its class does not exist, or it
// sets none and the cluster has no default. An Ingress with an address is served,
// whatever its class; older ones set the class in an annotation.
func (i ingress) class() {
	name, path := object.Text(i.obj.Object, "spec", "ingressClassName"), "spec.ingressClassName"
	annotated := i.obj.GetAnnotations()[engine.ClassAnnotation]
	switch {
	case len(health.Addresses(i.obj)) > 0:
		return
	case annotated != "" && i.exam.Verdict.Status != health.Failing:
		return // a controller that uses the annotation needs no IngressClass
	case annotated != "":
		name, path = annotated, "metadata.annotations["+engine.ClassAnnotation+"]"
	}
	ref := object.Ref{APIVersion: "networking.k8s.io/v1", Kind: object.IngressClassKind.Kind, Name: name}
	if name == "" {
		i.noClass()
		return
	}
	_, unknown, gone := i.x.Find(ref)
	switch {
	case unknown != nil && i.exam.Verdict.Status == health.Failing:
		i.exam.Unknown = append(i.exam.Unknown, *unknown)
	case gone:
		f := i.broken("IngressClassNotFound", fmt.Sprintf("%s does not exist", ref))
		engine.Prove(&f, i.obj, path)
		f.Evidence = append(f.Evidence, engine.Absent(ref))
		f.Fixes = nearFixes(i.x, &f, i.obj, path, ref, "kubectl get ingressclasses")
		i.report(f)
	}
}

// noClass reports an Ingress without a class if none is marked as the default.
func (i ingress) noClass() {
	listing := i.x.Snap.List(object.IngressClassKind, "")
	if len(i.x.Unreadable(object.IngressClassKind, "")) > 0 || i.exam.Verdict.Status != health.Failing {
		return
	}
	for _, class := range listing.Objects {
		if _, marked := class.GetAnnotations()["ingressclass.kubernetes.io/is-default-class"]; marked {
			return
		}
	}
	f := i.broken("IngressClassNotSet", "it has no class, and no IngressClass is the default")
	engine.Prove(&f, i.obj, "spec")
	f.Fixes = []finding.Fix{{Text: "Set a class in spec.ingressClassName", Command: "kubectl get ingressclasses", File: flux.File(i.x, i.obj, "spec.ingressClassName")}}
	if len(listing.Objects) == 1 {
		f.Fixes[0].Text = "In spec.ingressClassName, write " + listing.Objects[0].GetName()
		engine.Prove(&f, listing.Objects[0], "metadata.name")
	}
	i.report(f)
}

// backend checks a Service and its port.
func (i ingress) backend(path string, backend map[string]any) {
	name := object.Text(backend, "service", "name")
	if name == "" {
		return
	}
	ref := engine.CoreRef(object.ServiceKind.Kind, i.obj.GetNamespace(), name)
	b := routeBackend{obj: i.obj, service: ref, namePath: path + ".service.name", portPath: path + ".service.port.number",
		number: object.Int(backend, "service", "port", "number"), port: object.Text(backend, "service", "port", "name"), broken: i.broken}
	if b.port != "" {
		b.portPath = path + ".service.port.name"
	}
	judgeBackend(i.x, i.exam, b)
}

// secret checks the certificate that the Ingress serves. Without it, controllers serve
// their own.
func (i ingress) secret(path, name string) {
	if name == "" {
		return
	}
	for _, certificate := range pods.CertificatesFor(i.x, i.obj.GetNamespace(), name) {
		if ref := object.RefOf(certificate); flux.KnownNotReady(i.x, ref) {
			i.exam.Blame = engine.AddRef(i.exam.Blame, ref)
			return
		}
	}
	ref := engine.CoreRef(object.SecretKind.Kind, i.obj.GetNamespace(), name)
	if _, _, gone := i.x.Find(ref); !gone {
		return
	}
	f := i.broken("CredentialNotFound", fmt.Sprintf("%s, which should contain its certificate, does not exist", ref))
	engine.Prove(&f, i.obj, path)
	f.Evidence = append(f.Evidence, engine.Absent(ref))
	f.Fixes = nearFixes(i.x, &f, i.obj, path, ref, escape.Command("kubectl get secrets,certificates -n %s", ref.Namespace))
	i.report(f)
}

// noAddress reports an Ingress without an address, if none of its references is the
// cause.
func (i ingress) noAddress() {
	v := i.exam.Verdict
	if v.Status != health.Failing || len(i.exam.Findings) > 0 {
		return
	}
	f := i.broken(string(v.Reason), v.Message)
	f.Since = v.Since
	engine.Prove(&f, i.obj, "spec.ingressClassName", "status.loadBalancer", "metadata.creationTimestamp")
	for _, e := range i.x.Warnings(i.obj) {
		f.Message += ": " + health.FirstLine(e.Message)
		f.Evidence = append(f.Evidence, engine.EventEvidence(v.Ref, e))
		break
	}
	f.Fixes = []finding.Fix{{Text: "Check whether the controller of its class is running, and what it reports", Command: engine.Describe(v.Ref)}}
	i.exam.Fallback = append(i.exam.Fallback, f)
}
