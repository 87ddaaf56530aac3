package mcp

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// planLifetime is how long a plan can be confirmed.
const planLifetime = 10 * time.Minute

// maxPlans are as many plans as can be confirmed at the same time. The oldest are forgotten.
const maxPlans = 32

// plans are the dry runs whose plan can be confirmed, in memory only: no other server, and no
// later one, can carry them out.
type plans struct {
	mu   sync.Mutex
	now  func() time.Time
	open []plan // the oldest first
}

// plan is what a dry run found, and the call that it is for.
type plan struct {
	confirm string
	tool    string
	args    []string
	digest  [sha256.Size]byte
	// shown is the plan as text.
	shown   string
	expires time.Time
}

func newPlans(now func() time.Time) *plans { return &plans{now: now} }

// add records a plan, and returns what confirms it.
func (p *plans) add(tool string, args []string, content []byte, shown string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	confirm := rand.Text()
	p.open = append(p.open, plan{confirm, tool, args, sha256.Sum256(content), shown, p.now().Add(planLifetime)})
	if len(p.open) > maxPlans {
		p.open = slices.Delete(p.open, 0, len(p.open)-maxPlans)
	}
	return confirm
}

// The errors of a confirmation.
var (
	errNoPlan      = errors.New("confirm names no plan of this server: it was used before, or it is older than 10 minutes")
	errOtherCall   = errors.New("confirm belongs to a plan of another call: the tool and all other arguments must be those of the first call")
	errDeclined    = errors.New("the user did not agree to the plan")
	errPlanChanged = errors.New("the cluster has changed since the dry run: what would be done now is not what was confirmed")
)

// find returns the plan that is confirmed, and leaves it to be taken.
func (p *plans) find(confirm, tool string, args []string) (plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, known := range p.open {
		if known.confirm == confirm && known.tool == tool && slices.Equal(known.args, args) && !p.now().After(known.expires) {
			return known, nil
		}
	}
	return plan{}, errNoPlan
}

// take returns the plan that is confirmed. It can't be taken again, even after an error.
func (p *plans) take(confirm, tool string, args []string) (plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.open, func(known plan) bool { return known.confirm == confirm })
	if i < 0 {
		return plan{}, errNoPlan
	}
	taken := p.open[i]
	p.open = slices.Delete(p.open, i, i+1)
	switch {
	case p.now().After(taken.expires):
		return plan{}, errNoPlan
	case taken.tool != tool || !slices.Equal(taken.args, args):
		return plan{}, errOtherCall
	}
	return taken, nil
}

// check is an error if a plan is not the confirmed one.
func (p plan) check(content []byte) error {
	if sha256.Sum256(content) != p.digest {
		return errPlanChanged
	}
	return nil
}

// nothingChanged adds to an error of a confirmation what to do next.
func nothingChanged(err error, tool string) error {
	return fmt.Errorf("error: %w\nNothing was changed. Call %s without confirm to see what it would change now", err, tool)
}
