package plugin

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// lifetime is how long a certificate is to be good for.
type lifetime struct {
	text  string
	clamp bool

	asked time.Duration
	// byDefault: nobody asked for it, so it may be shorter.
	byDefault bool
}

func (l *lifetime) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&l.text, "duration", "365d", "How long the certificate is good for: 365d, 24h, 1y. Without the flag, shorter when the authority ends before")
	flags.BoolVar(&l.clamp, "clamp", false, "Let the certificate end with the authority when --duration is longer")
}

func (l *lifetime) validate(flags *pflag.FlagSet) (err error) {
	l.byDefault = !flags.Changed("duration")
	if l.asked, err = certs.ParseDuration(l.text); err != nil {
		return fmt.Errorf("--duration: %w", err)
	}
	return nil
}

// slack is how far ahead of the authority's end a certificate that is to end
// with it ends: the signer counts from a moment later than now.
const slack = time.Minute

// until is the duration to ask for when the authority ends then (zero: not
// known). shortened tells that it is less than was asked for.
func (l *lifetime) until(end, now time.Time) (d time.Duration, shortened bool, err error) {
	if end.IsZero() || !now.Add(l.asked).After(end) {
		return l.asked, false, nil
	}
	left := end.Sub(now) - slack
	switch {
	case left <= 0:
		return 0, false, withHint(fmt.Errorf("the tenant's authority has ended, or is about to: at %s", end.Format(time.RFC3339)),
			"It has to be renewed first. See: kubectl orthweb cert list")
	case l.byDefault || l.clamp:
		return left, true, nil
	}
	return 0, false, outlives(now.Add(l.asked), end)
}

func outlives(asked, end time.Time) error {
	return withHint(fmt.Errorf("a certificate until %s would outlive the authority that signs it, which ends at %s",
		asked.Format(time.RFC3339), end.Format(time.RFC3339)), "Ask for less with --duration, or add --clamp to let them end together.")
}
