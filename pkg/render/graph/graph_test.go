package graph_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/graph"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

func TestText(t *testing.T) {
	r := samples.ReportOf(t, "failing")
	for name, print := range map[string]func(io.Writer, report.Report) error{"failing.mermaid": graph.Mermaid, "failing.dot": graph.DOT} {
		var out bytes.Buffer
		if err := print(&out, r); err != nil {
			t.Fatal(err)
		}
		samples.Golden(t, name, out.String())
	}
}

// TestLayout checks that boxes and headings are within the picture and do not overlap.
func TestLayout(t *testing.T) {
	for _, example := range []string{"failing", "bootstrapping"} {
		c := samples.ReportOf(t, example).Clusters[0]
		for _, one := range c.Tenants {
			g := graph.Of(c, one)
			p := g.Layout()
			if len(p.Boxes) != len(one.Chain) || len(p.Lines) != len(g.Edges) {
				t.Errorf("%s: %d boxes of %d objects, %d lines of %d edges", one.Name, len(p.Boxes), len(one.Chain), len(p.Lines), len(g.Edges))
			}
			for i, a := range p.Boxes {
				if a.X < 0 || a.Y < 0 || a.X+graph.BoxWidth > p.Width || a.Y+graph.BoxHeight > p.Height {
					t.Errorf("%s: %s is outside of the picture", one.Name, a.Name)
				}
				for _, b := range p.Boxes[i+1:] {
					if a.X == b.X && b.Y < a.Y+graph.BoxHeight && a.Y < b.Y+graph.BoxHeight {
						t.Errorf("%s: %s covers %s", one.Name, a.Name, b.Name)
					}
				}
			}
			if again := graph.Of(c, one).Layout(); !slices.EqualFunc(again.Lines, p.Lines, func(a, b graph.Line) bool { return a == b }) {
				t.Errorf("%s: the layout is not always the same", one.Name)
			}
		}
	}
}

// TestFailingPath checks that the path to the cause is part of the graph, and that the cause is
// marked.
func TestFailingPath(t *testing.T) {
	c := samples.ReportOf(t, "failing").Clusters[0]
	g := graph.Of(c, c.Tenants[0])
	var failing []string
	for _, e := range g.Edges {
		if e.Failing {
			failing = append(failing, g.Nodes[e.From].Name+" "+g.Nodes[e.To].Name)
		}
	}
	if !slices.Equal(failing, []string{"bhs-application orthanc"}) {
		t.Errorf("got %q", failing)
	}
	if want := "23 objects. Kustomization bhs-application is Failing (HealthCheckFailed); Deployment orthanc is Failing (InvalidImageName). All others are Ready."; g.Describe() != want {
		t.Errorf("got %q", g.Describe())
	}
}

// hostile is a graph of an object whose names are texts that break labels.
func hostile(text string) (report.Cluster, report.Tenant) {
	link := func(section tenant.Section, status health.Status) tenant.Link {
		return tenant.Link{Section: section, Verdict: health.Verdict{Ref: object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "a", Name: text},
			Status: status, Reason: health.Reason(text), Message: text}}
	}
	status := tenant.Status{Name: text, Namespaces: []string{"a"}, Verdict: health.Verdict{Status: health.Failing}}
	for _, s := range []health.Status{health.Ready, health.Failing, health.Progressing, health.Suspended, health.Unknown} {
		status.Chain = append(status.Chain, link(tenant.Section(text), s), link(tenant.Ingress, s))
	}
	return report.Cluster{Name: text}, report.Tenant{Status: status, Requires: []tenant.Dependency{{Object: 1, Requires: 0}}}
}

// hostileTexts are texts that are syntax of Mermaid, Markdown, Graphviz or HTML.
var hostileTexts = []string{
	`"]`, "`code`", `\`, `\"`, `a\`, `\N`, "end", "&quot;", "#quot;", "1. a", "* a", "**b**", "<b>", "<script>alert(1)</script>", "%% comment", "%%{init: {}}%%",
	"click a", "a;b", "a\nb", "{{", "}}", "[[", "subgraph x", "-->", "|x|", "a -- b", "=> end", ":::x", "\x1b[31m", "\u202e", "二二", "😀", "", "---\ntitle: x\n---", "\xff", "&", "&amp", "@{ shape: x }",
}

// FuzzHostile checks that no text from the cluster leaves its label: lines and quotes are those of
// the program.
func FuzzHostile(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, one := hostile(text)
		r := report.Report{Clusters: []report.Cluster{c}}
		r.Clusters[0].Tenants = []report.Tenant{one}
		var mermaid, dot bytes.Buffer
		if err := graph.Mermaid(&mermaid, r); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(mermaid.String()) {
			if n := strings.Count(line, `"`); n != 0 && n != 2 || strings.Contains(line, "`") || !utf8.ValidString(line) {
				t.Errorf("Mermaid has the line %q", line)
			}
		}
		if err := graph.DOT(&dot, r); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(strings.NewReplacer(`\\`, "", `\"`, "").Replace(dot.String())) {
			if strings.Count(line, `"`)%2 != 0 || !utf8.ValidString(line) {
				t.Errorf("DOT has the line %q", line)
			}
		}
	})
}
