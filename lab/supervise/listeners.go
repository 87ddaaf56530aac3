package supervise

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// listen opens the plan's endpoints that aren't open yet. It removes endpoints that can't be opened
// from the plan, and returns the reasons.
func (g *gateway) listen(ctx context.Context, plan *peers.Plan) (problems []string) {
	plan.Endpoints = slices.DeleteFunc(plan.Endpoints, func(d peers.Endpoint) bool {
		if g.listeners[d.Addr] != nil {
			return false
		}
		l, err := g.openEndpoint(ctx, d.Addr)
		if err != nil {
			problems = append(problems, err.Error())
			return true
		}
		g.listeners[d.Addr] = l
		return false
	})
	return problems
}

// openEndpoint listens on the address, or on another port of it if the port is in use or not
// permitted.
func (g *gateway) openEndpoint(ctx context.Context, addr netip.AddrPort) (*net.TCPListener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp4", addr.String())
	if err != nil {
		wanted := err
		if l, err = lc.Listen(ctx, "tcp4", netip.AddrPortFrom(addr.Addr(), 0).String()); err != nil {
			return nil, fmt.Errorf("no port of %s can be had: %w", addr.Addr(), err)
		}
		logf("%s: %v, so port %d is served at %s", g.name, wanted, addr.Port(), l.Addr())
	}
	return l.(*net.TCPListener), nil
}

// inherited returns the listeners of the endpoints for a process; the caller closes
// them.
func (g *gateway) inherited() (files []*os.File, err error) {
	for _, addr := range g.endpoints {
		f, err := inherit(g.listeners[addr])
		if err != nil {
			return files, fmt.Errorf("handing over %s: %w", addr, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// close closes all endpoints except these.
func (g *gateway) close(but []netip.AddrPort) {
	for addr, l := range g.listeners {
		if !slices.Contains(but, addr) {
			_ = l.Close()
			delete(g.listeners, addr)
		}
	}
}

// open returns the plan's endpoints with their actual addresses.
func (g *gateway) open(plan peers.Plan) []state.Endpoint {
	var out []state.Endpoint
	for _, d := range plan.Endpoints {
		endpoint := state.Endpoint{Protocol: d.Protocol, Address: g.listeners[d.Addr].Addr().String()}
		if len(d.Hosts) > 0 {
			endpoint.ServerName = strings.Replace(d.Hosts[0], "*", "lab", 1)
		}
		out = append(out, endpoint)
	}
	return out
}

// note records what the gateway serves, and why it doesn't serve the rest.
func (g *gateway) note(endpoints []state.Endpoint, problem string) {
	was, _ := g.s.snapshot().Part(g.name)
	if slices.Equal(was.Endpoints, endpoints) && was.Idle == problem {
		return
	}
	g.noted = endpoints
	g.s.updatePart(g.name, func(p *state.Part) {
		p.Endpoints, p.Idle = endpoints, problem
		if g.child == nil {
			p.Process = state.Process{}
		}
	})
	var where []string
	for _, d := range endpoints {
		where = append(where, d.Protocol+" at "+d.Address)
	}
	text := "it serves " + strings.Join(where, " and ")
	if len(where) == 0 {
		text = "it serves nothing"
	}
	if problem != "" {
		text += ": " + problem
	}
	logf("%s: %s", g.name, text)
}
