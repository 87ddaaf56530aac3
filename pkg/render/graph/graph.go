// Package graph draws the chains of tenants: as a picture with positions, for a page, and in the
// languages of Mermaid and Graphviz.
package graph

import (
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Node is an object of a chain.
type Node struct {
	Section tenant.Section
	Status  health.Status
	// Kind, Name and Note are lines of text: the note is the reason why it is not ready, or a
	// detail.
	Kind, Name, Note string
	// Causes are the numbers of its causes, counted from 1.
	Causes []int
}

// Edge leads from an object to one that requires it, as indices of nodes.
type Edge struct {
	From, To int
	// Failing: both are failing, so the problem of one may be that of the other.
	Failing bool
}

// Graph is a chain without its layout.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// Of is the graph of a tenant's chain. A path to a cause is part of it as far as its objects are
// in the chain.
func Of(c report.Cluster, t report.Tenant) Graph {
	g := Graph{}
	for _, link := range t.Chain {
		n := Node{Section: link.Section, Status: link.Status, Kind: term.Clean(link.Ref.Kind), Name: term.Clean(link.Ref.Name), Note: note(link)}
		if link.Ref.Name == "" {
			n.Name, n.Kind = n.Kind+" (all)", "could not be read"
		}
		for _, at := range c.CausesOf(link) {
			n.Causes = append(n.Causes, at+1)
			if n.Status == health.Ready && t.Verdict.Ref.Same(link.Ref) {
				n.Status = t.Verdict.Status // for a reason that its own status does not show
			}
		}
		g.Nodes = append(g.Nodes, n)
	}
	for _, d := range t.Requires {
		g.connect(d.Requires, d.Object)
	}
	for _, at := range t.Causes {
		var path []int
		for _, step := range c.Causes[at].Path {
			for i, link := range t.Chain {
				if link.Ref.Name != "" && link.Ref.Same(step.Ref) {
					path = append(path, i)
				}
			}
		}
		for step := 1; step < len(path); step++ {
			g.connect(path[step-1], path[step])
		}
	}
	return g
}

// connect adds an edge, unless the two objects are connected.
func (g *Graph) connect(from, to int) {
	for _, e := range g.Edges {
		if e.From == from && e.To == to || e.From == to && e.To == from {
			return
		}
	}
	failing := func(i int) bool { return g.Nodes[i].Status == health.Failing }
	g.Edges = append(g.Edges, Edge{From: from, To: to, Failing: failing(from) && failing(to)})
}

// note is why an object is not ready, or its detail.
func note(link tenant.Link) string {
	if link.Status != health.Ready {
		return term.Clean(string(link.Reason))
	}
	return render.Describe(link, term.Style{})
}

// causeWords are "cause 1", "causes 1, 2", or nothing.
func causeWords(causes []int) string {
	if len(causes) == 0 {
		return ""
	}
	words := make([]string, len(causes))
	for i, n := range causes {
		words[i] = fmt.Sprint(n)
	}
	noun := "cause "
	if len(causes) > 1 {
		noun = "causes "
	}
	return noun + strings.Join(words, ", ")
}

// title is the name of a tenant's graph, with its cluster if there are several.
func title(r report.Report, c report.Cluster, t report.Tenant) string {
	text := term.Clean(t.Name) + ": " + string(t.Verdict.Status)
	if len(r.Clusters) > 1 {
		text = term.Clean(c.Name) + ", " + text
	}
	return text
}

// Describe is the graph in a sentence, for readers who can't see the picture.
func (g Graph) Describe() string {
	var bad []string
	for _, n := range g.Nodes {
		if n.Status != health.Ready {
			text := n.Kind + " " + n.Name + " is " + string(n.Status)
			if n.Note != "" {
				text += " (" + n.Note + ")"
			}
			bad = append(bad, text)
		}
	}
	text := fmt.Sprintf("%d objects. ", len(g.Nodes))
	switch {
	case len(bad) == 0:
		return text + "All are Ready."
	case len(bad) < len(g.Nodes):
		return text + strings.Join(bad, "; ") + ". All others are Ready."
	}
	return text + strings.Join(bad, "; ") + "."
}
