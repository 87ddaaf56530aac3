package diagnose

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// standalone reports whether the pod belongs to no workload.
func (s podView) standalone() bool { return s.owner.GroupKind() == health.PodKind }

// pods names the pods of the workload in a sentence, or the pod if it belongs to none.
func (s podView) pods() string {
	if s.standalone() {
		return s.owner.String()
	}
	return fmt.Sprintf("the pods of %s", s.owner)
}

// aPod names one of these pods.
func (s podView) aPod() string {
	if s.standalone() {
		return s.owner.String()
	}
	return fmt.Sprintf("a pod of %s", s.owner)
}

// verb selects the form of a verb for pods.
func (s podView) verb(plural, singular string) string {
	if s.standalone() {
		return singular
	}
	return plural
}
