package document

import (
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/graph"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
)

// Markdown prints a report with the sections of the page; the pictures are graphs of Mermaid, which
// GitHub and GitLab draw, of the tenants that are not ready.
func Markdown(w io.Writer, r report.Report) error {
	out := escape.NewStyled(w)
	p := view(r)
	fmt.Fprintf(out, "# Korthweb report\n\n**%s**\n\n", p.Lead)
	for _, c := range p.Clusters {
		line := c.Name
		if c.Server != "" {
			line += ", Kubernetes " + c.Server
		}
		if c.At != "" {
			line += ", " + c.At
		}
		fmt.Fprintf(out, "- %s\n", render.MarkdownText(line))
	}
	if len(p.Unread) > 0 {
		fmt.Fprint(out, "\n## What could not be read\n\n")
		for _, line := range p.Unread {
			fmt.Fprintf(out, "- %s\n", render.MarkdownText(line))
		}
	}
	fmt.Fprint(out, "\n## Tenants\n\n")
	markdownTable(out, p.Fleet)
	fmt.Fprint(out, "## Causes\n\n")
	if len(p.Causes) == 0 {
		fmt.Fprintf(out, "%s\n\n", p.NoCauses)
	}
	for _, c := range p.Causes {
		render.MarkdownCause(out, c.Number+" ", c.finding)
		for _, line := range []struct{ name, value string }{{"Cluster", c.Cluster}, {"Blocks", c.Blocks}} {
			if line.value != "" {
				fmt.Fprintf(out, "%s: %s\n\n", line.name, render.MarkdownText(line.value))
			}
		}
	}
	if err := markdownChains(out, p.Tenants); err != nil {
		return err
	}
	for _, section := range []struct {
		heading string
		table
	}{{"Certificates", p.Certificates}, {"Addresses", p.Hosts}} {
		if len(section.Rows) > 0 {
			fmt.Fprintf(out, "## %s\n\n", section.heading)
			markdownTable(out, section.table)
		}
	}
	fmt.Fprintf(out, "Made by %s.\n", render.MarkdownText(p.Program))
	return out.Flush()
}

// markdownChains prints the chain of each tenant.
func markdownChains(out io.Writer, tenants []tenantView) error {
	for i, t := range tenants {
		if i == 0 {
			fmt.Fprint(out, "## Chains\n\n")
		}
		fmt.Fprintf(out, "### %s\n\n", render.MarkdownText(t.State))
		for _, collision := range t.Collisions {
			fmt.Fprintf(out, "%s\n\n", render.MarkdownText(collision))
		}
		if t.Open {
			fmt.Fprintf(out, "%s\n\n```mermaid\n", render.MarkdownText(t.Why))
			if err := graph.MermaidTenant(out, t.cluster, t.tenant); err != nil {
				return err
			}
			fmt.Fprint(out, "```\n\n")
		}
		markdownTable(out, t.Chain)
	}
	return nil
}

// markdownTable prints a table without its caption.
func markdownTable(out io.Writer, t table) {
	if len(t.Rows) == 0 {
		return
	}
	fmt.Fprintf(out, "| %s |\n|%s\n", strings.Join(t.Headings, " | "), strings.Repeat("---|", len(t.Headings)))
	for _, row := range t.Rows {
		fmt.Fprint(out, "|")
		for _, c := range row {
			text := c.Text
			if c.Status != "" {
				text = strings.TrimSuffix(string(c.Status)+": "+c.Text, ": ")
			}
			for _, cause := range c.Causes {
				text += " (" + cause.Text + ")"
			}
			fmt.Fprintf(out, " %s |", render.MarkdownText(text))
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out)
}
