package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// DiffReportKind is the kind that `diff` prints.
const DiffReportKind = "DiffReport"

// DiffReport is what would change in a cluster if Flux applied a GitOps tree.
type DiffReport struct {
	metav1.TypeMeta `json:",inline"`
	// Entry is the directory of the tree that Flux applies to the cluster.
	Entry string `json:"entry"`
	// Counts are the numbers of objects by action.
	Counts DiffCounts `json:"counts"`
	// Layers are in the order of the tree, then those that it no longer has.
	Layers []DiffLayer `json:"layers"`
}

// DiffCounts are numbers of objects by action.
type DiffCounts struct {
	Immutable int64 `json:"immutable"`
	Rejected  int64 `json:"rejected"`
	Unknown   int64 `json:"unknown"`
	Recreated int64 `json:"recreated"`
	Pruned    int64 `json:"pruned"`
	Kept      int64 `json:"kept"`
	Moved     int64 `json:"moved"`
	Added     int64 `json:"added"`
	Changed   int64 `json:"changed"`
	Encrypted int64 `json:"encrypted"`
	Unchanged int64 `json:"unchanged"`
	Ignored   int64 `json:"ignored"`
}

// DiffLayer is a Kustomization of Flux, and what it would change.
type DiffLayer struct {
	Ref object.Ref `json:"ref"`
	// Path is its directory in the tree.
	Path string `json:"path"`
	// Tenant owns the layer; it is absent for a shared layer.
	Tenant string `json:"tenant,omitempty"`
	// State is Both, New or Removed: whether the cluster and the tree have the layer.
	State     string `json:"state"`
	Suspended bool   `json:"suspended,omitempty"`
	// Problem is why nothing of the layer was compared.
	Problem string `json:"problem,omitempty"`
	// Omitted is why the layer is not part of the comparison.
	Omitted string       `json:"omitted,omitempty"`
	Changes []DiffChange `json:"changes"`
	// Unchanged and Ignored are numbers of objects.
	Unchanged int64 `json:"unchanged"`
	Ignored   int64 `json:"ignored"`
}

// DiffChange is what would happen to one object.
type DiffChange struct {
	Ref    object.Ref `json:"ref"`
	Action string     `json:"action"`
	// Position is where the tree has the object.
	Position *LintPosition `json:"position,omitempty"`
	Message  string        `json:"message,omitempty"`
	// Warnings are consequences such as deleted data.
	Warnings []string `json:"warnings,omitempty"`
	// To is the layer that applies the object, for Moved.
	To     *object.Ref `json:"to,omitempty"`
	Fields []DiffField `json:"fields,omitempty"`
	// Diff is the difference of the objects as unified YAML, without secrets.
	Diff string `json:"diff,omitempty"`
}

// DiffField is a field that changes. Values that are not scalars are JSON.
type DiffField struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
	// Position is where the tree sets the field.
	Position *LintPosition `json:"position,omitempty"`
}
