package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ClusterCheckKind is the kind that `check` prints.
const ClusterCheckKind = "ClusterCheck"

// ClusterCheck is whether a cluster is ready for tenants.
type ClusterCheck struct {
	metav1.TypeMeta `json:",inline"`
	// At is when the cluster was read.
	At time.Time `json:"at"`
	// Server is the API server's version, empty if it is not known.
	Server string `json:"server,omitempty"`
	// Outcome is FAIL if a check fails, otherwise UNKNOWN if one could not be determined,
	// otherwise WARN or PASS.
	Outcome string `json:"outcome"`
	// Checks are in a fixed order, by category.
	Checks []ClusterCheckResult `json:"checks"`
}

// ClusterCheckResult is one check.
type ClusterCheckResult struct {
	Category string `json:"category"`
	Name     string `json:"name"`
	Outcome  string `json:"outcome"`
	Message  string `json:"message"`
	// Fix is set unless the outcome is PASS.
	Fix *Fix `json:"fix,omitempty"`
}
