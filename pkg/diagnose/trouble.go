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

// trouble is one thing that keeps a pod from serving.
type trouble struct {
	code   finding.Code
	reason string
	// container is the one in trouble, empty when it is the whole pod.
	container string
	// ref is the object to change, where that is not the pod's workload.
	ref finding.Ref
	// message is the finding's sentence.
	message string
	// soft is what may pass by itself: it counts only once something above the
	// pod has failed because of it.
	soft bool
	// vague tells that the pod's own words don't say why: what it depends on is
	// looked at first.
	vague bool
	// setting is the field of the pod's spec that it comes from, where that is one.
	setting  string
	since    time.Time
	evidence []finding.Evidence
	fixes    []finding.Fix
	// blame are the objects that are deeper; unknown is what could not be read
	// and would tell.
	blame   []finding.Ref
	unknown []snapshot.Failure
}

// same tells whether two pods of a workload have the same trouble.
func (t trouble) same(other trouble) bool {
	sameReason := t.reason == other.reason || pullReasons[t.reason] && pullReasons[other.reason] ||
		t.code == codeCrash // between two starts, the reason is how it ended; then it is CrashLoopBackOff
	return t.code == other.code && sameReason && t.container == other.container &&
		t.ref == other.ref && slices.Equal(t.blame, other.blame)
}

// pullReasons are those of one image, of which a kubelet alternates between two:
// while it tries, and between two tries.
var pullReasons = map[string]bool{"ErrImagePull": true, "ImagePullBackOff": true}

// troubles are what keeps a pod from serving, the outermost first: a pod that
// has no node has no containers either.
func (x *examiner) troubles(pod *unstructured.Unstructured) []trouble {
	p := x.read(pod)
	for _, look := range []func(podView) []trouble{
		podView.failed, podView.terminating, podView.unscheduled, podView.onNotReadyNode, podView.containers, podView.notMounted, podView.readinessGates, podView.starting,
	} {
		if found := look(p); len(found) > 0 {
			for i := range found {
				found[i] = p.superseded(found[i])
			}
			return found
		}
	}
	return nil
}

// podView is a pod under examination.
type podView struct {
	x   *examiner
	pod *unstructured.Unstructured
	// owner names the workload that a person would change, work is it, nil when
	// it could not be read.
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

// finding makes the trouble a finding about the workload, with the pods that
// have it.
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

// count tells which of the workload's pods have the trouble, and moves since to
// where the first of them has it.
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
