package logline

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/logs"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

var update = flag.Bool("update", false, "write the expected output")

var at = time.Date(2026, 1, 2, 3, 4, 5, 600700800, time.UTC)

// examples are lines of each kind, with text that must be escaped.
var examples = []Line{
	{Time: at, Source: logs.Orthanc, Namespace: "bhs-orthweb", Pod: "orthanc-1-a", Container: "orthanc", Label: "orthanc-a", Level: logs.Warn, Message: "Orthanc has started", Fields: []logs.Field{{Key: "caller", Value: "main.cpp:1"}}, Raw: []byte("W0102 03:04:05.000000 main.cpp:1] Orthanc has started")},
	{Time: at, Source: logs.Flux, Namespace: "flux-system", Pod: "kustomize-controller-1-b", Container: "manager", Label: "kustomize-controller", Level: logs.Error, Message: "Reconciler error",
		Fields: []logs.Field{{Key: "controller", Value: "kustomization"}, {Key: "error", Value: "it failed"}, {Key: "output", Value: `{"Deployment/a/b":"configured","Service/a/c":"unchanged"}`}, {Key: "other", Value: `{"Service/a/c":"unchanged"}`}},
		Object: "Kustomization flux-system/bhs-application", Raw: []byte(`{"level":"error"}`)},
	{Source: logs.Database, Namespace: "bhs-orthweb", Pod: "postgres-ha-postgresql-ha-postgresql-0", Container: "postgresql", Label: "postgres-ha-postgresql-ha-postgresql-0 postgresql", Message: "no time and no level <&>", Raw: []byte("no time")},
	{Time: at, Source: logs.Gateway, Namespace: "bhs-orthweb", Pod: "p", Container: "istio-proxy", Label: "p", Message: "\x1b[31mred\x1b[0m\u202e ::error::\rover\xff", Skipped: 12, Raw: []byte("\x1b[31mred\xff")},
}

func TestFormats(t *testing.T) {
	for name, c := range map[string]struct {
		format Format
		style  term.Style
		times  bool
	}{
		"text": {Text, term.Style{}, false}, "times": {Text, term.Style{}, true}, "narrow": {Text, term.Style{Width: 60, Colour: true}, false},
		"json": {JSON, term.Style{}, false}, "raw": {Raw, term.Style{}, true},
	} {
		var out bytes.Buffer
		var to interface{ Write([]byte) (int, error) } = &out
		if c.format != Raw {
			to = escape.NewWriter(&out) // as standard output
		}
		p := New(to, &out, c.format, c.style, c.times)
		for _, l := range examples {
			if err := p.Print(l); err != nil {
				t.Fatal(err)
			}
		}
		if out.Len() > 0 {
			t.Errorf("%s: written before it was flushed", name)
		}
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		file := "testdata/" + name + ".golden"
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || !bytes.Equal(want, out.Bytes()) {
			t.Errorf("%s: %v, got\n%s", name, err, out.String())
		}
		if n := strings.Count(out.String(), "\n"); n != len(examples) {
			t.Errorf("%s: %d lines of %d", name, n, len(examples))
		}
		if c.format == Text && !c.style.Colour && strings.ContainsAny(out.String(), "\x1b\r") {
			t.Errorf("%s: control characters in %q", name, out.String())
		}
	}
}

// TestFlushed checks that output does not grow without limit until it is flushed.
func TestFlushed(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, &out, Text, term.Style{}, false)
	for range 1000 {
		if err := p.Print(examples[0]); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() < 1000*20 {
		t.Errorf("%d bytes were written", out.Len())
	}
}
