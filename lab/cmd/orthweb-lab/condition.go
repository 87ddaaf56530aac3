package main

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// up is the condition of a healthy part.
const up = "up"

// condition returns the condition of a part. It checks whether a part with an endpoint answers
// there.
func condition(ctx context.Context, p state.Part) string {
	switch {
	case p.Idle != "" && p.Exit == "":
		return "idle (" + oneLine(p.Idle) + ")"
	case p.Exit != "":
		return "down (" + p.Exit + ")"
	case !p.Process.Alive():
		return "down"
	case p.Process.Paused():
		return "paused"
	}
	for _, d := range p.Endpoints {
		if err := peers.Check(ctx, d); err != nil {
			return "silent (" + oneLine(err.Error()) + ")"
		}
	}
	return up
}
