package exporter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// exporting is an exporter that runs as long as a test.
type exporting struct {
	t      *testing.T
	url    string
	stderr *watched.Output
	stop   context.CancelFunc
	ended  chan error
}

// start starts an exporter of a server, with flags.
func start(t *testing.T, server string, flags ...string) *exporting {
	t.Helper()
	kube := genericclioptions.NewConfigFlags(false)
	kube.APIServer = &server
	stderr := watched.New()
	call := &command.Call{Kube: kube, Name: command.UsualName, Build: "v0.0.0-test", Streams: genericiooptions.IOStreams{
		In: strings.NewReader(""), Out: io.Discard, ErrOut: stderr,
	}}
	cmd := New(call)
	cmd.SetArgs(append([]string{"--listen-address=127.0.0.1:0"}, flags...))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	ctx, stop := context.WithCancel(t.Context())
	e := &exporting{t: t, stderr: stderr, stop: stop, ended: make(chan error, 1)}
	go func() { e.ended <- cmd.ExecuteContext(ctx) }()
	t.Cleanup(e.end)
	address := regexp.MustCompile(`Serving metrics at (http://\S+)/metrics`)
	stderr.WaitUntil(t, "address", func(text string) bool { return address.MatchString(text) })
	e.url = address.FindStringSubmatch(stderr.String())[1]
	return e
}

// end stops the exporter, as a signal does.
func (e *exporting) end() {
	e.t.Helper()
	e.stop()
	err := <-e.ended
	if err != nil {
		e.t.Errorf("the exporter ended with %v", err)
	}
	e.ended <- err
}

// get requests a path.
func (e *exporting) get(path, accept string) (*http.Response, string) {
	e.t.Helper()
	get, err := http.NewRequestWithContext(e.t.Context(), http.MethodGet, e.url+path, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	get.Header.Set("Accept", accept)
	answer, err := http.DefaultClient.Do(get)
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return answer, string(body)
}

// wait waits until all lines are among the metrics, and returns these.
func (e *exporting) wait(lines ...string) string {
	e.t.Helper()
	expired := time.Now().Add(40 * time.Second)
	for {
		_, text := e.get("/metrics", "")
		missing := ""
		for _, line := range lines {
			if !strings.Contains("\n"+text, "\n"+line+"\n") {
				missing = line
			}
		}
		if missing == "" {
			return text
		}
		if time.Now().After(expired) {
			e.t.Fatalf("no %s in:\n%s\nstandard error:\n%s", missing, text, e.stderr)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// breakOrthanc makes the image of bhs invalid, as kubelets report it, and returns a function that
// restores it.
func breakOrthanc(t *testing.T, api *fakeapi.Server) (restore func()) {
	t.Helper()
	from := func(example string) {
		for _, kind := range []schema.GroupKind{object.DeploymentKind, object.PodKind, {Group: "apps", Kind: "ReplicaSet"}, object.KustomizationKind} {
			for _, obj := range fakeapi.Example(t, example).List(kind, "").Objects {
				if strings.Contains(obj.GetNamespace()+obj.GetName(), "bhs") {
					api.Put(obj.DeepCopy())
				}
			}
		}
		api.SetTime(fakeapi.Example(t, example).Meta().At)
	}
	from("failing")
	return func() {
		from("healthy")
		for _, pod := range fakeapi.Example(t, "failing").List(object.PodKind, "bhs-orthweb").Objects {
			if fakeapi.Example(t, "healthy").Lookup(object.RefOf(pod)).Object == nil {
				api.Delete(pod)
			}
		}
	}
}

// TestExporter checks the metrics of a tenant that becomes unready and ready again, of a view that is
// lost and found again, and of a permission that is missing.
func TestExporter(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	e := start(t, api.URL)
	e.wait(`orthweb_tenant_ready{tenant="bhs"} 1`, `orthweb_exporter_view_current 1`, `orthweb_exporter_build_info{version="v0.0.0-test"} 1`)
	restore := breakOrthanc(t, api)
	text := e.wait(`orthweb_tenant_ready{tenant="bhs"} 0`, `orthweb_tenant_ready{tenant="mhr"} 1`, `orthweb_exporter_unexplained_tenants 0`, `orthweb_tenant_causes{code="OW4103",tenant="bhs"} 1`)
	if strings.Contains(text, `orthweb_tenant_explained{tenant="mhr"}`) {
		t.Errorf("a tenant that is ready is explained:\n%s", text)
	}

	// Nothing is ready, and nothing is not ready, as long as the connection is lost.
	api.Fail(".", fakeapi.Status(500, "InternalError", "etcd has no leader"))
	api.EndWatches(true)
	text = e.wait(`orthweb_exporter_view_current 0`, `orthweb_tenants{status="Unknown"} 2`, `orthweb_exporter_view_lost_total 1`)
	for _, line := range []string{"orthweb_tenant_ready{", "orthweb_layer_ready{", "orthweb_tenant_causes{"} {
		if strings.Contains(text, "\n"+line) {
			t.Errorf("there is a sample of %s in:\n%s", line, text)
		}
	}
	e.stderr.WaitFor(t, "etcd has no leader; retrying\n")
	api.Recover()
	restore()
	text = e.wait(`orthweb_exporter_view_current 1`, `orthweb_tenant_ready{tenant="bhs"} 1`)
	if strings.Contains(text, "orthweb_tenant_causes{") {
		t.Errorf("a tenant that is ready has causes:\n%s", text)
	}
	e.stderr.WaitFor(t, "The API server answers again.\n")
}

// TestWithoutPermission checks that what could not be read is not ready.
func TestWithoutPermission(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	api.Deny("certificates.cert-manager.io")
	api.DenyWatch("deployments.apps")
	e := start(t, api.URL)
	text := e.wait(`orthweb_exporter_unreadable{reason="Forbidden",resource="certificates.cert-manager.io"} 2`, `orthweb_tenants{status="Unknown"} 2`, `orthweb_exporter_polled{resource="deployments.apps"} 1`)
	if strings.Contains(text, "orthweb_tenant_ready{") {
		t.Error(text)
	}
}

// TestPaths checks the paths of the server, before and after the cluster has been read.
func TestPaths(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	release := make(chan struct{})
	api.Fail("/kustomizations$", fakeapi.Hold(release))
	e := start(t, api.URL)
	status := func(path string, want int) {
		t.Helper()
		if answer, body := e.get(path, ""); answer.StatusCode != want {
			t.Errorf("%s: %s: %s", path, answer.Status, body)
		}
	}
	status("/healthz", 200)
	status("/readyz", 503)
	status("/", 200)
	status("/other", 404)
	if text := e.wait(`orthweb_exporter_view_current 0`); strings.Contains(text, "orthweb_tenant") {
		t.Errorf("there are tenants before the cluster was read:\n%s", text)
	}
	close(release)
	e.wait(`orthweb_tenant_ready{tenant="bhs"} 1`)
	status("/readyz", 200)

	answer, text := e.get("/metrics", "application/openmetrics-text; version=1.0.0")
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/openmetrics-text") || !strings.HasSuffix(text, "# EOF\n") {
		t.Errorf("%s: %s", kind, text)
	}
	if answer, err := http.Post(e.url+"/metrics", "text/plain", strings.NewReader("")); err != nil || answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("%v, %v", answer, err)
	}
	get, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url+"/metrics", nil)
	get.Header.Set("X-Large", strings.Repeat("x", 2*maxHeader))
	if answer, err := http.DefaultClient.Do(get); err == nil && answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("large headers: %s", answer.Status)
	}
}

// TestHealth checks that a watch that hangs is reported.
func TestHealth(t *testing.T) {
	e := newExporter(&options{call: &command.Call{}})
	for _, test := range []struct {
		ago  time.Duration
		code int
	}{{time.Minute, 200}, {2 * silence, 503}} {
		e.heard = time.Now().Add(-test.ago)
		answer := httptest.NewRecorder()
		e.handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", nil))
		if answer.Code != test.code {
			t.Errorf("%s ago: %d %s", test.ago, answer.Code, answer.Body)
		}
	}
}

// TestUnreachable checks that an exporter whose cluster can't be reached serves that, and finds it.
func TestUnreachable(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	api.Fail("^/api$", fakeapi.First(1, fakeapi.Status(500, "InternalError", "etcd has no leader")))
	e := start(t, api.URL)
	e.stderr.WaitFor(t, "discovering its API: etcd has no leader; retrying\n")
	e.wait(`orthweb_exporter_view_current 1`, `orthweb_tenant_ready{tenant="mhr"} 1`)
}

// TestFlags checks flags that are rejected before anything is read.
func TestFlags(t *testing.T) {
	for flags, want := range map[string]string{
		"--listen-address=x":                             "--listen-address must be HOST:PORT",
		"--listen-address=:70000":                        "--listen-address must be HOST:PORT",
		"--listen-address=:http":                         "--listen-address must be HOST:PORT",
		"--resync=1ms":                                   "--resync must be a second or more",
		"--max-series=0":                                 "--max-series must be above 0",
		"--probe-every=1s":                               "--probe-every must be 10s or more",
		"--probe-every=0s":                               "--probe-every must be 10s or more",
		"--probe-every=1m --probe-timeout=0s":            "--probe-timeout must be above 0",
		"--probe-every=1m --password-secret=a/b":         "--password-secret must not name a namespace",
		"--listen-address=192.0.2.1:1 --server=http://x": "listening on 192.0.2.1:1: ",
	} {
		kube := genericclioptions.NewConfigFlags(false)
		kube.APIServer = new(string)
		cmd := New(&command.Call{Kube: kube, Streams: genericiooptions.NewTestIOStreamsDiscard()})
		cmd.Flags().StringVar(kube.APIServer, "server", "", "")
		cmd.SetArgs(strings.Fields(flags))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", flags, err)
		}
	}
}

// TestSchedule checks that each tenant is probed once in an interval, that probes are spread over it,
// that no more run at the same time than may, and that none is repeated for those that were missed.
func TestSchedule(t *testing.T) {
	const every = 5 * time.Minute
	s, now := newSchedule(every), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var tenants []tenant.Tenant
	for i := range 300 {
		tenants = append(tenants, tenant.Tenant{Name: fmt.Sprint("t", i)})
	}
	counts, most := map[string]int{}, 0
	for second := range int(2 * every / time.Second) {
		due := s.due(tenants, now.Add(time.Duration(second)*time.Second), maxProbes)
		most = max(most, len(due))
		for _, d := range due {
			counts[d.Name]++
			s.ended(d.Name, now.Add(time.Duration(second)*time.Second))
		}
	}
	for _, tenant := range tenants {
		if n := counts[tenant.Name]; n < 1 || n > 2 {
			t.Errorf("%s was probed %d times in two intervals", tenant.Name, n)
		}
	}
	if most > 7 { // 300 in 300 seconds, at random
		t.Errorf("%d probes began in the same second", most)
	}
	first := s.due(tenants, now.Add(time.Hour), 3)
	if len(first) != 3 || len(s.due(tenants, now.Add(time.Hour), 0)) != 0 {
		t.Errorf("%v", first)
	}
	for _, d := range s.due(tenants, now.Add(time.Hour), 1000) {
		if d.Name == first[0].Name {
			t.Errorf("%s is probed twice at the same time", d.Name)
		}
	}
	s.ended(first[0].Name, now.Add(time.Hour))
	if next := s.next[first[0].Name]; next.Before(now.Add(time.Hour)) || next.After(now.Add(time.Hour+every)) {
		t.Errorf("the next probe is at %s", next)
	}
	s.due(nil, now, 1)
	if len(s.next) > 0 {
		t.Error("tenants that no longer exist are kept")
	}
}

// TestProbe checks the probe of a tenant that does not answer: the checks that need the failed one
// have failed, too.
func TestProbe(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	for _, service := range fakeapi.Example(t, "healthy").List(object.ServiceKind, "").Objects {
		service = service.DeepCopy()
		if service.GetName() == "istio-ingressgateway" {
			if err := unstructured.SetNestedSlice(service.Object, []any{map[string]any{"ip": "127.0.0.254"}}, "status", "loadBalancer", "ingress"); err != nil {
				t.Fatal(err)
			}
			api.Put(service)
		}
	}
	e := start(t, api.URL, "--probe-every=10s", "--probe-timeout=2s")
	text := e.wait(`orthweb_probe_success{check="target",tenant="bhs"} 1`, `orthweb_probe_success{check="web-tcp",tenant="bhs"} 0`, `orthweb_probe_success{check="dicom-echo",tenant="bhs"} 0`,
		`orthweb_probe_success{check="dicom-tcp",tenant="mhr"} 0`, `orthweb_probe_interval_seconds 10`)
	for _, check := range []string{"dicom-store", "archive-limits", "clean-up"} {
		if strings.Contains(text, `check="`+check+`"`) {
			t.Errorf("%s is part of a probe", check)
		}
	}
}

// TestClient checks that a client certificate is issued once, until it expires or a check fails.
func TestClient(t *testing.T) {
	p := newProber(newExporter(&options{call: &command.Call{}, probeEvery: time.Minute}), nil)
	issued, lifetime := 0, time.Hour
	get := func() {
		t.Helper()
		client := p.client("bhs", func(context.Context) (*tls.Certificate, error) {
			issued++
			return &tls.Certificate{Leaf: &x509.Certificate{NotAfter: time.Now().Add(lifetime)}}, nil
		})
		if _, err := client(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := func(count int) {
		t.Helper()
		if issued != count {
			t.Errorf("%d were issued, want %d", issued, count)
		}
	}
	get()
	get()
	want(1)
	p.dropClient("bhs")
	lifetime = minValidity / 2
	get()
	get()
	want(3)
	p.retain(nil)
	if len(p.clients) > 0 {
		t.Error("clients of tenants that no longer exist are kept")
	}
}
