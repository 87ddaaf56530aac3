package execute

import (
	"context"
	"errors"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/patch"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
)

// How often, and for how long, the change of an object is retried after a conflict or
// while the API server restarts. Tests shorten them.
var (
	RetryEvery = 500 * time.Millisecond
	RetryFor   = 10 * time.Second
)

// SetSuspended suspends or resumes the objects that are not in this state yet, one at a time.
// It returns the result of each object that is in the state, also after an error.
func SetSuspended(ctx context.Context, client *patch.Client, to operate.Operation, switches []operate.Switch, progress Progress) ([]operate.Result, error) {
	var done []operate.Result
	for _, s := range switches {
		if s.Suspended != to.Suspended() {
			if err := setSuspended(ctx, client, to, s, progress); err != nil {
				return done, err
			}
		}
		done = append(done, to.Did(s))
	}
	return done, nil
}

// setSuspended suspends or resumes one object. The change is idempotent: it is retried when
// an answer was lost, instead of stopping halfway through a tenant.
func setSuspended(ctx context.Context, client *patch.Client, to operate.Operation, s operate.Switch, progress Progress) error {
	limited, cancel := context.WithTimeout(ctx, RetryFor)
	defer cancel()
	var err error
	_ = repeat(limited, RetryEvery, func(context.Context) (bool, error) {
		err = client.Merge(ctx, s.Ref, to.Patch()) // not limited: a request that has begun is answered
		var failed *patch.Error
		if err == nil || !errors.As(err, &failed) || !failed.Passing() || limited.Err() != nil {
			return true, nil
		}
		progress.Retrying(s.Ref, err)
		return false, nil
	})
	return err
}
