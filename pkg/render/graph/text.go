package graph

import (
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// style is how a status looks. Shapes differ, too: not all readers distinguish the colours.
type style struct {
	// before and after enclose the text of a Mermaid node.
	before, after string
	// shape is that of Graphviz.
	shape             string
	fill, line, width string
}

var styles = map[health.Status]style{
	health.Ready:       {"[", "]", "box", "#f2f7f3", "#2f7d46", "1"},
	health.Failing:     {"{{", "}}", "octagon", "#fde8e6", "#b3261e", "2"},
	health.Progressing: {"([", "])", "ellipse", "#e5f0fb", "#1b62a8", "1"},
	health.Suspended:   {"[/", "/]", "parallelogram", "#fbf0d9", "#8a5a00", "1"},
	health.Unknown:     {">", "]", "note", "#f1ebfa", "#6b4ba1", "1"},
}

var statuses = []health.Status{health.Ready, health.Failing, health.Progressing, health.Suspended, health.Unknown}

// Mermaid prints the chains of all tenants as a flowchart of Mermaid.
func Mermaid(w io.Writer, r report.Report) error {
	out := escape.NewStyled(w)
	fmt.Fprintln(out, "flowchart LR")
	each(r, func(n int, c report.Cluster, t report.Tenant) { mermaidTenant(out, n, title(r, c, t), Of(c, t)) })
	mermaidStyles(out)
	return out.Flush()
}

// MermaidTenant prints the chain of one tenant.
func MermaidTenant(w io.Writer, c report.Cluster, t report.Tenant) error {
	out := escape.NewStyled(w)
	fmt.Fprintln(out, "flowchart LR")
	mermaidTenant(out, 1, title(report.Report{}, c, t), Of(c, t))
	mermaidStyles(out)
	return out.Flush()
}

// each calls a function for all tenants, which it counts from 1.
func each(r report.Report, do func(n int, c report.Cluster, t report.Tenant)) {
	n := 0
	for _, c := range r.Clusters {
		for _, t := range c.Tenants {
			n++
			do(n, c, t)
		}
	}
}

func mermaidTenant(out io.Writer, n int, title string, g Graph) {
	fmt.Fprintf(out, "  subgraph t%d[\"%s\"]\n    direction LR\n", n, mermaidText(title))
	g.sections(func(at int, section tenant.Section, nodes []int) {
		fmt.Fprintf(out, "    subgraph t%ds%d[\"%s\"]\n", n, at, mermaidText(string(section)))
		for _, i := range nodes {
			node := g.Nodes[i]
			s := styles[node.Status]
			fmt.Fprintf(out, "      t%dn%d%s\"%s\"%s:::%s\n", n, i, s.before, node.label(mermaidText, "<br/>"), s.after, strings.ToLower(string(node.Status)))
		}
		fmt.Fprintln(out, "    end")
	})
	fmt.Fprintln(out, "  end")
	for _, e := range g.Edges {
		arrow := "-->"
		if e.Failing {
			arrow = "==>"
		}
		fmt.Fprintf(out, "  t%dn%d %s t%dn%d\n", n, e.From, arrow, n, e.To)
	}
}

func mermaidStyles(out io.Writer) {
	for _, status := range statuses {
		s := styles[status]
		fmt.Fprintf(out, "  classDef %s fill:%s,stroke:%s,stroke-width:%spx,color:#1a1a1a\n", strings.ToLower(string(status)), s.fill, s.line, s.width)
	}
}

// mermaidText escapes text from the cluster as entities (Mermaid, "Special characters that break
// syntax"): in a label, words could be markup or Markdown. A label can't be empty.
func mermaidText(text string) string {
	if text == "" {
		return render.None
	}
	var b strings.Builder
	for _, r := range escape.Line(text) {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" -/", r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

// label is the text of a node, each of its lines escaped.
func (n Node) label(escape func(string) string, newline string) string {
	lines := n.lines()
	for i := range lines {
		lines[i] = escape(lines[i])
	}
	return strings.Join(lines, newline)
}

// DOT prints the chains of all tenants as a graph of Graphviz.
func DOT(w io.Writer, r report.Report) error {
	out := escape.NewStyled(w)
	fmt.Fprintln(out, "digraph orthweb {\n  graph [rankdir=LR, fontname=\"Helvetica\", charset=\"UTF-8\", nodesep=0.15]\n  node [fontname=\"Helvetica\", fontsize=10, style=filled]\n  edge [color=\"#767676\", arrowsize=0.6]")
	each(r, func(n int, c report.Cluster, t report.Tenant) {
		fmt.Fprintf(out, "  subgraph cluster_t%d {\n    label=\"%s\"\n", n, dotText(title(r, c, t)))
		g := Of(c, t)
		g.sections(func(at int, section tenant.Section, nodes []int) {
			fmt.Fprintf(out, "    subgraph cluster_t%ds%d {\n      label=\"%s\"\n      color=\"#b0b0b0\"\n", n, at, dotText(string(section)))
			for _, i := range nodes {
				node := g.Nodes[i]
				s := styles[node.Status]
				fmt.Fprintf(out, "      t%dn%d [label=\"%s\", shape=%s, fillcolor=\"%s\", color=\"%s\", penwidth=%s]\n", n, i, node.label(dotText, `\n`), s.shape, s.fill, s.line, s.width)
			}
			fmt.Fprintln(out, "    }")
		})
		fmt.Fprintln(out, "  }")
		for _, e := range g.Edges {
			look := ""
			if e.Failing {
				look = " [color=\"#b3261e\", penwidth=2]"
			}
			fmt.Fprintf(out, "  t%dn%d -> t%dn%d%s\n", n, e.From, n, e.To, look)
		}
	})
	fmt.Fprintln(out, "}")
	return out.Flush()
}

// dotText escapes text from the cluster for a quoted label, in which a backslash begins an escape
// sequence and an ampersand an entity.
func dotText(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;").Replace(escape.Line(text))
}

// sections calls a function for each section, with the indices of its nodes.
func (g Graph) sections(do func(at int, section tenant.Section, nodes []int)) {
	at := 0
	for from := 0; from < len(g.Nodes); at++ {
		var nodes []int
		section := g.Nodes[from].Section
		for from < len(g.Nodes) && g.Nodes[from].Section == section {
			nodes = append(nodes, from)
			from++
		}
		do(at, section, nodes)
	}
}

// lines are the lines of a node: what it is, its status, and its causes.
func (n Node) lines() []string {
	lines := []string{n.Kind, n.Name, string(n.Status)}
	if n.Status != health.Ready && n.Note != "" {
		lines[2] += ": " + n.Note
	}
	if words := causeWords(n.Causes); words != "" {
		lines = append(lines, words)
	}
	return lines
}
