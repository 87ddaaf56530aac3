package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/parts"
	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/pod"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// tenantsOf is a cluster with the tenants' namespaces, and with the Deployments of some.
type tenantsOf struct {
	namespaces, deployments []string
	err                     error
}

func (c *tenantsOf) Find(_ context.Context, o cluster.Objects) (out []unstructured.Unstructured, _ error) {
	add := func(namespace, name string) {
		var u unstructured.Unstructured
		u.SetAPIVersion(o.APIVersion)
		u.SetKind(o.Kind)
		u.SetNamespace(namespace)
		u.SetName(name)
		out = append(out, u)
	}
	switch {
	case o.Kind == "Namespace":
		for _, tenant := range c.namespaces {
			add("", peers.Namespace(tenant))
		}
	case o.Kind == "Deployment" && o.Namespace == "":
		for _, tenant := range c.deployments {
			add(peers.Namespace(tenant), "orthanc")
		}
	}
	return out, c.err
}

// recorder records the services of tenants.
type recorder struct {
	mu     sync.Mutex
	events []string
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

func (r *recorder) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.events)
	text := strings.Join(r.events, ", ")
	r.events = nil
	return text
}

func recorded(from peers.Finder) (*follower, *recorder) {
	f, r := newFollower(from), &recorder{}
	f.serve = func(ctx context.Context, tenant string) {
		<-ctx.Done()
		r.note("end %s: %v", tenant, context.Cause(ctx))
	}
	f.forget = func(tenant string) { r.note("forget %s", tenant) }
	return f, r
}

func servedNames(f *follower) string {
	var names []string
	for tenant := range f.served {
		names = append(names, tenant)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestTenantsAreFollowed(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	from := &tenantsOf{}
	f, r := recorded(from)
	for _, step := range []struct {
		about        string
		now          tenantsOf
		served, want string
	}{
		{"before Flux has created tenants", tenantsOf{}, "", ""},
		{"two tenants", tenantsOf{[]string{"bhs", "mhr"}, []string{"bhs", "mhr"}, nil}, "bhs mhr", ""},
		{"a third one", tenantsOf{[]string{"bhs", "mhr", "nhs"}, []string{"bhs", "mhr", "nhs"}, nil}, "bhs mhr nhs", ""},
		{"the API server hangs", tenantsOf{nil, nil, errors.New("timeout")}, "bhs mhr nhs", ""},
		{"its application is removed", tenantsOf{[]string{"bhs", "mhr", "nhs"}, []string{"bhs", "mhr"}, nil}, "bhs mhr", "end nhs: the tenant was removed"},
		{"and created again", tenantsOf{[]string{"bhs", "mhr", "nhs"}, []string{"bhs", "mhr", "nhs"}, nil}, "bhs mhr nhs", ""},
		{"its application is removed again", tenantsOf{[]string{"bhs", "mhr", "nhs"}, []string{"bhs", "mhr"}, nil}, "bhs mhr", "end nhs: the tenant was removed"},
		{"its namespace is removed", tenantsOf{[]string{"bhs", "mhr"}, []string{"bhs", "mhr"}, nil}, "bhs mhr", "forget nhs"},
		{"another one is removed at once", tenantsOf{[]string{"bhs"}, []string{"bhs"}, nil}, "bhs", "end mhr: the tenant was removed, forget mhr"},
	} {
		*from = step.now
		f.update(ctx)
		if got := servedNames(f); got != step.served {
			t.Errorf("%s: it serves %q, want %q", step.about, got, step.served)
		}
		if got := r.take(); got != step.want {
			t.Errorf("%s: %q, want %q", step.about, got, step.want)
		}
	}
	// The end of the lab removes no data.
	cancel()
	f.follow(ctx)
	if got := r.take(); got != "end bhs: context canceled" {
		t.Errorf("at the end: %q", got)
	}
}

func TestTenantsAreLimited(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	from := &tenantsOf{deployments: []string{"zzz"}}
	f, _ := recorded(from)
	f.update(ctx)
	for i := range 2 * maxTenants {
		from.deployments = append(from.deployments, fmt.Sprintf("t%02d", i))
	}
	f.update(ctx)
	if _, ok := f.served["zzz"]; len(f.served) != maxTenants || !ok {
		t.Errorf("%d tenants are served: %s", len(f.served), servedNames(f))
	}
	from.deployments = from.deployments[1:]
	f.update(ctx)
	if _, ok := f.served["zzz"]; len(f.served) != maxTenants || ok {
		t.Errorf("after one was removed, %d are served: %s", len(f.served), servedNames(f))
	}
	cancel()
	f.follow(ctx)
}

// TestATenantIsServedAndRemoved runs a real Orthanc.
func TestATenantIsServedAndRemoved(t *testing.T) {
	found, err := peers.Find()
	if err != nil {
		t.Skipf("it is about how Orthanc behaves: %v", err)
	}
	s := newTestSupervisor(t, nil)
	t.Cleanup(s.stop)
	s.lab.Peers = &found
	if cmd, err := through(syscall.CLONE_NEWNET, pod.NetworkCommand, "", "/bin/true"); err != nil || runShort(cmd) != nil {
		t.Skip("this system allows its users no namespaces")
	}
	for range 2 { // the second time as a tenant that was created again
		ctx, stop := context.WithCancelCause(context.Background())
		ended := make(chan struct{})
		go func() { s.serveTenant(ctx, &tenantsOf{}, "nhs"); close(ended) }()
		var orthanc state.Part
		waitFor(t, func() bool {
			lab := s.snapshot()
			orthanc, _ = lab.Part("orthanc-nhs")
			return len(orthanc.Endpoints) == 2
		})
		if err := peers.Check(ctx, orthanc.Endpoints[0]); err != nil {
			t.Fatal(err)
		}
		lab := s.snapshot()
		if g, _ := lab.Part("gateway-nhs"); !strings.Contains(g.Idle, "Service istio-ingressgateway isn't there") {
			t.Errorf("the gateway: %+v", g)
		}
		_ = orthanc.Process.Signal(syscall.SIGSTOP) // a paused one must end, too
		stop(errRemoved)
		<-ended
		if orthanc.Process.Alive() {
			t.Error("Orthanc still runs")
		}
		waitFor(t, func() bool { // the kernel ends the relay after Orthanc
			c, err := net.Dial("tcp", orthanc.Endpoints[0].Address)
			if err == nil {
				_ = c.Close()
			}
			return err != nil
		})
		if parts := s.snapshot().Parts; len(parts) != 0 {
			t.Errorf("the lab still has %+v", parts)
		}
		if s.cfg.Ports.Number(parts.OrthancName("nhs")) != 0 {
			t.Error("its port is still reserved")
		}
	}
	if _, err := os.Stat(filepath.Join(s.cfg.OrthancDir("nhs"), "storage", "index")); err != nil {
		t.Errorf("its studies were not kept: %v", err)
	}
	s.removeData("nhs")
	if _, err := os.Stat(s.cfg.OrthancDir("nhs")); !os.IsNotExist(err) {
		t.Errorf("its studies are left: %v", err)
	}
}
