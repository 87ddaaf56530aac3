package diagnose

import (
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// noAddress is a load balancer without an address, with what the cloud's
// controller says about it.
func (s service) noAddress() finding.Finding {
	v := s.exam.verdict
	f := finding.Finding{
		Code: codeNoAddress, Ref: v.Ref, Reason: string(v.Reason), Severity: finding.Critical, Since: v.Since,
		Message: fmt.Sprintf("%s can't be reached from outside: its load balancer has no address", v.Ref),
	}
	prove(&f, s.obj, "spec.type", "status.loadBalancer", "spec.loadBalancerClass")
	warned := s.x.warnings(s.obj)
	trying, begun := s.trying()
	switch {
	case len(warned) > 0:
		f.Message += ": " + firstLine(warned[0].Message)
		f.Since = warned[0].First
		f.Evidence = append(f.Evidence, eventEvidence(v.Ref, warned[0]))
		f.Fixes = addressFixes(warned[0].Message)
	case s.addressTaken(&f):
	case s.classUnserved(&f):
	case begun:
		f.Evidence = append(f.Evidence, eventEvidence(v.Ref, trying))
	}
	f.Fixes = append(f.Fixes, finding.Fix{Text: "Check what the load balancer controller reports about the Service", Command: describe(v.Ref)})
	return f
}

// What controllers of load balancers report, and what helps. The messages are
// those of the clouds' APIs, as the service controller passes them on
// (kubernetes v1.36, k8s.io/cloud-provider/controllers/service), and MetalLB's
// (v0.14, controller/service.go).
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

// addressTaken reports an address that the Service asks for and another one has.
func (s service) addressTaken(f *finding.Finding) bool {
	wanted := field.Text(s.obj.Object, "spec", "loadBalancerIP")
	if wanted == "" {
		return false
	}
	for _, other := range s.x.snap.List(health.ServiceKind, "").Objects {
		for i, ingress := range field.List(other.Object, "status", "loadBalancer", "ingress") {
			if other == s.obj || field.Text(ingress, "ip") != wanted {
				continue
			}
			f.Reason = "AddressInUse"
			f.Message += fmt.Sprintf(": %s already uses %s", finding.RefOf(other), wanted)
			prove(f, s.obj, "spec.loadBalancerIP")
			prove(f, other, fmt.Sprintf("status.loadBalancer.ingress[%d].ip", i))
			f.Fixes = []finding.Fix{{Text: "Set another address in spec.loadBalancerIP, or remove it", Command: s.x.applyNow(s.obj), File: s.x.file(s.obj, "spec.loadBalancerIP")}}
			return true
		}
	}
	return false
}

// classUnserved tells a Service of a class that no other one with an address has
// from one in a cluster that gives addresses to none.
func (s service) classUnserved(f *finding.Finding) bool {
	class := field.Text(s.obj.Object, "spec", "loadBalancerClass")
	var served *unstructured.Unstructured
	for _, other := range s.x.snap.List(health.ServiceKind, "").Objects {
		if other == s.obj || field.Text(other.Object, "spec", "type") != "LoadBalancer" || len(health.Addresses(other)) == 0 {
			continue
		}
		if field.Text(other.Object, "spec", "loadBalancerClass") == class {
			return false
		}
		served = other
	}
	if served == nil || class == "" && field.Text(served.Object, "spec", "loadBalancerClass") == "" {
		return false
	}
	theirs := field.Text(served.Object, "spec", "loadBalancerClass")
	f.Message += fmt.Sprintf("; no Service with %s has one, while %s with %s has one", balancerClass(class), finding.RefOf(served), balancerClass(theirs))
	prove(f, served, "spec.loadBalancerClass", "status.loadBalancer.ingress")
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Check whether a controller handles %s; the field can't be changed in an existing Service", balancerClass(class)),
		Command: "kubectl get services -A -o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,TYPE:.spec.type,CLASS:.spec.loadBalancerClass,ADDRESS:.status.loadBalancer.ingress[*].ip",
		File:    s.x.file(s.obj, "spec.loadBalancerClass")}}
	return true
}

func balancerClass(class string) string {
	if class == "" {
		return "no load balancer class"
	}
	return "load balancer class " + class
}

// trying is the service controller's event that it has begun and not ended
// (kubernetes v1.36, k8s.io/cloud-provider/controllers/service: a Normal event).
func (s service) trying() (health.Warning, bool) {
	var begun, done health.Warning
	for _, obj := range s.x.snap.List(health.EventKind, s.obj.GetNamespace()).Objects {
		involved := field.Map(obj.Object, "involvedObject")
		if field.Text(involved, "kind") != health.ServiceKind.Kind || field.Text(involved, "name") != s.obj.GetName() {
			continue
		}
		e := health.Warning{Reason: field.Text(obj.Object, "reason"), Message: field.Text(obj.Object, "message"),
			Last: field.FirstTime(obj.Object, []string{"lastTimestamp"}, []string{"eventTime"})}
		switch {
		case e.Reason == "EnsuringLoadBalancer" && e.Last.After(begun.Last):
			begun = e
		case e.Reason == "EnsuredLoadBalancer" && e.Last.After(done.Last):
			done = e
		}
	}
	return begun, begun.Last.After(done.Last)
}
