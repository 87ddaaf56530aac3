// Package finding defines what the program reports about an object: how severe it is, the
// evidence, and the fix. It does not depend on where facts come from or how they are
// displayed.
package finding

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Code identifies a kind of finding permanently: "OW4103". docs/findings.md lists them.
// The first digit is the layer: 1 layers of Flux, 2 sources, 3 Helm, 4 workloads, 5
// storage and nodes, 6 certificates, 7 mesh and ingress, 8 the API server.
type Code string

// Severity is how severe a finding is for the affected tenants.
type Severity string

// The severities, worst first.
const (
	// Critical: something does not work.
	Critical Severity = "Critical"
	// Warning: it works, but may soon fail, or does not work as intended.
	Warning Severity = "Warning"
	// Info: there is no problem; a user intended it.
	Info Severity = "Info"
)

// Finding is one problem of one object.
type Finding struct {
	Code Code
	Ref  object.Ref
	// Reason is the reason that Kubernetes or Flux gives, if any.
	Reason string
	// Message is one sentence, without a period.
	Message  string
	Severity Severity
	// Since is when the problem began, zero if that is not known.
	Since    time.Time
	Evidence []Evidence
	Fixes    []Fix
}

// Evidence is one fact that proves a finding: a field of an object, or an event
// about it (Field "event").
type Evidence struct {
	Ref   object.Ref
	Field string
	Value string
	// At is when the fact began, zero if that is not known.
	At time.Time
}

// Fix is a way to fix a finding: in words, as a command to run, as a file of the GitOps
// tree to edit. Command and File may be empty.
type Fix struct {
	Text, Command, File string
	// Diff is the change of the file as a unified diff, if no decision is needed to make it.
	Diff string
}

// Count is "1 pod", "2 pods", for messages.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Sentence is a text as the beginning of a sentence: with a capital letter, unless its first
// word is the name of a program, a host or a field.
func Sentence(text string) string {
	if first, _, _ := strings.Cut(text, " "); strings.ContainsAny(first, "-.") {
		return text
	}
	_, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(text[:size]) + text[size:]
}
