package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// OperationKind is the kind of what reconcile, suspend and resume would do, or did.
const OperationKind = "Operation"

// Operation is the result of an operation on Flux's objects.
type Operation struct {
	metav1.TypeMeta `json:",inline"`
	// Objects are in the order in which they are changed. resume lists an object twice if it
	// resumes and triggers it.
	Objects []OperationResult `json:"objects"`
}

// OperationResult is the result for one object.
type OperationResult struct {
	Ref     object.Ref `json:"ref"`
	Tenants []string   `json:"tenants"`
	Outcome string     `json:"outcome"`
	Reason  string     `json:"reason,omitempty"`
	Message string     `json:"message,omitempty"`
}
