package metrics

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

const page = "../../docs/exporter.md"

// table is the table of all metrics, as the page has it.
func table() string {
	var b strings.Builder
	b.WriteString("| metric | labels | meaning |\n|---|---|---|\n")
	for _, f := range Families() {
		var labels []string
		for _, label := range f.Labels {
			labels = append(labels, "`"+label+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, strings.Join(labels, ", "), f.Help)
	}
	return b.String()
}

// TestPage compares the table of docs/exporter.md with the metrics.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n"+table()+"\n") {
		t.Errorf("%s has another table than\n%s", page, table())
	}
}

// read is the state of the tenants of a recorded cluster.
func read(t *testing.T, snap *snapshot.Snapshot) State {
	t.Helper()
	r := Read(snap, tenant.Discover(snap))
	return State{Reading: r, Read: true, Current: true, Now: snap.Meta().At, Limit: 1000}
}

// lines are the samples of a metric, as text.
func lines(samples []Sample, name string) []string {
	var found []string
	for _, s := range samples {
		if s.Name == name {
			found = append(found, strings.TrimSpace(fmt.Sprint(strings.Join(s.Values, " "), " ", s.Value)))
		}
	}
	return found
}

func check(t *testing.T, samples []Sample, name string, want ...string) {
	t.Helper()
	if got := lines(samples, name); !slices.Equal(got, want) {
		t.Errorf("%s\ngot  %q\nwant %q", name, got, want)
	}
}

// TestFamilies checks what every metric has in common: a prefix, a help text, a valid name, and as
// many values as labels.
func TestFamilies(t *testing.T) {
	seen := map[string]bool{}
	allowed := []string{"tenant", "namespace", "layer", "name", "status", "code", "check", "resource", "reason", "metric", "version"}
	for _, f := range Families() {
		if seen[f.Name] || !regexp.MustCompile(`^orthweb_[a-z_]+$`).MatchString(f.Name) || !strings.HasSuffix(f.Help, ".") || f.Counter != strings.HasSuffix(f.Name, "_total") {
			t.Errorf("%+v", *f)
		}
		seen[f.Name] = true
		for _, label := range f.Labels {
			if !slices.Contains(allowed, label) {
				t.Errorf("%s has the label %s, whose values may have no limit", f.Name, label)
			}
		}
	}
	for _, s := range Samples(read(t, fakeapi.Example(t, "failing"))) {
		if len(s.Values) != len(s.Labels) {
			t.Errorf("%s%v has the values %q", s.Name, s.Labels, s.Values)
		}
	}
}

// TestNotReady checks a tenant that fails, beside one that is ready, and its causes.
func TestNotReady(t *testing.T) {
	s := read(t, fakeapi.Example(t, "failing"))
	samples := Samples(s)
	check(t, samples, "orthweb_tenant_ready", "bhs 0", "mhr 1")
	check(t, samples, "orthweb_tenants", "Ready 1", "Progressing 0", "Suspended 0", "Failing 1", "Unknown 0")
	check(t, samples, "orthweb_exporter_unexplained_tenants", "1")
	check(t, samples, "orthweb_tenant_explained")
	s.Causes = map[string]Causes{"bhs": {Codes: map[finding.Code]int{"OW2": 1, "OW1": 2}, Complete: true}, "mhr": {}}
	samples = Samples(s)
	check(t, samples, "orthweb_tenant_causes", "bhs OW1 2", "bhs OW2 1")
	check(t, samples, "orthweb_tenant_explained", "bhs 1")
	check(t, samples, "orthweb_exporter_unexplained_tenants", "0")
}

// TestLost checks that nothing is ready, and nothing is not ready, in a view that is not current,
// and that there are no tenants before the first one.
func TestLost(t *testing.T) {
	s := read(t, fakeapi.Example(t, "failing"))
	s.Current, s.Causes = false, map[string]Causes{"bhs": {Codes: map[finding.Code]int{"OW1": 1}}}
	samples := Samples(s)
	for _, name := range []string{"orthweb_tenant_ready", "orthweb_layer_ready", "orthweb_layer_stale", "orthweb_tenant_causes", "orthweb_tenant_hosts", "orthweb_tenant_hosts_without_address"} {
		check(t, samples, name)
	}
	check(t, samples, "orthweb_exporter_view_current", "0")
	check(t, samples, "orthweb_tenants", "Ready 0", "Progressing 0", "Suspended 0", "Failing 0", "Unknown 2")
	for _, line := range lines(samples, "orthweb_layer_status") {
		if strings.HasSuffix(line, " 1") && !strings.HasSuffix(line, " Unknown 1") {
			t.Error(line)
		}
	}
	if n := len(lines(samples, "orthweb_certificate_expiry_timestamp_seconds")); n == 0 {
		t.Error("the times of certificates are missing")
	}
	s.Read = false
	if samples = Samples(s); len(lines(samples, "orthweb_tenants")) > 0 {
		t.Error("there are tenants before anything was read")
	}
	check(t, samples, "orthweb_exporter_view_current", "0")
}

// TestUnreadable removes one list after another: no tenant may be ready without it, and the list
// must be reported.
func TestUnreadable(t *testing.T) {
	whole := fakeapi.Example(t, "healthy")
	check(t, Samples(read(t, whole)), "orthweb_tenant_ready", "bhs 1", "mhr 1")
	check(t, Samples(read(t, whole)), "orthweb_exporter_unreadable")
	for _, hidden := range []string{"Kustomization", "Namespace", "Deployment", "StatefulSet", "HelmRelease", "Service", "Certificate", "Gateway", "VirtualService", "Pod", "Lease", "Event"} {
		b := snapshot.NewBuilder()
		for _, request := range whole.Requests() {
			if request.Kind == hidden {
				request.Failure = &snapshot.Failure{Reason: snapshot.Forbidden, Verb: "list", Resource: hidden}
				b.Add(request)
				continue
			}
			b.Add(request, whole.List(request.GroupKind(), "").Objects...)
		}
		samples := Samples(read(t, b.Build(whole.Meta())))
		for _, line := range lines(samples, "orthweb_tenant_ready") {
			if strings.HasSuffix(line, " 1") {
				t.Errorf("without %s: %s", hidden, line)
			}
		}
		if len(lines(samples, "orthweb_exporter_unreadable")) == 0 {
			t.Errorf("without %s: nothing is unreadable", hidden)
		}
	}
}

// TestController checks what a stopped controller and the age of a reconciliation look like.
func TestController(t *testing.T) {
	snap := fakeapi.Example(t, "healthy")
	later := snap.At(snap.Meta().At.Add(10 * time.Minute))
	samples := Samples(read(t, later))
	for _, line := range lines(samples, "orthweb_layer_stale") {
		if !strings.HasSuffix(line, " 1") {
			t.Error(line)
		}
	}
	if len(lines(samples, "orthweb_controller_lease_renewed_timestamp_seconds")) != 3 || len(lines(samples, "orthweb_layer_last_reconciled_timestamp_seconds")) != 7 || len(lines(samples, "orthweb_layer_interval_seconds")) != 7 {
		t.Errorf("%v", samples)
	}
	check(t, samples, "orthweb_tenant_ready")
}

// TestHosts checks the host names of an ingress without an address.
func TestHosts(t *testing.T) {
	const objects = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: x-orthweb, labels: {workload: orthweb}}}
- apiVersion: v1
  kind: Service
  metadata: {name: gateway, namespace: x-orthweb}
  spec: {type: LoadBalancer, selector: {istio: gw}, ports: [{port: 443}]}
- apiVersion: networking.istio.io/v1
  kind: Gateway
  metadata: {name: web, namespace: x-orthweb}
  spec: {selector: {istio: gw}, servers: [{hosts: [web.x.org, dicom.x.org], port: {name: https, number: 443, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: s}}]}
`
	for _, complete := range []bool{true, false} {
		snap, err := recording.Read(t.Context(), recording.Source{From: []string{"-"}, Complete: complete}, strings.NewReader(objects))
		if err != nil {
			t.Fatal(err)
		}
		samples := Samples(read(t, snap))
		if !complete {
			check(t, samples, "orthweb_tenant_hosts_without_address")
			continue
		}
		check(t, samples, "orthweb_tenant_hosts", "x 2")
		check(t, samples, "orthweb_tenant_hosts_without_address", "x 2")
	}
}

// TestProbes checks that results are exported for three intervals, and only of tenants that exist.
func TestProbes(t *testing.T) {
	s := read(t, fakeapi.Example(t, "healthy"))
	s.Probes = map[string]Probe{
		"bhs":  {Ended: s.Now.Add(-time.Minute), Took: 2 * time.Second, Checks: []ProbeCheck{{"target", true, 0}, {"web-tcp", false, time.Second}}},
		"mhr":  {Ended: s.Now.Add(-time.Hour), Checks: []ProbeCheck{{"target", true, 0}}},
		"gone": {Ended: s.Now, Checks: []ProbeCheck{{"target", true, 0}}},
	}
	check(t, Samples(s), "orthweb_probe_success")
	s.ProbeEvery = 5 * time.Minute
	samples := Samples(s)
	check(t, samples, "orthweb_probe_success", "bhs target 1", "bhs web-tcp 0")
	check(t, samples, "orthweb_probe_check_duration_seconds", "bhs target 0", "bhs web-tcp 1")
	check(t, samples, "orthweb_probe_duration_seconds", "bhs 2")
	check(t, samples, "orthweb_probe_interval_seconds", "300")
}

// TestLimit checks the limit of series, which series are kept, and that names are valid and occur
// once.
func TestLimit(t *testing.T) {
	s := State{Read: true, Current: true, Limit: 3}
	for i := range 5 {
		s.Tenants = append(s.Tenants, Tenant{Name: fmt.Sprint("t", i), Status: health.Ready})
	}
	s.Tenants[4].Status = health.Failing
	samples := Samples(s)
	check(t, samples, "orthweb_tenant_ready", "t4 0", "t0 1", "t1 1")
	check(t, samples, "orthweb_exporter_dropped_series", "orthweb_tenants 2", "orthweb_tenant_ready 2", "orthweb_tenant_status 22")
	s.Tenants = []Tenant{{Name: "a\xff", Status: health.Ready}, {Name: "a\xfe", Status: health.Ready}}
	check(t, Samples(s), "orthweb_tenant_ready", "a\uFFFD 1")
}
