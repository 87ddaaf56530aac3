package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/clusters"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// newCall is a call with a kubeconfig of that many contexts, c00 to c99, and its standard error.
func newCall(t *testing.T, contexts int) (*command.Call, *bytes.Buffer) {
	t.Helper()
	var names []string
	for i := range contexts {
		names = append(names, fmt.Sprintf("{name: c%02d, context: {cluster: c%02d, user: u}}", i, i))
	}
	var all []string
	for i := range contexts {
		all = append(all, fmt.Sprintf("{name: c%02d, cluster: {server: 'http://127.0.0.1:%d'}}", i, i+1))
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := "{apiVersion: v1, kind: Config, users: [{name: u, user: {}}], contexts: [" + strings.Join(names, ",") + "], clusters: [" + strings.Join(all, ",") + "]}"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kube := genericclioptions.NewConfigFlags(true)
	kube.KubeConfig = &path
	var errs bytes.Buffer
	return &command.Call{Kube: kube, Name: command.UsualName, Streams: genericiooptions.IOStreams{In: strings.NewReader("x"), Out: &bytes.Buffer{}, ErrOut: &errs}}, &errs
}

// TestEachKeepsTheOrder checks that the results are in the order of the selection, whichever cluster
// answers first, and that no more clusters than allowed are read at the same time.
func TestEachKeepsTheOrder(t *testing.T) {
	call, _ := newCall(t, 40)
	var now, most atomic.Int64
	var all sync.WaitGroup
	all.Add(atOnce)
	results, err := Each[string](t.Context(), call, &Flags{contexts: []string{"c3*", "c*"}, timeout: time.Minute}, func(_ context.Context, c Cluster) (any, error) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		if c.Name >= "c30" && c.Name < fmt.Sprintf("c%d", 30+atOnce) { // those that begin first
			all.Done()
			all.Wait()
		}
		config, err := c.Call.Config()
		if err != nil {
			return "", err
		}
		return c.Name + " " + config.Host, nil
	})
	if err != nil || len(results) != 40 || most.Load() != atOnce {
		t.Fatalf("%d results, %d at once, %v", len(results), most.Load(), err)
	}
	for i, r := range results {
		want := fmt.Sprintf("c%02d", (30+i)%40)
		if i >= 10 {
			want = fmt.Sprintf("c%02d", i-10)
		}
		if r.Cluster != want || !strings.HasPrefix(r.Value, want+" http://127.0.0.1:") || r.Err != nil {
			t.Errorf("%d: got %+v, want %s", i, r, want)
		}
	}
}

// TestEachLimitsTheTime checks that a cluster that does not end, even after its time, neither delays nor
// fails the others, and that the others have their results.
func TestEachLimitsTheTime(t *testing.T) {
	call, _ := newCall(t, 3)
	stuck := make(chan struct{})
	defer close(stuck)
	results, err := Each[string](t.Context(), call, &Flags{all: true, timeout: 50 * time.Millisecond}, func(ctx context.Context, c Cluster) (any, error) {
		switch c.Name {
		case "c00":
			<-stuck
		case "c01":
			<-ctx.Done()
			return "a part", fmt.Errorf("reading it: %w", ctx.Err())
		}
		return "read", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"no answer within 50ms", "no answer within 50ms: reading it: context deadline exceeded"} {
		if r := results[i]; r.Err == nil || r.Err.Error() != want || r.Value != "" {
			t.Errorf("got %+v, want %s", r, want)
		}
	}
	if results[2].Err != nil || results[2].Value != "read" {
		t.Errorf("got %+v", results[2])
	}
}

// TestEachEnds checks that Each ends with its context, and starts no other cluster.
func TestEachEnds(t *testing.T) {
	call, _ := newCall(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	var started atomic.Int64
	results, err := Each[string](ctx, call, &Flags{all: true, timeout: time.Hour}, func(ctx context.Context, _ Cluster) (any, error) {
		if started.Add(1) == atOnce {
			cancel()
		}
		<-ctx.Done()
		return "", ctx.Err()
	})
	if results != nil || !errors.Is(err, context.Canceled) || started.Load() != atOnce {
		t.Errorf("got %v, %v, %d started", results, err, started.Load())
	}
}

// TestEachCantPrompt checks that a cluster can't read standard input nor write to standard output, and
// that what it writes to standard error is printed after the results, in their order.
func TestEachCantPrompt(t *testing.T) {
	call, errs := newCall(t, 2)
	results, err := Each[int](t.Context(), call, &Flags{all: true, timeout: time.Minute}, func(_ context.Context, c Cluster) (any, error) {
		escape.Fprintf(c.Call.Streams.Out, "out\n")
		escape.Fprintf(c.Call.Streams.ErrOut, "a note\n")
		return c.Call.Streams.In.Read(make([]byte, 1))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Value != 0 || r.Err == nil || r.Err.Error() != "EOF" {
			t.Errorf("got %+v", r)
		}
	}
	if errs.Len() > 0 || call.Streams.Out.(*bytes.Buffer).Len() > 0 {
		t.Errorf("something was printed: %s", errs)
	}
	if err := Finish(call, nil, results, nil); !errors.Is(err, command.Unclear) || !strings.HasPrefix(errs.String(), "c00: a note\nc01: a note\n2 of 2 clusters could not be read") {
		t.Errorf("got %v, %s", err, errs)
	}
}

// TestFinish checks the exit codes and the messages for what is missing.
func TestFinish(t *testing.T) {
	read := clusters.Result[int]{Cluster: "a"}
	lacks := clusters.Result[int]{Cluster: "b", Absent: []string{"bhs"}}
	empty := clusters.Result[int]{Cluster: "c", Empty: true}
	dead := clusters.Result[int]{Cluster: "d\x1b", Err: errors.New("no\x1b[31m\nroute")}
	part := clusters.Result[int]{Cluster: "e", Err: errors.New("forbidden"), Partial: true, Absent: []string{"mhr"}}
	for _, c := range []struct {
		about   string
		names   string
		results []clusters.Result[int]
		answer  error
		want    string // the error, and standard error
	}{
		{"all read", "", []clusters.Result[int]{read, empty}, nil, "<nil>|"},
		{"all read, and one not ready", "", []clusters.Result[int]{read, empty}, command.No, "exit status 1|"},
		{"a name in one of them", "bhs", []clusters.Result[int]{read, lacks, empty}, nil, "<nil>|"},
		{"a name in none", "bhs", []clusters.Result[int]{lacks, empty}, nil, `"bhs" does not exist in any of 2 clusters|`},
		{"one of two names in none", "mhr bhs", []clusters.Result[int]{lacks}, command.No, `"bhs" does not exist in any of 1 cluster|`},
		{"no tenant at all", "", []clusters.Result[int]{empty}, nil, "no tenant was found in any of 1 cluster|"},
		{"one dead, and one not ready", "", []clusters.Result[int]{read, dead}, command.No, "exit status 2|1 of 2 clusters could not be read, and the output does not have what is in them:\n  d^[: no^[[31m route\nCheck one of them: kubectl version --context='d^['\n"},
		{"a name that may be in the dead one", "bhs", []clusters.Result[int]{lacks, dead}, nil, "exit status 2|\"bhs\" was not found in the clusters that were read.\n1 of 2"},
		{"all dead", "", []clusters.Result[int]{dead}, nil, "exit status 2|1 of 1 cluster could not"},
		{"a part", "bhs mhr", []clusters.Result[int]{part}, nil, "exit status 2|\"mhr\" was not found in the clusters that were read.\n1 of 1"},
	} {
		call, errs := newCall(t, 1)
		err := Finish(call, strings.Fields(c.names), c.results, c.answer)
		if got := fmt.Sprintf("%v|%s", err, errs); got != c.want && (!strings.HasPrefix(c.want, "exit status 2|") || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: got %q, want %q", c.about, got, c.want)
		}
	}
}

// TestAbsent checks which errors are those of something that another cluster may have.
func TestAbsent(t *testing.T) {
	var absent Absent
	other := errors.New("other")
	none := selection.NotFound("bhs", nil, snapshot.NewBuilder().Build(snapshot.Meta{}))
	if err := absent.Add("bhs", none); err != nil || absent.Err() == nil {
		t.Errorf("got %v", err)
	}
	if err := absent.Add("mhr", other); !errors.Is(err, other) {
		t.Errorf("got %v", err)
	}
	if got := absentOf(fmt.Errorf("x: %w", absent.Err())); got == nil || len(got.names) != 1 || got.names[0] != "bhs" {
		t.Errorf("got %+v", got)
	}
	if absentOf(other) != nil || (&Absent{}).Err() != nil {
		t.Error("another error is one of absence")
	}
}

// TestFlags checks which flags are rejected before the kubeconfig is read.
func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"--contexts=a,b": "<nil>", "--contexts=a --contexts=b-*": "<nil>", "--all-contexts": "<nil>",
		"--contexts=": "--contexts: the name of a context is empty", "--contexts=a,,b": "--contexts: the name of a context is empty",
		"--contexts=[a": `--contexts: "[a" is not a valid pattern: a [ has no ]`, "--all-contexts --cluster-timeout=0": "--cluster-timeout must be above 0",
	} {
		var f Flags
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.AddTo(flags, Timeout)
		if err := flags.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.Validate(flags)); got != want {
			t.Errorf("%s: got %s, want %s", args, got, want)
		}
	}
	call, _ := newCall(t, 1)
	wrong := "a while"
	call.Kube.Timeout = &wrong
	if _, err := Each[int](t.Context(), call, &Flags{all: true, timeout: time.Second}, func(context.Context, Cluster) (any, error) { return 0, nil }); err == nil || !strings.HasPrefix(err.Error(), "--request-timeout: ") {
		t.Errorf("got %v", err)
	}
}

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		errs []error
		want error
	}{
		{nil, nil}, {[]error{nil, nil}, nil}, {[]error{nil, command.Unclear}, command.Unclear}, {[]error{command.Unclear, command.No, nil}, command.No},
	} {
		if got := Worst(c.errs); !errors.Is(got, c.want) {
			t.Errorf("%v: got %v", c.errs, got)
		}
	}
}
