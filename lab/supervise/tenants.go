package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/peers"
)

// maxTenants limits the number of Orthancs, each of which takes some 50 MiB of memory.
const maxTenants = 20

// errRemoved is the cause of the end of a tenant that the cluster no longer has.
var errRemoved = errors.New("the tenant was removed")

// follower serves the tenants that the cluster has.
type follower struct {
	from peers.Finder
	// serve serves a tenant until ctx ends.
	serve func(ctx context.Context, tenant string)
	// forget removes the data of a tenant whose namespace was deleted.
	forget func(tenant string)

	served map[string]service
	// stored are the tenants with data.
	stored map[string]bool
	said   string
}

// service is the service of one tenant.
type service struct {
	stop  context.CancelCauseFunc
	ended chan struct{}
}

// followTenants starts to follow the cluster's tenants, if web and DICOM are served.
func (s *supervisor) followTenants(ctx context.Context) error {
	if s.snapshot().Peers == nil {
		return nil
	}
	from, err := cluster.Connect(s.cfg.Files.Kubeconfigs["gateway"])
	if err != nil {
		return err
	}
	f := newFollower(from)
	f.serve = func(ctx context.Context, tenant string) { s.serveTenant(ctx, from, tenant) }
	f.forget = s.removeData
	ctx, s.endFollowing = context.WithCancel(ctx)
	s.followers.Go(func() { f.follow(ctx) })
	return nil
}

func newFollower(from peers.Finder) *follower {
	return &follower{from: from, served: map[string]service{}, stored: map[string]bool{}}
}

// follow reads the tenants every second until ctx ends.
func (f *follower) follow(ctx context.Context) {
	defer func() {
		for _, s := range f.served {
			<-s.ended
		}
	}()
	for {
		f.update(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// update starts and stops the services of tenants. If the tenants can't be read, all stay as they
// are.
func (f *follower) update(ctx context.Context) {
	now, err := peers.FindTenants(ctx, f.from)
	if err != nil {
		if ctx.Err() == nil {
			f.say("the tenants can't be read, so they are served as before: " + err.Error())
		}
		return
	}
	for tenant, s := range f.served {
		if !slices.Contains(now.Served, tenant) {
			s.stop(errRemoved)
			<-s.ended
			delete(f.served, tenant)
		}
	}
	for tenant := range f.stored {
		if _, ok := f.served[tenant]; !ok && !now.HasNamespace(tenant) {
			f.forget(tenant)
			delete(f.stored, tenant)
		}
	}
	for _, tenant := range now.Served {
		f.start(ctx, tenant)
	}
}

// start starts the service of a tenant, unless it runs.
func (f *follower) start(ctx context.Context, tenant string) {
	if _, ok := f.served[tenant]; ok {
		return
	}
	if len(f.served) >= maxTenants {
		f.say(fmt.Sprintf("tenant %s isn't served: the lab serves %d tenants at most", tenant, maxTenants))
		return
	}
	ctx, stop := context.WithCancelCause(ctx)
	s := service{stop, make(chan struct{})}
	f.served[tenant], f.stored[tenant] = s, true
	go func() {
		defer close(s.ended)
		defer stop(nil)
		f.serve(ctx, tenant)
	}()
}

// say logs new messages.
func (f *follower) say(text string) {
	if text != f.said {
		logf("%s", text)
		f.said = text
	}
}
