package exporter

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
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

// breakOrthanc makes the image of bhs invalid, as kubelets report it.
func breakOrthanc(t *testing.T, api *fakeapi.Server) {
	t.Helper()
	for _, obj := range fakeapi.Example(t, "healthy").List(object.DeploymentKind, "bhs-orthweb").Objects {
		if obj.GetName() != "orthanc" {
			continue
		}
		obj = obj.DeepCopy()
		for _, field := range []string{"availableReplicas", "readyReplicas"} {
			if err := unstructured.SetNestedField(obj.Object, int64(1), "status", field); err != nil {
				t.Fatal(err)
			}
		}
		api.Put(obj)
	}
}

// TestExporter checks the metrics of a tenant that becomes unready, and of a view that is lost and
// found again.
func TestExporter(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	e := start(t, api.URL)
	text := e.wait(`orthweb_tenant_ready{tenant="bhs"} 1`)
	t.Log(text)
	breakOrthanc(t, api)
	text = e.wait(`orthweb_tenant_ready{tenant="bhs"} 0`, `orthweb_exporter_unexplained_tenants 0`)
	t.Log(text)
}

var _ = net.Listen
