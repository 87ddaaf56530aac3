package versioned

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Explanation is the versioned form of an explanation.
func Explanation(e diagnose.Explanation) v1alpha1.Explanation {
	out := v1alpha1.Explanation{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.ExplanationKind},
		At:       e.At, Subjects: []v1alpha1.Subject{},
	}
	for _, s := range e.Subjects {
		subject := v1alpha1.Subject{
			Tenant: s.Tenant, Status: string(s.Verdict.Status), Since: known(s.Verdict.Since), Deadline: known(s.Deadline),
			Causes: []v1alpha1.Cause{}, Unknown: append([]snapshot.Failure{}, s.Unknown...),
		}
		if s.Ref.Kind != "" {
			subject.Ref = &s.Ref
		}
		for _, c := range s.Causes {
			subject.Causes = append(subject.Causes, cause(c))
		}
		out.Subjects = append(out.Subjects, subject)
	}
	return out
}

func cause(c diagnose.Cause) v1alpha1.Cause {
	out := v1alpha1.Cause{
		Code: string(c.Code), Ref: c.Ref, Reason: c.Reason, Message: c.Message, Severity: string(c.Severity), Since: known(c.Since),
		Evidence: []v1alpha1.Evidence{}, Fixes: []v1alpha1.Fix{}, Path: []object.Ref{}, NextRetry: known(c.NextRetry), Unwatched: c.Unwatched,
		Blocks: v1alpha1.Blocks{Layers: append([]object.Ref{}, c.Layers...), Tenants: list(c.Tenants)},
	}
	for _, e := range c.Evidence {
		out.Evidence = append(out.Evidence, v1alpha1.Evidence{Ref: e.Ref, Field: e.Field, Value: e.Value, At: known(e.At)})
	}
	for _, f := range c.Fixes {
		out.Fixes = append(out.Fixes, v1alpha1.Fix{Text: f.Text, Command: f.Command, File: f.File, Diff: f.Diff})
	}
	for _, step := range c.Path {
		out.Path = append(out.Path, step.Ref)
	}
	return out
}

// ExplanationList converts an explanation for kubectl's printers.
func ExplanationList(e diagnose.Explanation) (runtime.Object, error) {
	explanation := Explanation(e)
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&explanation)
	if err != nil {
		return nil, fmt.Errorf("encoding the explanation: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
