// Package network explains Services without endpoints or addresses, and Ingresses,
// Gateways and routes of the Gateway API that no controller serves.
package network

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/traffic"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// ExplainService checks both sides of a Service: the address of its load balancer, and
// its pods.
func ExplainService(x *engine.Context, obj *unstructured.Unstructured, failing bool) engine.Result {
	e := engine.Result{Verdict: x.Health.Of(object.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	s := traffic.Service{X: x, Obj: obj, Result: &e}
	if object.Text(obj.Object, "spec", "type") == "ExternalName" {
		externalName(s)
		e.JudgeByFindings()
		return e
	}
	if e.Verdict.Status == health.Failing || failing && e.Verdict.Status != health.Ready {
		e.Findings = append(e.Findings, noAddress(s))
		return e
	}
	endpoints(s, failing)
	targetPorts(s)
	plaintext(s)
	e.JudgeByFindings()
	return e
}

// endpoints blames the workload of a Service that has no endpoints.
func endpoints(s traffic.Service, failing bool) {
	selector := engine.SelectorOf(s.Obj)
	if len(selector) == 0 {
		return // a user creates its endpoints
	}
	behind := s.X.Selected(selector, s.Obj.GetNamespace())
	unseen := s.X.UnreadSelectable(s.Obj.GetNamespace())
	ready, listed := s.Ready()
	if ready > 0 {
		return
	}
	for _, workload := range behind {
		ref := object.RefOf(workload)
		if s.X.Health.Of(ref).Status != health.Ready {
			s.Result.Blame = append(s.Result.Blame, ref)
		}
	}
	switch {
	case len(behind) == 0 && len(unseen) > 0 && !listed:
		s.Result.Unknown = append(s.Result.Unknown, unseen...)
		return
	case len(behind) > 0 && !listed && len(s.Result.Blame) == 0:
		return // the workload is ready, and nothing indicates a problem
	}
	young := s.X.Now.Sub(s.Obj.GetCreationTimestamp().Time) < engine.RequestTimeout && (len(behind) > 0 || !applied(s))
	if len(s.Result.Blame) > 0 || young && !failing {
		waits(s)
	}
	if failing || !young && len(s.Result.Blame) == 0 {
		f := noEndpoints(s, behind)
		s.Result.Fallback = append(s.Result.Fallback, f)
		if len(s.Result.Blame) == 0 {
			v := &s.Result.Verdict
			v.Status, v.Reason, v.Message = health.Failing, health.Reason(f.Reason), f.Message
		}
	}
}

// applied reports whether the layer or release of the Service is ready, so no workload
// for it is still to be applied.
func applied(s traffic.Service) bool {
	from := health.AppliedBy(s.Obj)
	if release := flux.Installer(s.X, s.Obj); release != nil {
		from = object.RefOf(release)
	}
	return from.Name != "" && s.X.Health.Of(from).Status == health.Ready
}

// waits marks a Service that will be reachable once its pods are ready.
func waits(s traffic.Service) {
	v := &s.Result.Verdict
	v.Status, v.Reason, v.Message = health.Progressing, "NoEndpoints", "no pod behind it is ready"
}

// noEndpoints is the finding on a Service whose selector matches no pods, or whose pods
// receive no traffic although no problem with them is known.
func noEndpoints(s traffic.Service, behind []*unstructured.Unstructured) finding.Finding {
	ref, selector := object.RefOf(s.Obj), engine.WriteLabels(engine.SelectorOf(s.Obj))
	f := finding.Finding{Code: engine.CodeNoEndpoints, Ref: ref, Reason: "NoEndpoints", Severity: finding.Critical}
	engine.Prove(&f, s.Obj, "spec.selector")
	if len(behind) == 0 && len(s.X.UnreadSelectable(ref.Namespace)) > 0 { // only the slices are known
		f.Message = fmt.Sprintf("%s has no ready endpoints: its EndpointSlices list none", ref)
		for _, slice := range s.Slices() {
			engine.Prove(&f, slice, "endpoints")
		}
		f.Fixes = []finding.Fix{{Text: "Check whether pods have its labels and are ready",
			Command: escape.Command("kubectl get pods -n %s -l %s -o wide", ref.Namespace, selector)}}
		return f
	}
	if len(behind) == 0 {
		f.Message = fmt.Sprintf("%s has no matching endpoints: no pod has the labels %s", ref, selector)
		f.Fixes = traffic.SelectorFixes(s.X, &f, s.Obj, ref.Namespace)
		return f
	}
	f.Message = fmt.Sprintf("%s has no ready endpoints: none of the pods that it selects receives traffic", ref)
	for _, workload := range behind {
		engine.Prove(&f, workload, "spec.replicas", "status.readyReplicas", "status.phase")
	}
	for _, slice := range s.Slices() {
		engine.Prove(&f, slice, "endpoints")
	}
	f.Fixes = []finding.Fix{{Text: "Check which pods it selects, and why they receive no traffic",
		Command: escape.Command("kubectl get pods -n %s -l %s -o wide", ref.Namespace, selector)}}
	return f
}

// externalName follows an alias to Services of the cluster, which must exist and not form
// a cycle.
func externalName(s traffic.Service) {
	seen := []object.Ref{object.RefOf(s.Obj)}
	for at := s.Obj; ; {
		name, namespace, ok := traffic.ServiceHost(object.Text(at.Object, "spec", "externalName"), "")
		if !ok || namespace == "" {
			return // outside of the cluster, or a name that only DNS has
		}
		next := engine.CoreRef(object.ServiceKind.Kind, namespace, name)
		obj, unknown, gone := s.X.Find(next)
		switch {
		case unknown != nil:
			s.Result.Unknown = append(s.Result.Unknown, *unknown)
			return
		case gone:
			aliasMissing(s, at, next)
			return
		case object.Text(obj.Object, "spec", "type") != "ExternalName":
			s.Result.Blame = engine.AddRef(s.Result.Blame, next)
			return
		}
		for _, ref := range seen {
			if ref.Same(next) {
				aliasCycle(s, at, next)
				return
			}
		}
		seen, at = append(seen, next), obj
	}
}

func alias(s traffic.Service, reason, message string, at *unstructured.Unstructured) finding.Finding {
	ref := object.RefOf(at)
	f := finding.Finding{
		Code: engine.CodeServiceAlias, Ref: ref, Reason: reason, Severity: finding.Critical, Message: message,
		Fixes: []finding.Fix{{Text: "Correct spec.externalName: check which Services exist",
			Command: escape.Command("kubectl get services -n %s", ref.Namespace), File: flux.File(s.X, at, "spec.externalName")}},
	}
	engine.Prove(&f, at, "spec.externalName")
	return f
}

func aliasMissing(s traffic.Service, at *unstructured.Unstructured, gone object.Ref) {
	f := alias(s, "ServiceNotFound", fmt.Sprintf("%s is an alias of %s, which does not exist", object.RefOf(at), gone), at)
	f.Evidence = append(f.Evidence, engine.Absent(gone))
	f.Fixes[0].Command = escape.Command("kubectl get services -n %s", gone.Namespace)
	if near, ok := s.X.Nearest(gone); ok && !near.Same(object.RefOf(at)) {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		wrong := object.Text(at.Object, "spec", "externalName")
		f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In spec.externalName, write %s%s instead of %s", near.Name, strings.TrimPrefix(wrong, gone.Name), wrong),
			Command: flux.ApplyCommand(s.X, at), File: flux.File(s.X, at, "spec.externalName")}}, f.Fixes...)
	}
	s.Result.Findings = append(s.Result.Findings, f)
}

func aliasCycle(s traffic.Service, at *unstructured.Unstructured, next object.Ref) {
	f := alias(s, "ExternalNameCycle", fmt.Sprintf("%s is an alias of %s, which refers back to it", object.RefOf(at), next), at)
	engine.Prove(&f, s.Obj, "spec.externalName")
	s.Result.Findings = append(s.Result.Findings, f)
}

// noAddress is the finding on a load balancer without an address, with the message of the
// cloud's controller.
func noAddress(s traffic.Service) finding.Finding {
	v := s.Result.Verdict
	f := finding.Finding{
		Code: engine.CodeNoAddress, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message: fmt.Sprintf("%s can't be reached from outside: its load balancer has no address", v.Ref),
	}
	engine.Prove(&f, s.Obj, "spec.type", "status.loadBalancer", "spec.loadBalancerClass")
	warned := s.X.Warnings(s.Obj)
	trying, begun := trying(s)
	switch {
	case len(warned) > 0:
		f.Message += ": " + health.FirstLine(warned[0].Message)
		f.Since = warned[0].First
		f.Evidence = append(f.Evidence, engine.EventEvidence(v.Ref, warned[0]))
		f.Fixes = addressFixes(warned[0].Message)
	case addressTaken(s, &f):
	case classUnserved(s, &f):
	case begun:
		f.Evidence = append(f.Evidence, engine.EventEvidence(v.Ref, trying))
	}
	f.Fixes = append(f.Fixes, finding.Fix{Text: "Check what the load balancer controller reports about the Service", Command: engine.Describe(v.Ref)})
	return f
}

// addressProblems are messages of load balancer controllers, and their fixes. The
// messages are those of the clouds' APIs, as reported by the service controller
// (kubernetes v1.36, k8s.io/cloud-provider/controllers/service), and MetalLB's (v0.14,
// controller/service.go).
var addressProblems = []struct {
	message *regexp.Regexp
	fix     string
}{
	{regexp.MustCompile(`(?i)no available IPs|can't change sharing key`), "Free an address, or add addresses to MetalLB's IPAddressPool"},
	{regexp.MustCompile(`(?i)quota|limit ?exceeded|too ?many|limit of`), "Release unused addresses or load balancers in the cloud account, or request a higher quota"},
	{regexp.MustCompile(`(?i)unauthori[sz]ed|forbidden|access ?denied|permission`), "Grant the cloud controller the permission that the message names"},
	{regexp.MustCompile(`(?i)subnet`), "Correct the subnet in the Service's annotations, or the subnets' tags in the cloud"},
}

func addressFixes(message string) []finding.Fix {
	for _, known := range addressProblems {
		if known.message.MatchString(message) {
			return []finding.Fix{{Text: known.fix}}
		}
	}
	return nil
}

// addressTaken reports an address that the Service requests and another one uses.
func addressTaken(s traffic.Service, f *finding.Finding) bool {
	wanted := object.Text(s.Obj.Object, "spec", "loadBalancerIP")
	if wanted == "" {
		return false
	}
	for _, other := range s.X.Snap.List(object.ServiceKind, "").Objects {
		for i, ingress := range object.List(other.Object, "status", "loadBalancer", "ingress") {
			if other == s.Obj || object.Text(ingress, "ip") != wanted {
				continue
			}
			f.Reason = "AddressInUse"
			f.Message += fmt.Sprintf(": %s already uses %s", object.RefOf(other), wanted)
			engine.Prove(f, s.Obj, "spec.loadBalancerIP")
			engine.Prove(f, other, fmt.Sprintf("status.loadBalancer.ingress[%d].ip", i))
			f.Fixes = []finding.Fix{{Text: "Set another address in spec.loadBalancerIP, or remove it", Command: flux.ApplyCommand(s.X, s.Obj), File: flux.File(s.X, s.Obj, "spec.loadBalancerIP")}}
			return true
		}
	}
	return false
}

// classUnserved distinguishes a Service with a class for which no Service has an address
// from a cluster that assigns no addresses.
func classUnserved(s traffic.Service, f *finding.Finding) bool {
	class := object.Text(s.Obj.Object, "spec", "loadBalancerClass")
	var served *unstructured.Unstructured
	for _, other := range s.X.Snap.List(object.ServiceKind, "").Objects {
		if other == s.Obj || object.Text(other.Object, "spec", "type") != "LoadBalancer" || len(health.Addresses(other)) == 0 {
			continue
		}
		if object.Text(other.Object, "spec", "loadBalancerClass") == class {
			return false
		}
		served = other
	}
	if served == nil || class == "" && object.Text(served.Object, "spec", "loadBalancerClass") == "" {
		return false
	}
	theirs := object.Text(served.Object, "spec", "loadBalancerClass")
	f.Message += fmt.Sprintf("; no Service with %s has one, while %s with %s has one", balancerClass(class), object.RefOf(served), balancerClass(theirs))
	engine.Prove(f, served, "spec.loadBalancerClass", "status.loadBalancer.ingress")
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether a controller handles %s; the field can't be changed in an existing Service", balancerClass(class)),
		Command: "kubectl get services -A -o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,TYPE:.spec.type,CLASS:.spec.loadBalancerClass,ADDRESS:.status.loadBalancer.ingress[*].ip",
		File:    flux.File(s.X, s.Obj, "spec.loadBalancerClass")}}
	return true
}

func balancerClass(class string) string {
	if class == "" {
		return "no load balancer class"
	}
	return "load balancer class " + class
}

// trying is the service controller's event that it has started and not finished
// (kubernetes v1.36, k8s.io/cloud-provider/controllers/service: a Normal event).
func trying(s traffic.Service) (health.Warning, bool) {
	var begun, done health.Warning
	for _, obj := range s.X.Snap.List(object.EventKind, s.Obj.GetNamespace()).Objects {
		if about := object.Regarding(obj.Object); about.Kind != object.ServiceKind.Kind || about.Name != s.Obj.GetName() {
			continue
		}
		e := health.Warning{Reason: object.Text(obj.Object, "reason"), Message: object.Text(obj.Object, "message"),
			Occurrences: object.OccurrencesOf(obj.Object)}
		switch {
		case e.Reason == "EnsuringLoadBalancer" && e.Last.After(begun.Last):
			begun = e
		case e.Reason == "EnsuredLoadBalancer" && e.Last.After(done.Last):
			done = e
		}
	}
	return begun, begun.Last.After(done.Last)
}

// plaintext reports a workload that uses the Service and whose pods have no Istio proxy,
// by their own label or annotation, while the pods of the Service require mutual TLS.
// Gateway pods are proxies themselves.
func plaintext(s traffic.Service) {
	for _, c := range traffic.Connections(s.X, s.Obj.GetNamespace()) {
		if c.Service != s.Obj || c.From == nil {
			continue
		}
		strict, ok := traffic.SentPlaintext(s.X, c)
		if !ok {
			continue
		}
		path, _ := traffic.InjectionSet(c.From)
		ref := object.RefOf(c.From)
		f := finding.Finding{
			Code: engine.CodePlaintext, Ref: ref, Reason: "PlaintextToStrict", Severity: finding.Critical,
			Message: fmt.Sprintf("%s has no Istio proxy in its pods, but %s requires mutual TLS for %s",
				ref, object.RefOf(strict), object.RefOf(c.To)),
		}
		engine.Prove(&f, c.From, path)
		engine.Prove(&f, strict, "spec.mtls.mode")
		in, _, _ := strings.Cut(path, "[")
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Remove %s from %s, so that Istio injects its proxy into the pods", traffic.InjectLabel, in),
			Command: flux.ApplyCommand(s.X, c.From), File: flux.File(s.X, c.From, path)}}
		s.Result.Findings = append(s.Result.Findings, f)
	}
}
