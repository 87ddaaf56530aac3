package pods

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Problem is one problem that prevents a pod from serving.
type Problem struct {
	Code   finding.Code
	Reason string
	// Container is the affected container, empty if it is the whole pod.
	Container string
	// Ref is the object to change, if it is not the workload of the pod.
	Ref object.Ref
	// Message is the message of the finding.
	Message string
	// MayBeTemporary means that the problem may be temporary: it counts only after something
	// above the pod has failed because of it.
	MayBeTemporary bool
	// Unexplained means that the pod itself does not report the reason: its dependencies are
	// examined first.
	Unexplained bool
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
func (t Problem) Same(other Problem) bool {
	sameReason := t.Reason == other.Reason || pullReasons[t.Reason] && pullReasons[other.Reason] ||
		t.Code == engine.CodeCrash // between two starts, the reason is how it ended; then it is CrashLoopBackOff
	return t.Code == other.Code && sameReason && t.Container == other.Container &&
		t.Ref == other.Ref && slices.Equal(t.Blame, other.Blame)
}

// pullReasons are the reasons for one image between which a kubelet alternates: during
// an attempt, and between two attempts.
var pullReasons = map[string]bool{"ErrImagePull": true, "ImagePullBackOff": true}

// Problems are the problems that prevent a pod from serving, the outermost first: a pod
// without a node has no containers either.
func Problems(x *engine.Context, pod *unstructured.Unstructured) []Problem {
	p := ViewOf(x, pod)
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
type podCheck func(View) []Problem

// ProvideChecks sets the checks that Problems runs, in their order.
func ProvideChecks(x *engine.Context, checks ...podCheck) { x.Memos[checksKey{}] = checks }

type checksKey struct{}
