package request

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// WhenUnreachable adds a hint to the error of a cluster that can't be reached, or whose answer
// is not that of an API server, unless the error has one or the context has ended.
func WhenUnreachable(ctx context.Context, err error) error {
	if _, advised := advice.Of(err); err != nil && ctx.Err() == nil && !advised {
		return advice.Add(err, "Check the cluster with 'kubectl version', or choose another with --context.")
	}
	return err
}
