package plugin

import (
	"context"
	"net"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/digihunch/kubectl-orthweb/pkg/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/trust"
)

// Looking at doors: how long one may take, and how many at a time.
const (
	lookTimeout = 3 * time.Second
	lookAtOnce  = 16
)

// observe looks at each of the endpoints, all at the same time, and gives what
// it saw in their order.
func observe(ctx context.Context, endpoints []trust.Endpoint) []trust.Observation {
	seen := make([]trust.Observation, len(endpoints))
	var group errgroup.Group
	group.SetLimit(lookAtOnce)
	for i, e := range endpoints {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, lookTimeout)
			defer cancel()
			shown, err := probe.Dial(ctx, probe.Endpoint{
				Address: net.JoinHostPort(e.Address, strconv.FormatInt(e.Port, 10)), ServerName: e.ServerName,
			})
			seen[i] = trust.Observation{Endpoint: e, Chain: shown.Chain, AsksClient: shown.AsksClient, Err: err}
			return nil
		})
	}
	_ = group.Wait() // none fails: what went wrong is part of what was seen
	return seen
}
