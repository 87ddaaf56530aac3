package diagnose

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// explainService looks at both sides of a Service: the address that a load
// balancer is to have, and the pods behind it.
func explainService(x *examiner, obj *unstructured.Unstructured, failing bool) exam {
	e := exam{verdict: x.health.Of(finding.RefOf(obj))}
	if obj.GetDeletionTimestamp() != nil {
		return e
	}
	s := service{x, obj, &e}
	if field.Text(obj.Object, "spec", "type") == "ExternalName" {
		s.externalName()
		e.judge()
		return e
	}
	if e.verdict.Status == health.Failing || failing && e.verdict.Status != health.Ready {
		e.findings = append(e.findings, s.noAddress())
		return e
	}
	s.endpoints(failing)
	s.targetPorts()
	s.plaintext()
	e.judge()
	return e
}

// service is one Service under examination.
type service struct {
	x    *examiner
	obj  *unstructured.Unstructured
	exam *exam
}

// endpoints follows a Service that has no endpoints to the workload behind it.
func (s service) endpoints(failing bool) {
	selector := selectorOf(s.obj)
	if len(selector) == 0 {
		return // its endpoints are made by hand
	}
	behind := s.x.selected(selector, s.obj.GetNamespace())
	unseen := s.x.unseen(s.obj.GetNamespace())
	ready, listed := s.ready()
	if ready > 0 {
		return
	}
	for _, workload := range behind {
		ref := finding.RefOf(workload)
		if s.x.health.Of(ref).Status != health.Ready {
			s.exam.blame = append(s.exam.blame, ref)
		}
	}
	switch {
	case len(behind) == 0 && len(unseen) > 0 && !listed:
		s.exam.unknown = append(s.exam.unknown, unseen...)
		return
	case len(behind) > 0 && !listed && len(s.exam.blame) == 0:
		return // the workload is ready, and nothing speaks against it
	}
	young := s.x.now.Sub(s.obj.GetCreationTimestamp().Time) < patience && (len(behind) > 0 || !s.applied())
	if len(s.exam.blame) > 0 || young && !failing {
		s.waits()
	}
	if failing || !young && len(s.exam.blame) == 0 {
		f := s.noEndpoints(behind)
		s.exam.fallback = append(s.exam.fallback, f)
		if len(s.exam.blame) == 0 {
			v := &s.exam.verdict
			v.Status, v.Reason, v.Message = health.Failing, health.Reason(f.Reason), f.Message
		}
	}
}

// applied tells whether the layer or release that the Service came with is ready,
// so that no workload for it is still to come.
func (s service) applied() bool {
	from := health.AppliedBy(s.obj)
	if release := s.x.installer(s.obj); release != nil {
		from = finding.RefOf(release)
	}
	return from.Name != "" && s.x.health.Of(from).Status == health.Ready
}

// waits marks a Service that will be reachable once its pods are.
func (s service) waits() {
	v := &s.exam.verdict
	v.Status, v.Reason, v.Message = health.Progressing, "NoEndpoints", "no pod behind it is ready"
}

// slices are the Service's EndpointSlices.
func (s service) slices() []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, slice := range s.x.snap.List(endpointSliceKind, s.obj.GetNamespace()).Objects {
		if slice.GetLabels()["kubernetes.io/service-name"] == s.obj.GetName() {
			found = append(found, slice)
		}
	}
	return found
}

// ready counts the endpoints that take traffic, and tells whether any list of
// them is there: Kubernetes keeps one, if empty, for each Service with a
// selector, so that none at all says nothing.
func (s service) ready() (count int, listed bool) {
	for _, slice := range s.slices() {
		listed = true
		for _, endpoint := range field.List(slice.Object, "endpoints") {
			ready, said := field.Map(endpoint, "conditions")["ready"].(bool)
			if (ready || !said) && !s.outdated(endpoint) { // not said means ready (discovery/v1, EndpointConditions)
				count++
			}
		}
	}
	return count, listed
}

// outdated tells whether an endpoint is of a pod that the selector does not match:
// the EndpointSlice is from before the selector changed.
func (s service) outdated(endpoint map[string]any) bool {
	target := field.Map(endpoint, "targetRef")
	if field.Text(target, "kind") != health.PodKind.Kind {
		return false
	}
	pod := s.x.snap.Lookup(coreRef(health.PodKind.Kind, s.obj.GetNamespace(), field.Text(target, "name"))).Object
	return pod != nil && !matches(selectorOf(s.obj), pod.GetLabels())
}

// noEndpoints is a Service whose selector matches no pods, or whose pods take no
// traffic though nothing is known to be wrong with them.
func (s service) noEndpoints(behind []*unstructured.Unstructured) finding.Finding {
	ref, selector := finding.RefOf(s.obj), writeLabels(selectorOf(s.obj))
	f := finding.Finding{Code: codeNoEndpoints, Ref: ref, Reason: "NoEndpoints", Severity: finding.Critical}
	prove(&f, s.obj, "spec.selector")
	if len(behind) == 0 && len(s.x.unseen(ref.Namespace)) > 0 { // the slices alone are known
		f.Message = fmt.Sprintf("%s has no ready endpoints: its EndpointSlices list none", ref)
		for _, slice := range s.slices() {
			prove(&f, slice, "endpoints")
		}
		f.Fixes = []finding.Fix{{Text: "Check whether pods have its labels and are ready",
			Command: escape.Command("kubectl get pods -n %s -l %s -o wide", ref.Namespace, selector)}}
		return f
	}
	if len(behind) == 0 {
		f.Message = fmt.Sprintf("%s has no matching endpoints: no pod has the labels %s", ref, selector)
		f.Fixes = s.x.selectorFixes(&f, s.obj, ref.Namespace)
		return f
	}
	f.Message = fmt.Sprintf("%s has no ready endpoints: none of the pods that it selects receives traffic", ref)
	for _, workload := range behind {
		prove(&f, workload, "spec.replicas", "status.readyReplicas", "status.phase")
	}
	for _, slice := range s.slices() {
		prove(&f, slice, "endpoints")
	}
	f.Fixes = []finding.Fix{{Text: "Check which pods it selects, and why they receive no traffic",
		Command: escape.Command("kubectl get pods -n %s -l %s -o wide", ref.Namespace, selector)}}
	return f
}

// externalName follows a Service that is another name: to Services of the
// cluster, which must exist and not come back to it.
func (s service) externalName() {
	seen := []finding.Ref{finding.RefOf(s.obj)}
	for at := s.obj; ; {
		name, namespace, ok := serviceHost(field.Text(at.Object, "spec", "externalName"), "")
		if !ok || namespace == "" {
			return // outside of the cluster, or a name that DNS alone knows
		}
		next := coreRef(health.ServiceKind.Kind, namespace, name)
		obj, unknown, gone := s.x.find(next)
		switch {
		case unknown != nil:
			s.exam.unknown = append(s.exam.unknown, *unknown)
			return
		case gone:
			s.aliasMissing(at, next)
			return
		case field.Text(obj.Object, "spec", "type") != "ExternalName":
			s.exam.blame = addRef(s.exam.blame, next)
			return
		}
		for _, ref := range seen {
			if ref.Same(next) {
				s.aliasCycle(at, next)
				return
			}
		}
		seen, at = append(seen, next), obj
	}
}

func (s service) alias(reason, message string, at *unstructured.Unstructured) finding.Finding {
	ref := finding.RefOf(at)
	f := finding.Finding{
		Code: codeServiceAlias, Ref: ref, Reason: reason, Severity: finding.Critical, Message: message,
		Fixes: []finding.Fix{{Text: "Correct spec.externalName: check which Services exist",
			Command: escape.Command("kubectl get services -n %s", ref.Namespace), File: s.x.file(at, "spec.externalName")}},
	}
	prove(&f, at, "spec.externalName")
	return f
}

func (s service) aliasMissing(at *unstructured.Unstructured, gone finding.Ref) {
	f := s.alias("ServiceNotFound", fmt.Sprintf("%s is an alias of %s, which does not exist", finding.RefOf(at), gone), at)
	f.Evidence = append(f.Evidence, absent(gone))
	f.Fixes[0].Command = escape.Command("kubectl get services -n %s", gone.Namespace)
	if near, ok := s.x.nearest(gone); ok && !near.Same(finding.RefOf(at)) {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		wrong := field.Text(at.Object, "spec", "externalName")
		f.Fixes = append([]finding.Fix{{Text: fmt.Sprintf("In spec.externalName, write %s%s instead of %s", near.Name, strings.TrimPrefix(wrong, gone.Name), wrong),
			Command: s.x.applyNow(at), File: s.x.file(at, "spec.externalName")}}, f.Fixes...)
	}
	s.exam.findings = append(s.exam.findings, f)
}

func (s service) aliasCycle(at *unstructured.Unstructured, next finding.Ref) {
	f := s.alias("ExternalNameCycle", fmt.Sprintf("%s is an alias of %s, which refers back to it", finding.RefOf(at), next), at)
	prove(&f, s.obj, "spec.externalName")
	s.exam.findings = append(s.exam.findings, f)
}
