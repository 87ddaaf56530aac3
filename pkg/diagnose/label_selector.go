package diagnose

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// labelsMatch reports whether labels satisfy a selector with matchLabels and
// matchExpressions; maybe if the selector is invalid.
func labelsMatch(selector map[string]any, set map[string]string) certainty {
	var typed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(selector, &typed); err != nil {
		return maybe
	}
	parsed, err := metav1.LabelSelectorAsSelector(&typed)
	if err != nil {
		return maybe
	}
	return certain(parsed.Matches(labels.Set(set)))
}
