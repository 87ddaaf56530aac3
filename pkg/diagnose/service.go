package diagnose

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

func init() { register(explainService, health.ServiceKind) }

// explainService looks at both sides of a Service: the address that a load
// balancer is to have, and the pods behind it.
func explainService(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil || field.Text(obj.Object, "spec", "type") == "ExternalName" {
		return e
	}
	s := service{x, obj, &e}
	if e.verdict.Status == health.Failing || failing && e.verdict.Status != health.Ready {
		e.findings = append(e.findings, s.noAddress())
		return e
	}
	s.endpoints(failing)
	return e
}

// service is one Service under examination.
type service struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

// noAddress is a load balancer that nobody has given an address, with what the
// cloud's controller says about it.
func (s service) noAddress() finding.Finding {
	v := s.exam.verdict
	f := finding.Finding{
		Code: codeNoAddress, Ref: v.Ref, Reason: v.Reason, Severity: finding.Critical, Since: v.Since,
		Message:  fmt.Sprintf("%s can't be reached from outside: its load balancer has no address", v.Ref),
		Evidence: []finding.Evidence{evidence(s.obj, "status.loadBalancer.ingress", "none", time.Time{})},
	}
	if class := field.Text(s.obj.Object, "spec", "loadBalancerClass"); class != "" {
		f.Evidence = append(f.Evidence, evidence(s.obj, "spec.loadBalancerClass", class, time.Time{}))
	}
	warned := s.x.warnings(s.obj)
	if len(warned) > 0 {
		f.Message += ": " + firstLine(warned[0].message)
		f.Since = warned[0].first
		f.Evidence = append(f.Evidence, said(v.Ref, warned[0]))
	} else if trying, ok := s.trying(); ok {
		f.Evidence = append(f.Evidence, said(v.Ref, trying))
	}
	f.Fixes = []finding.Fix{
		{Text: "Look at what gives addresses here: the cloud's controller and its quota of addresses, or MetalLB and its pools", Command: describe(v.Ref)},
	}
	return f
}

// trying is the service controller's word that it has begun and not ended
// (kubernetes v1.36, k8s.io/cloud-provider/controllers/service: a Normal event).
func (s service) trying() (event, bool) {
	var begun, done event
	for _, obj := range s.x.snap.List(health.EventKind, s.obj.GetNamespace()).Objects {
		involved := field.Map(obj.Object, "involvedObject")
		if field.Text(involved, "kind") != health.ServiceKind.Kind || field.Text(involved, "name") != s.obj.GetName() {
			continue
		}
		e := event{reason: field.Text(obj.Object, "reason"), message: field.Text(obj.Object, "message"),
			last: field.FirstTime(obj.Object, []string{"lastTimestamp"}, []string{"eventTime"})}
		switch {
		case e.reason == "EnsuringLoadBalancer" && e.last.After(begun.last):
			begun = e
		case e.reason == "EnsuredLoadBalancer" && e.last.After(done.last):
			done = e
		}
	}
	return begun, begun.last.After(done.last)
}

// endpoints follows a Service that has no endpoints to the workload behind it.
func (s service) endpoints(failing bool) {
	selector := selectorOf(s.obj)
	if len(selector) == 0 {
		return // its endpoints are made by hand
	}
	ready, listed := s.ready()
	if ready > 0 {
		return
	}
	behind := s.x.selected(selector, s.obj.GetNamespace())
	for _, workload := range behind {
		ref := finding.RefOf(workload)
		if s.x.health.Of(ref).Status != health.Ready {
			s.exam.blame = append(s.exam.blame, ref)
		}
	}
	unseen := s.x.unseen(s.obj.GetNamespace())
	switch {
	case len(behind) == 0 && len(unseen) > 0:
		s.exam.unknown = append(s.exam.unknown, unseen...)
		return
	case len(behind) > 0 && !listed && len(s.exam.blame) == 0:
		return // the workload is ready, and nothing speaks against it
	}
	young := s.x.now.Sub(s.obj.GetCreationTimestamp().Time) < patience
	if len(s.exam.blame) > 0 || young && !failing {
		s.waits()
	}
	if failing || !young && len(s.exam.blame) == 0 {
		s.exam.fallback = append(s.exam.fallback, s.noEndpoints(behind))
	}
}

// waits marks a Service that will be reachable once its pods are.
func (s service) waits() {
	v := &s.exam.verdict
	v.Status, v.Reason, v.Message = health.Progressing, "NoEndpoints", "no pod behind it is ready"
}

// ready counts the endpoints that take traffic, and tells whether any list of
// them is there: Kubernetes keeps one, if empty, for each Service with a
// selector, so that none at all says nothing.
func (s service) ready() (count int, listed bool) {
	for _, slice := range s.x.snap.List(endpointSliceKind, s.obj.GetNamespace()).Objects {
		if slice.GetLabels()["kubernetes.io/service-name"] != s.obj.GetName() {
			continue
		}
		listed = true
		for _, endpoint := range field.List(slice.Object, "endpoints") {
			ready, said := field.Map(endpoint, "conditions")["ready"].(bool)
			if ready || !said { // not said means ready (discovery/v1, EndpointConditions)
				count++
			}
		}
	}
	return count, listed
}

func (s service) noEndpoints(behind []*unstructured.Unstructured) finding.Finding {
	ref, selector := finding.RefOf(s.obj), writeLabels(selectorOf(s.obj))
	f := finding.Finding{
		Code: codeNoEndpoints, Ref: ref, Reason: "NoEndpoints", Severity: finding.Critical,
		Message:  fmt.Sprintf("%s leads nowhere: no pod has the labels %s", ref, selector),
		Evidence: []finding.Evidence{evidence(s.obj, "spec.selector", selector, time.Time{}), evidence(s.obj, "endpoints", strconv.Itoa(0), time.Time{})},
		Fixes: []finding.Fix{{Text: "Make spec.selector match the labels of the pods that should answer", File: s.x.file(s.obj, "spec.selector"),
			Command: fmt.Sprintf("kubectl get pods -n %s --show-labels", s.obj.GetNamespace())}},
	}
	for _, workload := range behind {
		f.Message = fmt.Sprintf("%s leads nowhere: none of the pods behind it takes traffic", ref)
		f.Evidence = append(f.Evidence, evidence(workload, "status", replicasOf(workload), time.Time{}))
		f.Fixes[0] = finding.Fix{Text: "See which pods are behind it, and why they take no traffic",
			Command: fmt.Sprintf("kubectl get pods -n %s -l %s -o wide", s.obj.GetNamespace(), selector)}
	}
	return f
}
