package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// SnapshotKind is the kind of what the tool snapshot of `mcp` returns.
const SnapshotKind = "Snapshot"

// Snapshot is what was read from a cluster, and some of its objects without secrets.
type Snapshot struct {
	metav1.TypeMeta `json:",inline"`
	At              time.Time `json:"at"`
	// Server is the version of the API server, empty if it is not known.
	Server string         `json:"server,omitempty"`
	Kinds  []SnapshotList `json:"kinds"`
	// Objects are the selected ones.
	Objects []map[string]any `json:"objects"`
	// Unknown is what could not be read.
	Unknown []snapshot.Failure `json:"unknown"`
}

// SnapshotList is one list that was read.
type SnapshotList struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind"`
	// Namespace is absent for a list of all namespaces.
	Namespace string `json:"namespace,omitempty"`
	Objects   int64  `json:"objects"`
}
