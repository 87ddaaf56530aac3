package entries

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// read reads a recording: an example, or standard input.
func read(t *testing.T, source recording.Source, content string) *snapshot.Snapshot {
	t.Helper()
	snap, err := recording.Read(t.Context(), source, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// derive derives the entries of a recording.
func derive(t *testing.T, snap *snapshot.Snapshot, options Options) Result {
	t.Helper()
	result, err := Derive(t.Context(), snap, options)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// lines are the entries as "ADDRESS NAME".
func lines(all []hosts.Entry) []string {
	var found []string
	for _, e := range all {
		for _, name := range e.Names {
			found = append(found, e.Addr.String()+" "+name)
		}
	}
	return found
}

var healthy = recording.Source{From: []string{recording.ExamplePrefix + "healthy"}}

// printed returns the objects of a tenant x in the form in which kubectl prints them. Its load
// balancer has the ingress, in YAML.
func printed(ingress string) string {
	return `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: x-orthweb, labels: {workload: orthweb}}}
- apiVersion: v1
  kind: Service
  metadata: {name: gateway, namespace: x-orthweb}
  spec: {type: LoadBalancer, selector: {istio: gw}, ports: [{port: 443}]}
  status: {loadBalancer: {ingress: [` + ingress + `]}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: gateway, namespace: x-orthweb}
  spec: {selector: {matchLabels: {istio: gw}}, template: {metadata: {labels: {istio: gw}}, spec: {containers: [{name: c, image: i}]}}}
- apiVersion: networking.istio.io/v1
  kind: Gateway
  metadata: {name: web, namespace: x-orthweb}
  spec: {selector: {istio: gw}, servers: [{hosts: [web.x.hospital.org], port: {name: https, number: 443, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: s}}]}
`
}

var stdin = recording.Source{From: []string{"-"}, Complete: true}

// TestDerive checks that names and addresses become entries only if the user accepts them, and
// are pending otherwise.
func TestDerive(t *testing.T) {
	snap := read(t, healthy, "")
	bhs, mhr := []string{"127.0.0.12 dicom.bhs.orthweb.com", "127.0.0.12 web.bhs.orthweb.com"}, []string{"127.0.0.11 dicom.mhr.orthweb.com", "127.0.0.11 web.mhr.orthweb.com"}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, c := range []struct {
		about     string
		options   Options
		lines     []string
		pending   []string
		addresses int
		complete  bool
	}{
		{"nothing is accepted", Options{}, nil, []string{"bhs", "mhr"}, 2, false},
		{"addresses", Options{Accepted: Acceptance{Addresses: loopback}}, nil, []string{"bhs", "mhr"}, 0, false},
		{"domains", Options{Accepted: Acceptance{Domains: []string{"orthweb.com"}}}, nil, nil, 2, false},
		{"both", Options{Accepted: Acceptance{Domains: []string{"orthweb.com"}, Addresses: loopback}}, slices.Concat(bhs, mhr), nil, 0, true},
		{"the domain of one", Options{Accepted: Acceptance{Granted: map[string][]string{"mhr": {"orthweb.com"}}, Addresses: loopback}}, mhr, []string{"bhs"}, 0, false},
		{"one tenant", Options{Names: []string{"mhr"}, Accepted: Acceptance{Domains: []string{"orthweb.com"}, Addresses: loopback}}, mhr, nil, 0, true},
		{"a namespace", Options{Namespace: "bhs-orthweb", Accepted: Acceptance{Domains: []string{"orthweb.com"}, Addresses: loopback}}, bhs, nil, 0, true},
		{"a block", Options{Names: []string{"bhs"}, Accepted: Acceptance{Block: []hosts.Entry{{Tenant: "bhs", Addr: netip.MustParseAddr("127.0.0.12"), Names: []string{"web.bhs.orthweb.com"}}}}}, bhs, nil, 0, true},
		{"a block of another tenant", Options{Names: []string{"bhs"}, Accepted: Acceptance{Block: []hosts.Entry{{Tenant: "old", Addr: netip.MustParseAddr("127.0.0.12"), Names: []string{"pacs.bhs.orthweb.com"}}}}}, nil, []string{"bhs"}, 1, false},
		{"given addresses", Options{Names: []string{"mhr"}, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")}, Accepted: Acceptance{Domains: []string{"orthweb.com"}}}, []string{"192.0.2.7 dicom.mhr.orthweb.com", "192.0.2.7 web.mhr.orthweb.com"}, nil, 0, true},
	} {
		t.Run(c.about, func(t *testing.T) {
			result := derive(t, snap, c.options)
			var pending []string
			for _, p := range result.Pending {
				pending = append(pending, p.Tenant)
			}
			if got := lines(result.Entries); !slices.Equal(got, c.lines) || !slices.Equal(pending, c.pending) || len(result.PendingAddresses) != c.addresses || result.Complete() != c.complete {
				t.Errorf("entries %v, pending %v, addresses %v, complete %v", got, pending, result.PendingAddresses, result.Complete())
			}
			everyTenant := len(c.options.Names) == 0 && c.options.Namespace == ""
			if change := result.Change("b"); change.Block != "b" || len(change.Only) > 0 != everyTenant {
				t.Errorf("the change is %+v", change)
			}
		})
	}
}

// TestAcceptAll checks that one answer accepts all domains with an address, and no others.
func TestAcceptAll(t *testing.T) {
	snap := read(t, healthy, "")
	result := derive(t, snap, Options{Accepted: Acceptance{Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.12/32")}}})
	if len(result.Pending) != 2 || len(result.Acceptable()) != 1 || len(result.Unwritten()) != 3 {
		t.Fatalf("%+v", result)
	}
	result.AcceptAll()
	if got := lines(result.Entries); !slices.Equal(got, []string{"127.0.0.12 dicom.bhs.orthweb.com", "127.0.0.12 web.bhs.orthweb.com"}) {
		t.Errorf("the entries are %v", got)
	}
	if len(result.Pending) != 1 || result.Pending[0].Tenant != "mhr" || slices.Contains(result.Withheld, "web.bhs.orthweb.com") || !slices.Contains(result.Withheld, "web.mhr.orthweb.com") {
		t.Errorf("pending %v, withheld %v", result.Pending, result.Withheld)
	}
}

// TestDeriveOfPartOfCluster checks that lines of other tenants stay, unless the recording shows
// that its tenants are all tenants of the cluster.
func TestDeriveOfPartOfCluster(t *testing.T) {
	block := []hosts.Entry{{Tenant: "gone", Addr: netip.MustParseAddr("192.0.2.9"), Names: []string{"web.gone.org"}}}
	for _, complete := range []bool{false, true} {
		source := stdin
		source.Complete = complete
		result := derive(t, read(t, source, printed("{ip: 192.0.2.1}")), Options{Source: &source, Accepted: Acceptance{Domains: []string{"x.hospital.org"}, Block: block}})
		if got := lines(result.Entries); !slices.Equal(got, []string{"192.0.2.1 web.x.hospital.org"}) {
			t.Errorf("complete %v: the entries are %v, %v", complete, got, result)
		}
		if change := result.Change("b"); slices.Equal(change.Only, []string{"x"}) != complete || slices.Equal(change.KeepTenants, []string{"x"}) == complete {
			t.Errorf("complete %v: the change is %+v", complete, change)
		}
	}
}

// TestDeriveResolves checks that a load balancer's host name is resolved, and that its
// addresses are judged like others.
func TestDeriveResolves(t *testing.T) {
	snap := read(t, stdin, printed("{hostname: lb.example.net}"))
	found := func(addresses ...string) func(context.Context, string) ([]netip.Addr, error) {
		return func(_ context.Context, name string) ([]netip.Addr, error) {
			if name != "lb.example.net" {
				return nil, fmt.Errorf("%q is requested", name)
			}
			var all []netip.Addr
			for _, text := range addresses {
				all = append(all, netip.MustParseAddr(text))
			}
			return all, nil
		}
	}
	failed := func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	for _, c := range []struct {
		about   string
		resolve func(context.Context, string) ([]netip.Addr, error)
		prefer  Preference
		lines   []string
		note    string
	}{
		{"one", found("192.0.2.1"), First, []string{"192.0.2.1 web.x.hospital.org"}, "currently has the address 192.0.2.1"},
		{"the first, by default", found("192.0.2.1", "2001:db8::1"), "", []string{"192.0.2.1 web.x.hospital.org"}, "may change"},
		{"IPv6", found("192.0.2.1", "2001:db8::1"), IPv6, []string{"2001:db8::1 web.x.hospital.org"}, "may change"},
		{"IPv4, which it has not", found("2001:db8::1", "2001:db8::2"), IPv4, []string{"2001:db8::1 web.x.hospital.org"}, "may change"},
		{"all", found("192.0.2.1", "2001:db8::1"), All, []string{"192.0.2.1 web.x.hospital.org", "2001:db8::1 web.x.hospital.org"}, "may change"},
		{"this machine", found("127.0.0.1"), First, nil, "add --allow-address=127.0.0.1"},
		{"several machines", found("224.0.0.1"), First, nil, "omitted the address 224.0.0.1"},
		{"none", failed, First, nil, "can't be resolved: no such host"},
	} {
		result := derive(t, snap, Options{Resolve: c.resolve, Prefer: c.prefer, Accepted: Acceptance{Domains: []string{"x.hospital.org"}}})
		if got := lines(result.Entries); !slices.Equal(got, c.lines) || !strings.Contains(strings.Join(result.Notes, "\n"), c.note) || result.Complete() != (len(c.lines) > 0) {
			t.Errorf("%s: %v, %q, %q", c.about, got, result.Notes, result.Lacking)
		}
	}
}

// TestDeriveOfMachine checks that this machine's own name is never written for a tenant.
func TestDeriveOfMachine(t *testing.T) {
	snap := read(t, stdin, printed("{ip: 192.0.2.1}"))
	for machine, want := range map[string]int{"laptop": 1, "web.x.hospital.org": 0} {
		result := derive(t, snap, Options{Machine: machine, Accepted: Acceptance{Domains: []string{"x.hospital.org"}}})
		if len(result.Entries) != want {
			t.Errorf("on %s: %v, %q", machine, result.Entries, result.Notes)
		}
	}
}

// TestDeriveOfNone checks that the error about missing tenants names the recording or the
// cluster.
func TestDeriveOfNone(t *testing.T) {
	snap := read(t, stdin, "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: x}}")
	_, err := Derive(t.Context(), snap, Options{Source: &stdin})
	if hint, _ := advice.Of(err); err == nil || !strings.Contains(hint, "kubectl orthweb explain configmap/c -n x --from=- --assume-complete") {
		t.Errorf("%v: %s", err, hint)
	}
	_, err = Derive(t.Context(), snap, Options{})
	if hint, _ := advice.Of(err); err == nil || !strings.Contains(hint, "--context") {
		t.Errorf("%v: %s", err, hint)
	}
	_, err = Derive(t.Context(), snap, Options{Names: []string{"y"}, Namespace: "x"})
	if err == nil {
		t.Error("a tenant that does not exist has entries")
	}
}
