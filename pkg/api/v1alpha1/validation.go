package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ValidationKind is the kind that `validate` prints.
const ValidationKind = "Validation"

// Validation is whether a tenant works from outside the cluster.
type Validation struct {
	metav1.TypeMeta `json:",inline"`
	// Metadata has the tenant's name.
	Metadata Metadata `json:"metadata"`
	// Cluster is the name of the cluster's context, if several clusters were read.
	Cluster string `json:"cluster,omitempty"`
	// At is when it began.
	At time.Time `json:"at"`
	// Outcome is the worst of the checks': PASS, WARN, FAIL, or SKIP when it could not be
	// determined: nothing could be checked, or not the page and an association.
	Outcome string `json:"outcome"`
	// Checks are in the order in which they ran.
	Checks []ValidationCheck `json:"checks"`
	// Inside is the diagnosis in the cluster, after a check failed.
	Inside *Explanation `json:"inside,omitempty"`
}

// ValidationCheck is one step that was tested.
type ValidationCheck struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Found   string `json:"found,omitempty"`
	// Expected is the expected result, of a WARN or FAIL.
	Expected string `json:"expected,omitempty"`
	Fix      *Fix   `json:"fix,omitempty"`
	// After is the check whose failure this one was skipped for.
	After string `json:"after,omitempty"`
	// Seconds is how long it took.
	Seconds float64  `json:"seconds"`
	Details []string `json:"details"`
}
