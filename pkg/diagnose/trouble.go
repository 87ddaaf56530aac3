package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// trouble is one problem that prevents a pod from serving.
type trouble struct {
	code   finding.Code
	reason string
	// container is the affected container, empty if it is the whole pod.
	container string
	// ref is the object to change, if it is not the workload of the pod.
	ref finding.Ref
	// message is the message of the finding.
	message string
	// soft means that the problem may be temporary: it counts only after something
	// above the pod has failed because of it.
	soft bool
	// vague means that the pod itself does not report the reason: its dependencies are
	// examined first.
	vague bool
	// setting is the field in the spec of the pod that causes it, if there is one.
	setting  string
	since    time.Time
	evidence []finding.Evidence
	fixes    []finding.Fix
	// blame are the deeper objects; unknown is what could not be read and may explain
	// the problem.
	blame   []finding.Ref
	unknown []snapshot.Failure
}

// same reports whether two pods of a workload have the same problem.
func (t trouble) same(other trouble) bool {
	sameReason := t.reason == other.reason || pullReasons[t.reason] && pullReasons[other.reason] ||
		t.code == codeCrash // between two starts, the reason is how it ended; then it is CrashLoopBackOff
	return t.code == other.code && sameReason && t.container == other.container &&
		t.ref == other.ref && slices.Equal(t.blame, other.blame)
}

// pullReasons are the reasons for one image between which a kubelet alternates: during
// an attempt, and between two attempts.
var pullReasons = map[string]bool{"ErrImagePull": true, "ImagePullBackOff": true}

// troubles are the problems that prevent a pod from serving, the outermost first: a pod
// without a node has no containers either.
func (x *examiner) troubles(pod *unstructured.Unstructured) []trouble {
	p := x.read(pod)
	checks, _ := x.memos[checksKey{}].([]podCheck)
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
type podCheck func(podView) []trouble

// provideChecks sets the checks that troubles runs, in their order.
func provideChecks(x *examiner, checks ...podCheck) { x.memos[checksKey{}] = checks }

type checksKey struct{}

// podView is a pod under examination.
type podView struct {
	x   *examiner
	pod *unstructured.Unstructured
	// owner is the workload that a user would change; work is its object, nil if it
	// could not be read.
	owner finding.Ref
	work  *unstructured.Unstructured
	// events are the Warning events about the pod, the newest first.
	events []health.Warning
}

func (x *examiner) read(pod *unstructured.Unstructured) podView {
	owner := x.workloadOf(pod)
	return podView{x: x, pod: pod, owner: owner, work: x.snap.Lookup(owner).Object, events: x.warnings(pod)}
}

// event is the newest Warning event with one of the reasons.
func (s podView) event(reasons ...string) (health.Warning, bool) {
	for _, e := range s.events {
		if slices.Contains(reasons, e.Reason) {
			return e, true
		}
	}
	return health.Warning{}, false
}

// finding is the problem as a finding about the workload, with the affected pods.
func (s podView) finding(t trouble) finding.Finding {
	f := finding.Finding{
		Code: t.code, Ref: t.ref, Reason: t.reason, Message: t.message, Severity: finding.Critical,
		Since: t.since, Fixes: t.fixes,
	}
	if f.Ref.Name == "" {
		f.Ref = s.owner
	}
	f.Evidence = append(s.count(t, &f.Since), t.evidence...)
	return f
}

// count lists the pods of the workload that have the problem, and sets since to the
// earliest of them.
func (s podView) count(t trouble, since *time.Time) []finding.Evidence {
	siblings := s.x.siblings(s.pod)
	var sick []string
	for _, pod := range siblings {
		for _, other := range s.x.troubles(pod) {
			if t.same(other) {
				sick = append(sick, pod.GetName())
				if !other.since.IsZero() && (since.IsZero() || other.since.Before(*since)) {
					*since = other.since
				}
				break
			}
		}
	}
	if s.owner.Kind == "Pod" {
		return nil
	}
	if len(sick) == 0 { // it is over, and counts no longer
		return nil
	}
	value := fmt.Sprintf("%s on %d of %d pods: %s", t.reason, len(sick), len(siblings), strings.Join(sick[:min(len(sick), maxListed)], ", "))
	return []finding.Evidence{{Ref: s.owner, Field: "pods", Value: value, At: *since}}
}

// maxListed is how many pods evidence lists.
const maxListed = 50

// maxNamed is how many pods are named one by one.
const maxNamed = 5

// describe is the command that shows the pod.
func (s podView) describe() string {
	return escape.Command("kubectl describe pod %s -n %s", s.pod.GetName(), s.pod.GetNamespace())
}
