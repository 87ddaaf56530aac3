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

// listen opens the plan's doors that aren't open yet. It removes doors that can't be opened
// from the plan, and returns the reasons.
func (g *gateway) listen(ctx context.Context, plan *peers.Plan) (problems []string) {
	plan.Doors = slices.DeleteFunc(plan.Doors, func(d peers.Door) bool {
		if g.listeners[d.Addr] != nil {
			return false
		}
		l, err := g.openDoor(ctx, d.Addr)
		if err != nil {
			problems = append(problems, err.Error())
			return true
		}
		g.listeners[d.Addr] = l
		return false
	})
	return problems
}

// openDoor listens on the address, or on another port of it if the port is in use or not
// permitted.
func (g *gateway) openDoor(ctx context.Context, addr netip.AddrPort) (*net.TCPListener, error) {
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

// inherited returns the listeners of the doors for a process; the caller closes
// them.
func (g *gateway) inherited() (files []*os.File, err error) {
	for _, addr := range g.doors {
		f, err := inherit(g.listeners[addr])
		if err != nil {
			return files, fmt.Errorf("handing over %s: %w", addr, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// close closes all doors except these.
func (g *gateway) close(but []netip.AddrPort) {
	for addr, l := range g.listeners {
		if !slices.Contains(but, addr) {
			_ = l.Close()
			delete(g.listeners, addr)
		}
	}
}

// open returns the plan's doors with their actual addresses.
func (g *gateway) open(plan peers.Plan) []state.Door {
	var out []state.Door
	for _, d := range plan.Doors {
		door := state.Door{Protocol: d.Protocol, Address: g.listeners[d.Addr].Addr().String()}
		if len(d.Hosts) > 0 {
			door.ServerName = strings.Replace(d.Hosts[0], "*", "lab", 1)
		}
		out = append(out, door)
	}
	return out
}

// note records what the gateway serves, and why it doesn't serve the rest.
func (g *gateway) note(doors []state.Door, problem string) {
	was, _ := g.s.snapshot().Part(g.name)
	if slices.Equal(was.Doors, doors) && was.Idle == problem {
		return
	}
	g.noted = doors
	g.s.updatePart(g.name, func(p *state.Part) {
		p.Doors, p.Idle = doors, problem
		if g.child == nil {
			p.Process = state.Process{}
		}
	})
	var where []string
	for _, d := range doors {
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
