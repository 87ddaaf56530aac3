package operate

// Operation is the operation on a Switch.
type Operation int

// The operations.
const (
	// Suspend suspends reconciliation of the object.
	Suspend Operation = iota
	// Resume resumes it.
	Resume
)

// Suspended reports whether objects are suspended after the operation.
func (t Operation) Suspended() bool { return t == Suspend }

// Patch is the merge patch of the operation. Resume removes the field, as if the object
// had never been suspended.
func (t Operation) Patch() map[string]any {
	var suspend any
	if t == Suspend {
		suspend = true
	}
	return map[string]any{"spec": map[string]any{"suspend": suspend}}
}

// Did is the result for a switch after the operation.
func (t Operation) Did(s Switch) Result {
	r := Result{Ref: s.Ref, Tenants: []string{s.Tenant}, Outcome: Resumed}
	if t == Suspend {
		r.Outcome = Suspended
	}
	switch {
	case s.Suspended != t.Suspended():
	case t == Suspend:
		r.Message = "it already was"
	default:
		r.Message = "it was not suspended"
	}
	return r
}

// Would are the results of a dry run.
func (t Operation) Would(switches []Switch) []Result {
	results := make([]Result, len(switches))
	for i, s := range switches {
		results[i] = t.Did(s)
		switch {
		case results[i].Message != "":
		case t == Suspend:
			results[i].Outcome = ToSuspend
		default:
			results[i].Outcome = ToResume
		}
	}
	return results
}
