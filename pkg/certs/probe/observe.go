package probe

import (
	"context"
	"net"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
)

// How long a connection to an endpoint may take, and how many are opened at a time.
const (
	observeTimeout = 3 * time.Second
	observeAtOnce  = 16
)

// Observe connects to the endpoints in parallel, and returns the observations in the
// order of the endpoints.
func Observe(ctx context.Context, endpoints []trust.Endpoint) []trust.Observation {
	seen := make([]trust.Observation, len(endpoints))
	var group errgroup.Group
	group.SetLimit(observeAtOnce)
	for i, e := range endpoints {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, observeTimeout)
			defer cancel()
			shown, err := Dial(ctx, Endpoint{
				Address: net.JoinHostPort(e.Address, strconv.FormatInt(e.Port, 10)), ServerName: e.ServerName,
			})
			seen[i] = trust.Observation{Endpoint: e, Chain: shown.Chain, AsksClient: shown.AsksClient, Err: err}
			return nil
		})
	}
	_ = group.Wait() // none fails: an error is part of its observation
	return seen
}
