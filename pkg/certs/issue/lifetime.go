package issue

import (
	"fmt"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// Lifetime is how long a certificate must be valid.
type Lifetime struct {
	Duration time.Duration
	// Shorten allows a shorter lifetime, if the CA's certificate ends earlier.
	Shorten bool
}

// slack is how long before its CA's certificate a certificate ends that must not outlive it:
// the signer counts from a later time than now.
const slack = time.Minute

// until is the duration to request when the CA ends then (zero: not known). shortened is set
// if it is less than what was requested.
func (l Lifetime) until(end, now time.Time) (d time.Duration, shortened bool, err error) {
	if end.IsZero() || !now.Add(l.Duration).After(end) {
		return l.Duration, false, nil
	}
	left := end.Sub(now) - slack
	switch {
	case left <= 0:
		return 0, false, advice.Add(fmt.Errorf("the certificate of the tenant's CA has expired, or is about to: at %s", end.Format(time.RFC3339)),
			"Renew it first. See: kubectl orthweb cert list")
	case l.Shorten:
		return left, true, nil
	}
	return 0, false, outlives(now.Add(l.Duration), end)
}

func outlives(requested, end time.Time) error {
	return advice.Add(fmt.Errorf("a certificate until %s would outlive the CA that signs it, which expires at %s",
		requested.Format(time.RFC3339), end.Format(time.RFC3339)), "Specify a shorter --duration, or add --clamp so that both expire together.")
}
