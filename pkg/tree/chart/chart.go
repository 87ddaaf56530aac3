// Package chart renders the Helm charts of a tree, with Helm's own library, as helm-controller
// does.
//
// A chart is a program: Helm limits neither the time nor the memory that its templates take. So
// they run in a process of their own, which has limits, no environment, and no access to files or
// the network beyond what it is sent.
package chart

import (
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Release is what a chart is rendered with.
type Release struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// Values are spec.values of the HelmRelease.
	Values map[string]any `json:"values,omitempty"`
	// From are the values of spec.valuesFrom, in their order.
	From []Reference `json:"from,omitempty"`
	// Files are the values files that replace those of the chart, in their order.
	Files []File `json:"files,omitempty"`
	// SkipSchema: the values are not compared with the chart's schema.
	SkipSchema bool `json:"skipSchema,omitempty"`
	// Kubernetes is the version of Kubernetes, such as "1.36".
	Kubernetes string `json:"kubernetes"`
	// APIVersions are what the cluster serves: "apps/v1" and "apps/v1/Deployment".
	APIVersions []string `json:"apiVersions"`
}

// Reference is a value of spec.valuesFrom.
type Reference struct {
	// Name is the object and its key, for messages.
	Name string `json:"name"`
	Text []byte `json:"text"`
	// TargetPath is the field that is set to the text; without it, the text is YAML.
	TargetPath string `json:"targetPath,omitempty"`
	Literal    bool   `json:"literal,omitempty"`
}

// File is a file of a chart.
type File struct {
	// Name is relative to the chart.
	Name string `json:"name"`
	// Path is that in the tree.
	Path string `json:"path"`
	Data []byte `json:"data"`
}

// Result is what a chart renders.
type Result struct {
	Manifests []Manifest `json:"manifests"`
	// Unsure: the chart looks for objects in the cluster, or for API versions that nothing
	// known serves. In the cluster, it may render other objects.
	Unsure bool `json:"unsure,omitempty"`
}

// Manifest is one YAML document.
type Manifest struct {
	// Path is the template's in the tree, or that of the archive that contains it.
	Path string `json:"path"`
	Text string `json:"text"`
	// Other is the text with other random values, "" if it is the same.
	Other string `json:"other,omitempty"`
	// Hooks are the events of a hook, such as "pre-install".
	Hooks []string `json:"hooks,omitempty"`
	// Definition: it is from the directory crds.
	Definition bool `json:"definition,omitempty"`
}

// Reason is why a chart is not rendered.
type Reason string

// The reasons.
const (
	// Failed: helm-controller or source-controller would report the same.
	Failed Reason = "Failed"
	// Incomplete: the tree does not have all that is needed, such as a dependency.
	Incomplete Reason = "Incomplete"
	// Limited: a limit was exceeded, or the process ended.
	Limited Reason = "Limited"
)

// Error is why a chart is not rendered.
type Error struct {
	Reason Reason `json:"reason"`
	// At is the file and line of the chart, empty if the error has none.
	At tree.Position `json:"at"`
	// Message is one sentence, without a period.
	Message string `json:"message"`
}

// Error is the message with the position.
func (e *Error) Error() string {
	if e.At.File == "" {
		return e.Message
	}
	return e.At.String() + ": " + e.Message
}

func problem(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
