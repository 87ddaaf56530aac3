package finding

import "time"

// Code names a kind of finding for good: "OW4103". docs/findings.md lists them.
// The first digit is the layer: 1 Flux's graph, 2 sources, 3 Helm, 4 workloads,
// 5 storage and nodes, 6 certificates, 7 mesh and ingress, 8 the API server.
type Code string

// Severity is how bad a finding is for the tenants it touches.
type Severity string

// The severities, worst first.
const (
	// Critical: something does not work.
	Critical Severity = "Critical"
	// Warning: it works, but not for long, or not as it should.
	Warning Severity = "Warning"
	// Info: nothing is wrong; somebody wanted it so.
	Info Severity = "Info"
)

// Finding is one thing that is wrong with one object.
type Finding struct {
	Code Code
	Ref  Ref
	// Reason is Kubernetes' or Flux's own word where there is one.
	Reason string
	// Message is one plain sentence, without a full stop.
	Message  string
	Severity Severity
	// Since is when it began, zero when that can't be known.
	Since    time.Time
	Evidence []Evidence
	Fixes    []Fix
}

// Evidence is one fact that proves a finding: a field of an object, or an event
// about it (Field "event").
type Evidence struct {
	Ref   Ref
	Field string
	Value string
	// At is when the fact came to be, zero when that is not known.
	At time.Time
}

// Fix is something to do about a finding: in words, as a command to run, as a
// file of the GitOps tree to edit. Command and File may be empty.
type Fix struct {
	Text, Command, File string
}
