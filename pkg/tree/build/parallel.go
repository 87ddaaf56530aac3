package build

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/digihunch/kubectl-orthweb/pkg/tree/kustomize"
)

// fewPlans are so few that loading the schemas, which takes 60 ms, does not pay.
const fewPlans = 16

// maxParallel is how many builds run at the same time at most: each needs memory.
const maxParallel = 4

// RenderAll runs kustomize for several plans, and returns the results in their order. If the
// context ends, some are missing: both the result and the error are nil.
func RenderAll(ctx context.Context, plans []*Plan) (results []*Rendered, errs []error) {
	results, errs = make([]*Rendered, len(plans)), make([]error, len(plans))
	var group errgroup.Group
	group.SetLimit(1)
	if len(plans) > fewPlans {
		kustomize.LoadSchemas()
		group.SetLimit(min(runtime.GOMAXPROCS(0), maxParallel))
	}
	for i, p := range plans {
		group.Go(func() error {
			if ctx.Err() == nil {
				results[i], errs[i] = p.Render()
			}
			return nil
		})
	}
	_ = group.Wait()
	return results, errs
}
