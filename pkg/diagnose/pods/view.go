// Package pods provides facts about pods that several families of explainers need:
// their workloads, containers and revisions, and the problems that prevent them from
// serving.
package pods

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Standalone reports whether the pod belongs to no workload.
func (s View) Standalone() bool { return s.Owner.GroupKind() == object.PodKind }

// Pods names the pods of the workload in a sentence, or the pod if it belongs to none.
func (s View) Pods() string {
	if s.Standalone() {
		return s.Owner.String()
	}
	return fmt.Sprintf("the pods of %s", s.Owner)
}

// APod names one of these pods.
func (s View) APod() string {
	if s.Standalone() {
		return s.Owner.String()
	}
	return fmt.Sprintf("a pod of %s", s.Owner)
}

// Verb selects the form of a verb for pods.
func (s View) Verb(plural, singular string) string {
	if s.Standalone() {
		return singular
	}
	return plural
}

// View is a pod under examination.
type View struct {
	X   *engine.Context
	Pod *unstructured.Unstructured
	// Owner is the workload that a user would change; Work is its object, nil if it
	// could not be read.
	Owner object.Ref
	Work  *unstructured.Unstructured
	// Events are the Warning events about the pod, the newest first.
	Events []health.Warning
}

// ViewOf returns a view of a pod: its workload, and the Warning events about it.
func ViewOf(x *engine.Context, pod *unstructured.Unstructured) View {
	owner := x.WorkloadOf(pod)
	return View{X: x, Pod: pod, Owner: owner, Work: x.Snap.Lookup(owner).Object, Events: x.Warnings(pod)}
}

// Event is the newest Warning event with one of the reasons.
func (s View) Event(reasons ...string) (health.Warning, bool) {
	for _, e := range s.Events {
		if slices.Contains(reasons, e.Reason) {
			return e, true
		}
	}
	return health.Warning{}, false
}

// Finding is the problem as a finding about the workload, with the affected pods.
func (s View) Finding(t Problem) finding.Finding {
	f := finding.Finding{
		Code: t.Code, Ref: t.Ref, Reason: t.Reason, Message: t.Message, Severity: finding.Critical,
		Since: t.Since, Fixes: t.Fixes,
	}
	if f.Ref.Name == "" {
		f.Ref = s.Owner
	}
	f.Evidence = append(s.count(t, &f.Since), t.Evidence...)
	return f
}

// count lists the pods of the workload that have the problem, and sets since to the
// earliest of them.
func (s View) count(t Problem, since *time.Time) []finding.Evidence {
	siblings := siblings(s.X, s.Pod)
	var affected []string
	for _, pod := range siblings {
		for _, other := range Problems(s.X, pod) {
			if t.Same(other) {
				affected = append(affected, pod.GetName())
				if !other.Since.IsZero() && (since.IsZero() || other.Since.Before(*since)) {
					*since = other.Since
				}
				break
			}
		}
	}
	if s.Owner.Kind == "Pod" {
		return nil
	}
	if len(affected) == 0 { // it has ended, and no longer counts
		return nil
	}
	value := fmt.Sprintf("%s on %d of %d pods: %s", t.Reason, len(affected), len(siblings), strings.Join(affected[:min(len(affected), engine.MaxListed)], ", "))
	return []finding.Evidence{{Ref: s.Owner, Field: "pods", Value: value, At: *since}}
}

// Describe is the command that shows the pod.
func (s View) Describe() string {
	return escape.Command("kubectl describe pod %s -n %s", s.Pod.GetName(), s.Pod.GetNamespace())
}
