package plugin

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// lifetime is how long a certificate must be valid.
type lifetime struct {
	text  string
	clamp bool

	asked time.Duration
	// byDefault: the user did not specify it, so it may be shorter.
	byDefault bool
}

func (l *lifetime) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&l.text, "duration", "365d", "Lifetime of the certificate, such as 365d, 24h or 1y. Without this flag, it is shorter when the CA's certificate expires earlier")
	flags.BoolVar(&l.clamp, "clamp", false, "Shorten the lifetime to that of the CA's certificate when --duration is longer")
}

func (l *lifetime) validate(flags *pflag.FlagSet) (err error) {
	l.byDefault = !flags.Changed("duration")
	if l.asked, err = certs.ParseDuration(l.text); err != nil {
		return fmt.Errorf("--duration: %w", err)
	}
	return nil
}

// slack is how long before its CA a certificate ends that must not outlive it: the
// signer counts from a moment later than now.
const slack = time.Minute

// until is the duration to request when the CA ends then (zero: not known).
// shortened tells that it is less than what the user requested.
func (l *lifetime) until(end, now time.Time) (d time.Duration, shortened bool, err error) {
	if end.IsZero() || !now.Add(l.asked).After(end) {
		return l.asked, false, nil
	}
	left := end.Sub(now) - slack
	switch {
	case left <= 0:
		return 0, false, advice.Add(fmt.Errorf("the certificate of the tenant's CA has expired, or is about to: at %s", end.Format(time.RFC3339)),
			"Renew it first. See: kubectl orthweb cert list")
	case l.byDefault || l.clamp:
		return left, true, nil
	}
	return 0, false, outlives(now.Add(l.asked), end)
}

func outlives(asked, end time.Time) error {
	return advice.Add(fmt.Errorf("a certificate until %s would outlive the CA that signs it, which expires at %s",
		asked.Format(time.RFC3339), end.Format(time.RFC3339)), "Specify a shorter --duration, or add --clamp so that both expire together.")
}
