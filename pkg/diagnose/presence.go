package diagnose

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// find looks an object up: it exists, or could not be read, or does not exist. An
// object of a kind that the cluster does not serve does not exist either.
func (x *examiner) find(ref finding.Ref) (obj *unstructured.Unstructured, unknown *snapshot.Failure, gone bool) {
	answer := x.snap.Lookup(ref)
	switch answer.Presence {
	case snapshot.Present:
		return answer.Object, nil, false
	case snapshot.Unknown:
		if answer.Why.Why != snapshot.NotServed {
			return nil, answer.Why, false
		}
	}
	return nil, nil, true
}
