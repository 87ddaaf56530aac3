//go:build linux

package plugin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
)

// exporterProcess is an exporter in a process of its own.
type exporterProcess struct {
	testing.TB
	url string
	cmd *exec.Cmd
}

// startExporter starts an exporter of a server. The garbage collector has the settings of the
// Deployment.
func startExporter(tb testing.TB, server string, args ...string) *exporterProcess {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	program := filepath.Join(tb.TempDir(), "kubectl-orthweb") // with this name the test binary runs as the program
	if given := os.Getenv("ORTHWEB_PROGRAM"); given != "" {
		self = given
	}
	if err := os.Symlink(self, program); err != nil {
		tb.Fatal(err)
	}
	e := &exporterProcess{TB: tb, cmd: exec.CommandContext(context.WithoutCancel(tb.Context()), program, append([]string{"exporter", "--server=" + server, "--listen-address=127.0.0.1:0"}, args...)...)}
	e.cmd.Env = append(os.Environ(), "GOGC=50", "GOMEMLIMIT=900MiB", "KUBECONFIG=none")
	stderr, err := e.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = e.cmd.Process.Kill() })
	lines := bufio.NewReader(stderr)
	line, err := lines.ReadString('\n')
	found := regexp.MustCompile(`http://\S+/metrics`).FindString(line)
	if err != nil || found == "" {
		tb.Fatalf("%v: %s", err, line)
	}
	e.url = found
	go func() { _, _ = io.Copy(os.Stderr, lines) }()
	return e
}

// metrics are those without labels, and those of tenants by the whole series.
func (e *exporterProcess) metrics() map[string]float64 {
	e.Helper()
	answer, err := http.Get(e.url)
	if err != nil {
		e.Fatal(err)
	}
	defer answer.Body.Close()
	values := map[string]float64{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = number
		}
	}
	return values
}

// wait waits until a metric has a value.
func (e *exporterProcess) wait(name string, value float64, within time.Duration) map[string]float64 {
	e.Helper()
	expired := time.Now().Add(within)
	for {
		values := e.metrics()
		if got, ok := values[name]; ok && got == value {
			return values
		}
		if time.Now().After(expired) {
			e.Fatalf("%s is %v, want %v", name, values[name], value)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// end sends SIGTERM.
func (e *exporterProcess) end() {
	e.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		e.Fatal(err)
	}
	_ = e.cmd.Wait() // main, which a test binary does not have, turns the signal into exit status 0
}

// fleetServer serves so many copies of the healthy example's tenant, with the current time.
func fleetServer(tb testing.TB, tenants int) (*fakeapi.Server, []*unstructured.Unstructured) {
	tb.Helper()
	snap := fakeapi.Example(tb, "healthy")
	var objects []*unstructured.Unstructured
	for _, request := range snap.Requests() {
		objects = append(objects, snap.List(request.GroupKind(), "").Objects...)
	}
	fleet := fakeapi.Fleet(objects, tenants)
	api := fakeapi.New(tb, fleet...)
	api.SetTime(snap.Meta().At)
	return api, fleet
}

// churn changes objects of a fleet as controllers do.
type churn struct {
	api     *fakeapi.Server
	fleet   []*unstructured.Unstructured // those that change
	changes int
}

// newChurn changes the objects of the tenants that have a status.
func newChurn(api *fakeapi.Server, fleet []*unstructured.Unstructured) *churn {
	c := &churn{api: api}
	for _, obj := range fleet {
		switch obj.GetKind() {
		case "Kustomization", "HelmRelease", "Deployment", "StatefulSet", "Certificate", "Service":
			c.fleet = append(c.fleet, obj)
		}
	}
	return c
}

// change changes so many objects, each in another way than the last time: a condition, an
// annotation, and for Deployments whether their pods are ready.
func (c *churn) change(tb testing.TB, count int) {
	tb.Helper()
	for range count {
		c.changes++
		obj := c.fleet[c.changes*7919%len(c.fleet)].DeepCopy()
		obj.SetAnnotations(map[string]string{"changed": fmt.Sprint(c.changes)})
		if obj.GetKind() == "Deployment" && obj.GetName() == "orthanc" && c.changes%2 == 0 {
			if err := unstructured.SetNestedField(obj.Object, int64(1), "status", "availableReplicas"); err != nil {
				tb.Fatal(err)
			}
		}
		c.api.Put(obj)
	}
	c.api.CompactRead()
}

// TestExporterMemory checks that the memory of an exporter does not grow while the objects of a fleet
// change thousands of times. The live heap is what the collector left: Prometheus' metric is where
// it begins again, a half above it (GOGC=50).
func TestExporterMemory(t *testing.T) {
	const tenants, rounds, each = 30, 8, 1000
	api, fleet := fleetServer(t, tenants)
	e := startExporter(t, api.URL)
	e.wait(`orthweb_tenants{status="Ready"}`, tenants+1, time.Minute)
	c := newChurn(api, fleet)
	live := func(round int) float64 {
		c.change(t, each)
		// A marker that was put last is seen last.
		name := fmt.Sprintf("marker%d-orthweb", round)
		api.Put(&unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": map[string]any{"workload": "orthweb"}}}})
		values := e.wait(fmt.Sprintf(`orthweb_tenant_status{status="Failing",tenant="marker%d"}`, round), 1, time.Minute)
		return values["go_memstats_next_gc_bytes"] / 1.5
	}
	var before float64
	for round := range rounds {
		now := live(round)
		t.Logf("%d changes: %.1f MiB live", c.changes, now/(1<<20))
		switch {
		case round < rounds/2: // until all code has run, and all buffers have their size
			before = max(before, now)
		case now > before*1.25+4<<20:
			t.Errorf("%.1f MiB are live after %d changes, and were at most %.1f MiB in the first half", now/(1<<20), c.changes, before/(1<<20))
		}
	}
}

// BenchmarkExporter measures the memory of an exporter while the objects of many tenants change:
//
//	make build
//	ORTHWEB_PROGRAM=$PWD/bin/kubectl-orthweb ORTHWEB_TENANTS=1000 go test ./pkg/plugin -run '^$' -bench Exporter -benchtime 900x -v -timeout 1h
//
// Each iteration makes 50 changes, and takes a second.
func BenchmarkExporter(b *testing.B) {
	tenants, _ := strconv.Atoi(os.Getenv("ORTHWEB_TENANTS"))
	api, fleet := fleetServer(b, max(tenants, 1))
	b.Logf("%d objects", len(fleet))
	e := startExporter(b, api.URL)
	values := e.wait(`orthweb_tenants{status="Ready"}`, float64(max(tenants, 1)+1), 5*time.Minute)
	report := func(values map[string]float64) {
		b.Logf("%s resident %.0f MiB, live %.0f MiB, heap in use %.0f MiB, processor %.1f s, assessments %.0f of %.3f s", time.Now().Format(time.TimeOnly), values["process_resident_memory_bytes"]/(1<<20), values["go_memstats_next_gc_bytes"]/1.5/(1<<20), values["go_memstats_heap_inuse_bytes"]/(1<<20), values["process_cpu_seconds_total"], values["orthweb_exporter_assessments_total"], values["orthweb_exporter_assessment_duration_seconds"])
	}
	report(values)
	c := newChurn(api, fleet)
	for i := range b.N {
		c.change(b, 50)
		time.Sleep(time.Second)
		if i%30 == 29 {
			report(e.metrics())
		}
	}
	b.Logf("%d changes", c.changes)
	e.end()
}
