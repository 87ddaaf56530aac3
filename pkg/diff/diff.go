// Package diff determines what Flux would change in a cluster if it applied a GitOps tree: which
// objects it would create, change, delete, or fail to apply. It follows kustomize-controller
// v1.9.6 (internal/controller/kustomization_controller.go) and its library fluxcd/pkg/ssa v0.76.2.
//
// It has no network: NewPlan lists the requests, package execute sends them, and Plan.Compare
// turns the answers into a Report.
package diff

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Action is what would happen to an object.
type Action string

// The actions, the most serious first: reports are in this order.
const (
	// Immutable: the tree changes a field that can't change. Flux can't apply the layer.
	Immutable Action = "Immutable"
	// Rejected: the API server, a webhook or a policy rejects the object. Flux can't apply the
	// layer.
	Rejected Action = "Rejected"
	// Unknown: it could not be determined.
	Unknown Action = "Unknown"
	// Recreated: the object is deleted and created again, because an immutable field changes
	// and Flux may force it (spec.force, or the annotation kustomize.toolkit.fluxcd.io/force).
	Recreated Action = "Recreated"
	// Pruned: the tree no longer has the object, and Flux deletes it.
	Pruned Action = "Pruned"
	// Kept: the tree no longer has the object, but Flux does not delete it.
	Kept Action = "Kept"
	// Moved: another layer of the tree applies the object.
	Moved Action = "Moved"
	// Added: the object is created.
	Added Action = "Added"
	// Changed: fields change.
	Changed Action = "Changed"
	// Encrypted: the tree has the object encrypted with SOPS. It was not compared.
	Encrypted Action = "Encrypted"
	// Unchanged: nothing changes. Such objects are counted only.
	Unchanged Action = "Unchanged"
	// Ignored: an annotation excludes the object from what Flux applies. Such objects are
	// counted only.
	Ignored Action = "Ignored"
)

// Actions are the actions of changes in the order of reports.
var Actions = []Action{Immutable, Rejected, Unknown, Recreated, Pruned, Kept, Moved, Added, Changed, Encrypted}

// Request is an object to read, and to apply in a dry run unless it is only read.
type Request struct {
	Ref object.Ref
	// Object is what the layer applies, nil to only read the object.
	Object *unstructured.Unstructured
}

// Answer is the cluster's answer to a Request.
type Answer struct {
	// Live is the object in the cluster, nil if it does not exist or could not be read.
	Live *unstructured.Unstructured
	// Applied is the object as the API server would store it, nil if that failed.
	Applied *unstructured.Unstructured
	// ReadFailure and ApplyFailure are why; an object that does not exist is no failure.
	ReadFailure, ApplyFailure *Failure
}

// Failure is a request that failed.
type Failure struct {
	// Code and Reason are those of the API server's Status ("Invalid", "Forbidden"), zero
	// without an answer of the API server.
	Code   int
	Reason string
	// Message is one line, without secrets.
	Message string
	// NotServed: the cluster does not serve the kind, or not in this version.
	NotServed bool
}

// Report is what would change.
type Report struct {
	// Entry is the directory of the tree that Flux applies to the cluster.
	Entry string
	// Layers are in the order of the tree, then those that it no longer has. Layers without
	// selected objects are omitted.
	Layers []Layer
	// Releases is the number of HelmReleases that are added or changed: the objects that their
	// charts would change are not known.
	Releases int
}

// Layer is a Kustomization of Flux, and what it would change.
type Layer struct {
	Ref object.Ref
	// Path is its directory in the tree.
	Path string
	// Tenant owns the layer; it is empty for a shared layer.
	Tenant string
	State  State
	// Suspended: Flux applies the layer only after it is resumed.
	Suspended bool
	// Problem is why nothing of the layer was compared, empty if it was.
	Problem string
	// Omitted is why the layer is not part of the comparison, empty if it is: its files are in
	// another source, or it applies to another cluster.
	Omitted string
	// Changes are in the order of Actions, then of objects.
	Changes []Change
	// Unchanged and Ignored are numbers of objects.
	Unchanged, Ignored int
}

// State is whether the cluster and the tree have a layer.
type State string

// The states of a layer.
const (
	Both    State = "Both"
	New     State = "New"
	Removed State = "Removed"
)

// Change is what would happen to one object.
type Change struct {
	Ref    object.Ref
	Action Action
	// At is where the tree has the object; no file if it does not.
	At tree.Position
	// Message is why, without a period; empty if the action says it.
	Message string
	// Warnings are consequences that are easily overlooked: deleted data, an interruption.
	Warnings []string
	// To is the layer that applies the object, for Moved.
	To object.Ref
	// Fields are the changed fields, for Changed and Recreated.
	Fields []Field
	// Diff is the difference of the two objects as unified YAML, without secrets.
	Diff string
}

// Field is a field that changes. Old or New is empty if the field does not exist before or
// after. Values that are not scalars are JSON.
type Field struct {
	Path     string
	Old, New string
	// At is where the tree sets the field; no file if that was not found.
	At tree.Position
}

// Count is the number of changes with an action.
func (r *Report) Count(action Action) int {
	n := 0
	for _, l := range r.Layers {
		n += l.Count(action)
	}
	return n
}

// Count is the number of changes with an action.
func (l *Layer) Count(action Action) int {
	n := 0
	for _, c := range l.Changes {
		if c.Action == action {
			n++
		}
	}
	return n
}

// Unclear reports whether something could not be determined.
func (r *Report) Unclear() bool {
	for _, l := range r.Layers {
		if l.Problem != "" {
			return true
		}
	}
	return r.Count(Unknown) > 0
}

// forbidden begins the message of an Unknown object for which the user lacks a permission.
const forbidden = "forbidden: "

// Forbidden reports whether something could not be determined because the user lacks a permission.
func (r *Report) Forbidden() bool {
	for _, l := range r.Layers {
		for _, c := range l.Changes {
			if c.Action == Unknown && strings.Contains(c.Message, forbidden) {
				return true
			}
		}
	}
	return false
}

// Differs reports whether something would change or fail.
func (r *Report) Differs() bool {
	for _, action := range []Action{Immutable, Rejected, Recreated, Pruned, Moved, Added, Changed} {
		if r.Count(action) > 0 {
			return true
		}
	}
	return false
}
