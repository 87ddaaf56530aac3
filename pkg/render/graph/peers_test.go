//go:build peers

package graph_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/render/graph"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
)

// TestGraphvizDraws has Graphviz draw graphs, also of names that are syntax: each object becomes
// one node.
func TestGraphvizDraws(t *testing.T) {
	reports := []report.Report{samples.ReportOf(t, "failing"), samples.ReportOf(t, "healthy", "bootstrapping")}
	for _, text := range hostileTexts {
		c, one := hostile(text)
		c.Tenants = []report.Tenant{one}
		reports = append(reports, report.Report{Clusters: []report.Cluster{c}})
	}
	for _, r := range reports {
		var text bytes.Buffer
		if err := graph.DOT(&text, r); err != nil {
			t.Fatal(err)
		}
		nodes := 0
		for _, c := range r.Clusters {
			for _, one := range c.Tenants {
				nodes += len(one.Chain)
			}
		}
		cmd := exec.Command(peers.Program(t, "dot"), "-Tsvg")
		cmd.Stdin = &text
		var errs bytes.Buffer
		cmd.Stderr = &errs
		drawn, err := cmd.Output()
		if n := strings.Count(string(drawn), `class="node"`); err != nil || errs.Len() > 0 || n != nodes {
			t.Errorf("dot of %q draws %d nodes, not %d: %v\n%s", r.Clusters[0].Name, n, nodes, err, errs.String())
		}
	}
}
