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
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
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

// Trouble is one problem that prevents a pod from serving.
type Trouble struct {
	Code   finding.Code
	Reason string
	// Container is the affected container, empty if it is the whole pod.
	Container string
	// Ref is the object to change, if it is not the workload of the pod.
	Ref object.Ref
	// Message is the message of the finding.
	Message string
	// Soft means that the problem may be temporary: it counts only after something
	// above the pod has failed because of it.
	Soft bool
	// Vague means that the pod itself does not report the reason: its dependencies are
	// examined first.
	Vague bool
	// Setting is the field in the spec of the pod that causes it, if there is one.
	Setting  string
	Since    time.Time
	Evidence []finding.Evidence
	Fixes    []finding.Fix
	// Blame are the deeper objects; Unknown is what could not be read and may explain
	// the problem.
	Blame   []object.Ref
	Unknown []snapshot.Failure
}

// Same reports whether two pods of a workload have the same problem.
func (t Trouble) Same(other Trouble) bool {
	sameReason := t.Reason == other.Reason || pullReasons[t.Reason] && pullReasons[other.Reason] ||
		t.Code == engine.CodeCrash // between two starts, the reason is how it ended; then it is CrashLoopBackOff
	return t.Code == other.Code && sameReason && t.Container == other.Container &&
		t.Ref == other.Ref && slices.Equal(t.Blame, other.Blame)
}

// pullReasons are the reasons for one image between which a kubelet alternates: during
// an attempt, and between two attempts.
var pullReasons = map[string]bool{"ErrImagePull": true, "ImagePullBackOff": true}

// Troubles are the problems that prevent a pod from serving, the outermost first: a pod
// without a node has no containers either.
func Troubles(x *engine.Context, pod *unstructured.Unstructured) []Trouble {
	p := Read(x, pod)
	checks, _ := x.Memos[checksKey{}].([]podCheck)
	for _, check := range checks {
		if found := check(p); len(found) > 0 {
			for i := range found {
				found[i] = p.superseded(found[i])
			}
			return found
		}
	}
	return nil
}

// podCheck returns the problems of one sort that prevent a pod from serving.
type podCheck func(View) []Trouble

// ProvideChecks sets the checks that Troubles runs, in their order.
func ProvideChecks(x *engine.Context, checks ...podCheck) { x.Memos[checksKey{}] = checks }

type checksKey struct{}

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

// Read returns a view of a pod: its workload, and the Warning events about it.
func Read(x *engine.Context, pod *unstructured.Unstructured) View {
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
func (s View) Finding(t Trouble) finding.Finding {
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
func (s View) count(t Trouble, since *time.Time) []finding.Evidence {
	siblings := siblings(s.X, s.Pod)
	var sick []string
	for _, pod := range siblings {
		for _, other := range Troubles(s.X, pod) {
			if t.Same(other) {
				sick = append(sick, pod.GetName())
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
	if len(sick) == 0 { // it is over, and counts no longer
		return nil
	}
	value := fmt.Sprintf("%s on %d of %d pods: %s", t.Reason, len(sick), len(siblings), strings.Join(sick[:min(len(sick), engine.MaxListed)], ", "))
	return []finding.Evidence{{Ref: s.Owner, Field: "pods", Value: value, At: *since}}
}

// Describe is the command that shows the pod.
func (s View) Describe() string {
	return escape.Command("kubectl describe pod %s -n %s", s.Pod.GetName(), s.Pod.GetNamespace())
}
