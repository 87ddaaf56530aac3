package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// ExplanationKind is the kind that `explain` prints.
const ExplanationKind = "Explanation"

// Explanation has the causes of tenants or objects that are not ready.
type Explanation struct {
	metav1.TypeMeta `json:",inline"`
	// Cluster is the name of the cluster's context, if several clusters were read.
	Cluster string `json:"cluster,omitempty"`
	// At is when the cluster was read.
	At       time.Time `json:"at"`
	Subjects []Subject `json:"subjects"`
}

// Subject is a tenant or an object, and the causes of its state.
type Subject struct {
	// Ref is the explained object; for a tenant, the one that determines its state.
	Ref    *object.Ref `json:"ref,omitempty"`
	Tenant string      `json:"tenant,omitempty"`
	// Status is Ready, Progressing, Suspended, Failing or Unknown.
	Status string     `json:"status"`
	Since  *time.Time `json:"since,omitempty"`
	// Deadline is when an object in progress times out.
	Deadline *time.Time `json:"deadline,omitempty"`
	// Causes are independent of each other, the one that blocks most first.
	Causes  []Cause            `json:"causes"`
	Unknown []snapshot.Failure `json:"unknown"`
}

// Cause is one thing to fix.
type Cause struct {
	Code     string     `json:"code"`
	Ref      object.Ref `json:"ref"`
	Reason   string     `json:"reason,omitempty"`
	Message  string     `json:"message"`
	Severity string     `json:"severity"`
	Since    *time.Time `json:"since,omitempty"`
	Evidence []Evidence `json:"evidence"`
	Fixes    []Fix      `json:"fixes"`
	// Path leads from the outermost object down to the cause's own.
	Path      []object.Ref `json:"path"`
	Blocks    Blocks       `json:"blocks"`
	NextRetry *time.Time   `json:"nextRetry,omitempty"`
	// Unwatched is why Flux still reports the layers as ready.
	Unwatched string `json:"unwatched,omitempty"`
}

// Evidence is one fact that proves a cause.
type Evidence struct {
	Ref   object.Ref `json:"ref"`
	Field string     `json:"field"`
	Value string     `json:"value"`
	At    *time.Time `json:"at,omitempty"`
}

// Fix is something to do.
type Fix struct {
	Text    string `json:"text"`
	Command string `json:"command,omitempty"`
	File    string `json:"file,omitempty"`
	// Diff is the change of the file as a unified diff, if it can be made automatically.
	Diff string `json:"diff,omitempty"`
}

// Blocks are the layers and tenants that a cause blocks.
type Blocks struct {
	Layers  []object.Ref `json:"layers"`
	Tenants []string     `json:"tenants"`
}
