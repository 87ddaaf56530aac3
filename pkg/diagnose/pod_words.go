package diagnose

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// alone tells whether the pod belongs to no workload.
func (s podView) alone() bool { return s.owner.GroupKind() == health.PodKind }

// pods is how a sentence names the pods in question: those of a workload, or the
// one that belongs to none.
func (s podView) pods() string {
	if s.alone() {
		return s.owner.String()
	}
	return fmt.Sprintf("the pods of %s", s.owner)
}

// aPod is one of them.
func (s podView) aPod() string {
	if s.alone() {
		return s.owner.String()
	}
	return fmt.Sprintf("a pod of %s", s.owner)
}

// verb is the form of a verb that goes with pods.
func (s podView) verb(plural, singular string) string {
	if s.alone() {
		return singular
	}
	return plural
}
