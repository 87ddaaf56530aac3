package flux

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Kustomization is one layer under examination.
type Kustomization struct {
	X      *engine.Context
	Obj    *unstructured.Unstructured
	Ready  object.Condition
	Result *engine.Result
	// Failed is its last failed attempt, empty if there is none.
	Failed Failure
}

// Failure is a failed attempt of Flux: its message, and the field that has it.
type Failure struct {
	Message string
	Proof   finding.Evidence
}

// Retry is the command that makes Flux reconcile the layer now.
func (k Kustomization) Retry(text string) finding.Fix {
	return finding.Fix{Text: text, Command: escape.Command("flux reconcile kustomization %s -n %s --with-source", k.Obj.GetName(), k.Obj.GetNamespace())}
}
