package operate

// Turn is the way that a Switch is turned.
type Turn int

// The two ways.
const (
	// Suspend has Flux leave the object alone.
	Suspend Turn = iota
	// Resume has it go on.
	Resume
)

// Suspended tells whether objects that were turned this way are suspended.
func (t Turn) Suspended() bool { return t == Suspend }

// Patch is what to merge into an object that is not turned yet. One that is
// resumed is as if it had never been suspended: the field goes.
func (t Turn) Patch() map[string]any {
	var suspend any
	if t == Suspend {
		suspend = true
	}
	return map[string]any{"spec": map[string]any{"suspend": suspend}}
}

// Did is the result of a switch that has been turned, or was so already.
func (t Turn) Did(s Switch) Result {
	r := Result{Ref: s.Ref, Tenants: []string{s.Tenant}, Outcome: Resumed}
	if t == Suspend {
		r.Outcome = Suspended
	}
	switch {
	case s.Suspended != t.Suspended():
	case t == Suspend:
		r.Message = "it was so already"
	default:
		r.Message = "it was not suspended"
	}
	return r
}

// Would are the results that turning the switches would have.
func (t Turn) Would(switches []Switch) []Result {
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
