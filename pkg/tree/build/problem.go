package build

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Reason is why a Kustomization can't be built.
type Reason string

// The reasons.
const (
	// Missing: a file or directory that is referenced does not exist.
	Missing Reason = "Missing"
	// Remote: a reference is a URL, which is not or could not be downloaded.
	Remote Reason = "Remote"
	// Outside: a reference leaves the tree, or is absolute.
	Outside Reason = "Outside"
	// Cycle: a directory contains itself as a resource.
	Cycle Reason = "Cycle"
	// Malformed: a file is not YAML, or not a kustomization, or a manifest has no kind or name.
	Malformed Reason = "Malformed"
	// Unreadable: a file could not be read, or exceeds a limit.
	Unreadable Reason = "Unreadable"
	// TooLarge: the tree exceeds the limit for all builds together.
	TooLarge Reason = "TooLarge"
	// Unsupported: something that Flux does not run, such as a Helm chart or a plugin.
	Unsupported Reason = "Unsupported"
	// Failed: kustomize returned an error.
	Failed Reason = "Failed"
)

// Problem is one thing that prevents a build.
type Problem struct {
	tree.Position
	Reason Reason
	// Message is one sentence, without a period.
	Message string
	// Host is the host that is not allowed, if that is why a remote reference was not downloaded.
	Host string
}

// Error is the error of a Kustomization that can't be built.
type Error struct {
	// Problems has at least one.
	Problems []Problem
}

// Error lists the problems.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.Position.String()+": "+p.Message)
	}
	return strings.Join(lines, "\n")
}

func problem(p tree.Position, reason Reason, format string, args ...any) error {
	return &Error{Problems: []Problem{{Position: p, Reason: reason, Message: fmt.Sprintf(format, args...)}}}
}
