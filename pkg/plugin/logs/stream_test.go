package logs

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/podlogs"
	"github.com/digihunch/kubectl-orthweb/pkg/logs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// newTest returns the stream of the tenant bhs of a recorded cluster, and its output.
func newTest(t *testing.T, o options) (s *stream, out, errs *bytes.Buffer) {
	t.Helper()
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	o.call = &command.Call{Streams: genericiooptions.IOStreams{Out: out, ErrOut: errs}, Name: command.UsualName}
	if o.output == nil {
		o.output = command.NewFormats(formatText, command.JSON, formatRaw)
	}
	o.pattern = regexp.MustCompile(o.grep)
	snap := fakeapi.Example(t, "healthy")
	found, err := selection.One(snap, "bhs", "")
	if err != nil {
		t.Fatal(err)
	}
	return o.newStream(snap, found), out, errs
}

var (
	orthanc = &podlogs.Pod{Namespace: "bhs-orthweb", Name: "orthanc-5c67658958-79dpg", UID: "1", Containers: []string{"orthanc"}, Labels: map[string]string{"app": "orth", "pod-template-hash": "5c67658958"}}
	flux    = &podlogs.Pod{Namespace: "flux-system", Name: "helm-controller-54f55b5454-lv626", UID: "2", Containers: []string{"manager"}, Labels: map[string]string{"app": "helm-controller", "pod-template-hash": "54f55b5454"}}
	gateway = &podlogs.Pod{Namespace: "bhs-orthweb", Name: "gw-0", UID: "3", Containers: []string{"istio-init", "istio-proxy"}, Labels: map[string]string{"istio": "ingressgateway", "app": "istio-ingressgateway"}}
)

// print passes lines to the stream.
func (s *stream) print(t *testing.T, pod *podlogs.Pod, container string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := s.line(podlogs.Line{Pod: pod, Container: container, Time: time.Unix(0, 0), Text: []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.printer.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestLines(t *testing.T) {
	s, out, _ := newTest(t, options{})
	s.print(t, orthanc, "orthanc", "W1130 07:29:21.906293 main.cpp:2017] Orthanc version: 1.10.1", "  more of it")
	s.print(t, flux, "manager", `{"level":"error","msg":"failed","HelmRelease":{"name":"a","namespace":"bhs-orthweb"},"password":"hunter2","error":"login with token=abcdefgh12345678"}`)
	s.print(t, gateway, "istio-proxy", "x")
	want := `orthanc-79dpg │ WARN  Orthanc version: 1.10.1
orthanc-79dpg │ WARN    more of it
helm-controller │ ERROR failed HelmRelease bhs-orthweb/a error="login with token=<redacted>" password=<redacted>
gw-0 istio-proxy │ x
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

// TestFilters checks that --level and --grep select lines, and that --grep sees them as they are
// stored.
func TestFilters(t *testing.T) {
	texts := []string{"I1130 07:29:21.906293 a.cpp:1] PatientID=4711", "E1130 07:29:21.906293 a.cpp:1] bad", "no level"}
	for _, c := range []struct {
		options
		want string
	}{
		{options{}, "INFO  PatientID=<patient-id 1>|ERROR bad|ERROR no level"},
		{options{least: logs.Warn}, "ERROR bad|ERROR no level"},
		{options{grep: "=4711"}, "INFO  PatientID=<patient-id 1>"},
		{options{grep: "^no", least: logs.Error}, "ERROR no level"},
		{options{show: true, grep: "Patient"}, "INFO  PatientID=4711"},
	} {
		s, out, _ := newTest(t, c.options)
		s.print(t, orthanc, "orthanc", texts...)
		got := strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(out.String(), "orthanc-79dpg │ ", "")), "\n", "|")
		if got != c.want {
			t.Errorf("%+v: got %s, want %s", c.options, got, c.want)
		}
	}
}

// TestSecrets checks that credentials are masked in each format, also with --show-identifiers.
func TestSecrets(t *testing.T) {
	text, err := os.ReadFile("../../logs/testdata/orthanc.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{formatText, command.JSON, formatRaw} {
		output := command.NewFormats(formatText, command.JSON, formatRaw)
		output.Format = format
		s, out, _ := newTest(t, options{show: true, output: output})
		s.print(t, orthanc, "orthanc", strings.Split(string(text), "\n")...)
		if strings.Contains(out.String(), "YWRtaW46") || !strings.Contains(out.String(), "4711") {
			t.Errorf("-o %s: the password is printed, or identifiers are masked", format)
		}
	}
}

// TestWindow checks where the logs begin.
func TestWindow(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		about  string
		o      options
		want   podlogs.Options
		shared time.Time
	}{
		{"default", options{tail: -1}, podlogs.Options{Tail: 100}, now.Add(-time.Hour)},
		{"-f", options{tail: -1, follow: true}, podlogs.Options{Tail: 10, Follow: true}, now.Add(-time.Hour)},
		{"--since", options{tail: -1, since: time.Minute, limited: true}, podlogs.Options{Tail: -1, Since: now.Add(-time.Minute)}, time.Time{}},
		{"--tail=-1", options{tail: -1, limited: true}, podlogs.Options{Tail: -1}, now.Add(-time.Hour)},
		{"--tail=0 -f", options{tail: 0, limited: true, follow: true}, podlogs.Options{Tail: 0, Since: now, Follow: true}, now.Add(-time.Hour)},
		{"--previous", options{tail: -1, previous: true}, podlogs.Options{Tail: -1, Previous: true}, time.Time{}},
	} {
		if got, shared := c.o.window(now); got != c.want || !shared.Equal(c.shared) {
			t.Errorf("%s: got %+v %s, want %+v %s", c.about, got, shared, c.want, c.shared)
		}
	}
}

// TestOutcome checks what is reported, once and in a fixed order, and the result.
func TestOutcome(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "x", errors.New("no"))
	waiting := apierrors.NewBadRequest(`container "orthanc" in pod "y" is waiting to start: ContainerCreating`)
	for _, c := range []struct {
		about    string
		problems []podlogs.Problem
		result   podlogs.Result
		errs     string
		err      string
	}{
		{"all read", nil, podlogs.Result{Containers: 1}, "No lines of tenant bhs.\n", ""},
		{"no permission", []podlogs.Problem{
			{Namespace: "istio-system", Err: forbidden}, {Namespace: "bhs-orthweb", Pod: "b", Container: "c", Err: forbidden}, {Namespace: "bhs-orthweb", Pod: "a", Container: "c", Err: forbidden},
		}, podlogs.Result{Failed: 2}, "Not read: forbidden: cannot get pods/log in namespace \"bhs-orthweb\".\nNot read: forbidden: cannot list pods in namespace \"istio-system\".\n", "no log of tenant bhs could be read"},
		{"waiting", []podlogs.Problem{{Namespace: "bhs-orthweb", Pod: "y", Container: "orthanc", Err: waiting}}, podlogs.Result{Containers: 1, Failed: 1},
			"No log yet: container orthanc of pod bhs-orthweb/y: container \"orthanc\" in pod \"y\" is waiting to start: ContainerCreating.\nNo lines of tenant bhs.\n", ""},
		{"no pods", nil, podlogs.Result{}, "", "tenant bhs has no pods"},
	} {
		s, _, errs := newTest(t, options{})
		for _, p := range c.problems {
			s.problem(p)
		}
		s.report()
		err := s.outcome(c.result)
		if errs.String() != c.errs || (err != nil) != (c.err != "") || err != nil && err.Error() != c.err {
			t.Errorf("%s: got %q, %v, want %q, %q", c.about, errs, err, c.errs, c.err)
		}
	}
}
