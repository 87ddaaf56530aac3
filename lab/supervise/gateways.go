package supervise

import (
	"bytes"
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// gateway keeps a tenant's proxy in line with the cluster's objects.
type gateway struct {
	s      *supervisor
	from   peers.Finder
	tenant string
	name   string
	// listeners are the open ones, by the address in the plan; the actual address may differ.
	listeners map[netip.AddrPort]*net.TCPListener
	// child is the proxy, or nil if there is nothing to serve.
	child *child
	// serving are the endpoints that it serves.
	serving []netip.AddrPort
	// endpoints and files are its latest configuration; refusal is the reason why it doesn't serve
	// it.
	endpoints []netip.AddrPort
	files     map[string][]byte
	refusal   string
	// noted is the latest recorded status.
	noted      []state.Endpoint
	generation int
	said       string
}

func newGateway(s *supervisor, from peers.Finder, tenant string) *gateway {
	return &gateway{s: s, from: from, tenant: tenant, name: parts.GatewayName(tenant), listeners: map[netip.AddrPort]*net.TCPListener{}}
}

// follow reads the objects every second. It doesn't restart a proxy that ended unexpectedly,
// and doesn't replace a paused one.
func (g *gateway) follow(ctx context.Context) {
	defer g.close(nil)
	for {
		if g.child == nil || !g.child.process.Paused() {
			// If the objects can't be read, the proxy keeps its configuration.
			if facts, err := peers.Read(ctx, g.from, peers.Namespace(g.tenant)); err == nil {
				g.apply(ctx, facts.Plan())
			} else if ctx.Err() == nil {
				g.say("its objects can't be read, so what it serves stays as it is: " + err.Error())
			}
		}
		var ended <-chan struct{}
		if g.child != nil {
			ended = g.child.ended
		}
		select {
		case <-ctx.Done():
			return
		case <-ended:
			g.note(nil, "its proxy ended")
			return
		case <-time.After(time.Second):
		}
	}
}

// apply makes the proxy serve the plan, unless it already does.
func (g *gateway) apply(ctx context.Context, plan peers.Plan) {
	problems := append(plan.Problems, g.listen(ctx, &plan)...)
	endpoints := addresses(plan)
	files, err := plan.Files(peers.Orthanc{
		HTTP:  g.s.cfg.Ports.Number(parts.OrthancName(g.tenant)),
		DICOM: g.s.cfg.Ports.Number(parts.DICOMPortName(g.tenant)),
	})
	if err != nil {
		g.say(err.Error())
		return
	}
	if len(endpoints) == 0 {
		g.end()
		g.endpoints, g.files, g.refusal, g.serving = nil, nil, "", nil
	} else if !slices.Equal(endpoints, g.endpoints) || !maps.EqualFunc(files, g.files, bytes.Equal) {
		g.endpoints, g.files, g.refusal = endpoints, files, ""
		if err := g.replace(ctx); err != nil {
			g.refusal = err.Error()
		}
	}
	g.close(g.serving)
	if g.refusal != "" {
		g.note(g.noted, g.refusal)
		return
	}
	g.note(g.open(plan), strings.Join(problems, "; "))
}

func addresses(plan peers.Plan) []netip.AddrPort {
	var out []netip.AddrPort
	for _, d := range plan.Endpoints {
		out = append(out, d.Addr)
	}
	return out
}

// say logs new messages.
func (g *gateway) say(text string) {
	if text != g.said {
		logf("%s: %s", g.name, text)
		g.said = text
	}
}
