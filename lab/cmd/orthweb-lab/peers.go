package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/lab/korthweb"
	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// These are the values of up --peers.
const (
	peersRequired = "required"
	peersAuto     = "auto"
	peersNone     = "none"
)

// findPeers finds the programs that serve web and DICOM; nil means none.
func (u *upOptions) findPeers() (*state.Peers, error) {
	switch u.peers {
	case peersNone:
		return nil, nil
	case peersAuto, peersRequired:
	default:
		return nil, fmt.Errorf("--peers is %s, %s or %s, not %q", peersRequired, peersAuto, peersNone, u.peers)
	}
	found, err := peers.Find()
	if err != nil && u.peers == peersRequired {
		return nil, fmt.Errorf("web and DICOM can't be served: %w", err)
	}
	if err != nil {
		say("web and DICOM aren't served: %v", err)
		return nil, nil
	}
	found.Required = u.peers == peersRequired
	return &found, nil
}

// waitPeers waits until all peers of a lab without faults answer, and prints their addresses.
// If they don't answer in time, only a lab that requires them fails.
func (u *upOptions) waitPeers(ctx context.Context) error {
	var silent []string
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, 30*time.Second, true, func(context.Context) (bool, error) {
		lab, err := state.Load(u.dir)
		if err != nil {
			return false, err
		}
		if silent = silentPeers(ctx, lab); len(silent) == 0 {
			sayEndpoints(lab)
		}
		return len(silent) == 0, nil
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case !wait.Interrupted(err):
		return err
	}
	err = errors.New("web and DICOM aren't served everywhere: " + strings.Join(silent, "; "))
	if u.peers == peersRequired {
		return err
	}
	say("%v", err)
	return nil
}

// silentPeers are the peers that don't answer. The tenants of the lab's own tree must have some.
func silentPeers(ctx context.Context, lab state.Lab) (silent []string) {
	started := map[string]bool{}
	for _, p := range lab.Parts {
		if p.Idle == "" && len(p.Endpoints) == 0 {
			continue
		}
		started[p.Name] = true
		if c := condition(ctx, p); c != up {
			silent = append(silent, p.Name+" is "+c)
		}
	}
	if lab.Peers == nil {
		return silent
	}
	for _, tenant := range korthweb.Tenants() {
		for _, name := range []string{parts.OrthancName(tenant), parts.GatewayName(tenant)} {
			if !started[name] {
				silent = append(silent, name+" isn't started")
			}
		}
	}
	return silent
}

func sayEndpoints(lab state.Lab) {
	for _, p := range lab.Parts {
		if len(p.Endpoints) > 0 {
			say("%s: %s", p.Name, endpoints(p.Endpoints))
		}
	}
}

// endpoints returns the endpoints of a part: "HTTPS 127.0.0.11:443, …".
func endpoints(list []state.Endpoint) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Protocol+" "+d.Address)
	}
	return strings.Join(out, ", ")
}
