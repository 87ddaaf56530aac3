package dashboard

import (
	"context"
	"net"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/dashboard"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	targets "github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

// newOptions is a subcommand at a server.
func newOptions(server string, at int, tenant string) (*options, *watched.Output, *watched.Output) {
	stdout, stderr := watched.New(), watched.New()
	kube := genericclioptions.NewConfigFlags(false)
	kube.APIServer = &server
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: stdout, ErrOut: stderr}
	return &options{variant: variants[at], call: &command.Call{Kube: kube, Streams: streams, Name: command.UsualName}, tenant: tenant, noBrowser: true}, stdout, stderr
}

// TestDashboards finds each program in a recorded cluster, and prints its address. The fake API
// server forwards no ports: a connection is closed, and the reason is printed once.
func TestDashboards(t *testing.T) {
	for i, want := range []struct{ address, credentials string }{
		{"/kiali/console/graph/namespaces/?namespaces=bhs-orthweb\n", "How to sign in is not known: Kiali's configuration is malformed."},
		{"/\n", "Secret monitoring/prom-grafana.\n  kubectl get secret prom-grafana -n monitoring "},
		{"/graph?g0.expr=up", "Prometheus requires no sign-in"},
		{"/\n", "Where Orthanc's users are is not known: "},
	} {
		t.Run(variants[i].use, func(t *testing.T) {
			t.Parallel()
			api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
			o, stdout, stderr := newOptions(api.URL, i, "bhs")
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			code := make(chan int, 1)
			go func() { code <- command.Code(o.run(ctx), command.UsualName, stderr) }()
			stdout.WaitFor(t, "\n")
			if text := stdout.String(); !strings.HasPrefix(text, "http://127.0.0.1:") || !strings.Contains(text, want.address) || strings.Count(text, "\n") != 1 {
				t.Errorf("standard output: %s", text)
			}
			if !strings.Contains(stderr.String(), want.credentials) {
				t.Errorf("standard error: %s", stderr)
			}
			host := strings.SplitN(strings.TrimPrefix(stdout.String(), "http://"), "/", 2)[0]
			for range 2 {
				conn, err := net.Dial("tcp", host)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = conn.Read(make([]byte, 1)) // until it is closed
				_ = conn.Close()
			}
			stderr.WaitFor(t, "error: forwarding port ")
			interrupt()
			if code := <-code; code != int(command.Interrupted) || strings.Count(stderr.String(), "error: ") != 1 {
				t.Errorf("exit status %d: %s", code, stderr)
			}
		})
	}
}

// TestPortIsTaken is an error before the cluster is read.
func TestPortIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	o, _, stderr := newOptions("https://127.0.0.1:1", 0, "")
	o.port = listener.Addr().(*net.TCPAddr).Port
	if code := command.Code(o.run(t.Context()), command.UsualName, stderr); code != int(command.Unclear) || !strings.Contains(stderr.String(), "Choose another port with --port") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
}

// TestOrthancCredentials names the object, and the command that shows it.
func TestOrthancCredentials(t *testing.T) {
	for want, users := range map[string]targets.Users{
		"setting RegisteredUsers in ConfigMap a/b.\nkubectl get configmap b -n a -o yaml": {Kind: "ConfigMap", Namespace: "a", Name: "b", Certain: true},
		"Secret a/b, key k.\nkubectl get secret b -n a -o go-template=":                   {Kind: "Secret", Namespace: "a", Name: "b", Key: "k", Certain: true},
		"may be in Secret a/b, which is not read.\nkubectl get secret b -n a -o yaml":     {Kind: "Secret", Namespace: "a", Name: "b"},
		"variable ORTHANC__REGISTERED_USERS of Deployment a/b.\n":                         {Kind: "pod template", Namespace: "a", Name: "Deployment a/b", Certain: true},
		"No sign-in is required": {Open: true},
	} {
		if got := orthancCredentials(users); !strings.Contains(got.Text+"\n"+got.Command, want) {
			t.Errorf("%+v, not %q", got, want)
		}
	}
}

// TestNoBrowser opens none where the user would not see it.
func TestNoBrowser(t *testing.T) {
	for _, c := range []struct {
		system string
		env    map[string]string
		want   bool
	}{
		{"linux", nil, false},
		{"linux", map[string]string{"DISPLAY": ":0"}, true},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, true},
		{"linux", map[string]string{"SSH_CONNECTION": "x", "DISPLAY": "localhost:10.0"}, true},
		{"linux", map[string]string{"SSH_CONNECTION": "x"}, false},
		{"darwin", nil, true},
		{"darwin", map[string]string{"SSH_TTY": "/dev/pts/0"}, false},
		{"windows", nil, true},
	} {
		if why := noBrowser(c.system, func(name string) string { return c.env[name] }); (why == "") != c.want {
			t.Errorf("%s %v: %q", c.system, c.env, why)
		}
	}
	for system, want := range map[string]string{"linux": "xdg-open", "darwin": "open", "windows": "rundll32", "freebsd": "xdg-open"} {
		if words := opener(system, "http://a"); words[0] != want || words[len(words)-1] != "http://a" {
			t.Errorf("%s: %v", system, words)
		}
	}
}

// TestFindsNothing says what was looked for.
func TestFindsNothing(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepNone)
	o, _, stderr := newOptions(api.URL, 1, "")
	if code := command.Code(o.run(t.Context()), command.UsualName, stderr); code != int(command.Unclear) ||
		!strings.Contains(stderr.String(), "no Service of "+dashboard.Grafana.Title+" was found in any namespace") || !strings.Contains(stderr.String(), "-n") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
	api.Deny("services")
	stderr = watched.New()
	o.call.Streams.ErrOut = stderr
	if code := command.Code(o.run(t.Context()), command.UsualName, stderr); code != int(command.Unclear) || !strings.Contains(stderr.String(), "forbidden: cannot list services at the cluster scope") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
}
