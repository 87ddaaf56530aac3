package diagnose

// certainty is how certain a condition is.
type certainty int

// The degrees, the least first: that of an "and" is the least of its parts, that
// of an "or" the greatest.
const (
	no certainty = iota
	maybe
	yes
)

// certain is yes or no.
func certain(is bool) certainty {
	if is {
		return yes
	}
	return no
}

func anyOf[T any](list []T, is func(T) certainty) certainty {
	best := no
	for _, entry := range list {
		best = max(best, is(entry))
	}
	return best
}
