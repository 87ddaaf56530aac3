package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ValidationKind is the kind that `validate` prints.
const ValidationKind = "Validation"

// Validation says whether a tenant works, seen from outside.
type Validation struct {
	metav1.TypeMeta `json:",inline"`
	// Metadata has the tenant's name.
	Metadata Metadata `json:"metadata"`
	// At is the moment that it began.
	At time.Time `json:"at"`
	// Outcome is the worst of the checks': PASS, WARN, FAIL, or SKIP where it could
	// not be told: nothing could be tried, or not the page and an association.
	Outcome string `json:"outcome"`
	// Checks are in the order in which they were made.
	Checks []ValidationCheck `json:"checks"`
	// Inside is what the cluster says of the tenant, where a check failed.
	Inside *Explanation `json:"inside,omitempty"`
}

// ValidationCheck is one hop that was tried.
type ValidationCheck struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Found   string `json:"found,omitempty"`
	// Expected is what should have been, of a WARN or FAIL.
	Expected string `json:"expected,omitempty"`
	Fix      *Fix   `json:"fix,omitempty"`
	// After is the check whose failure this one was skipped for.
	After string `json:"after,omitempty"`
	// Seconds is how long it took.
	Seconds float64  `json:"seconds"`
	Details []string `json:"details"`
}
