package render

import (
	"fmt"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// clusterColumn is the first column of a table of several clusters.
var clusterColumn = term.Column{Heading: "CLUSTER", Keep: 100, Least: 12}

// withCluster are the columns of a table, after that of the cluster.
func withCluster(columns []term.Column) []term.Column {
	return append([]term.Column{clusterColumn}, columns...)
}

// afterCluster paints the cells of such a table as those of one without the first column.
func afterCluster(paint func(column int, cell, padded string) string) func(column int, cell, padded string) string {
	return func(column int, cell, padded string) string {
		if column == 0 {
			return padded
		}
		return paint(column-1, cell, padded)
	}
}

// Cluster prints the heading above the text of one of several clusters.
func Cluster(w io.Writer, name string, style term.Style) error {
	out := escape.NewStyled(w)
	for _, line := range style.Wrap("Cluster "+term.Clean(name), "", "  ") {
		if style.Colour {
			line = term.Embolden(line)
		}
		fmt.Fprintln(out, line)
	}
	return out.Flush()
}

// MarkdownCluster is Cluster as Markdown.
func MarkdownCluster(w io.Writer, name string) error {
	out := escape.NewStyled(w)
	fmt.Fprintf(out, "# Cluster %s\n\n", MarkdownText(name))
	return out.Flush()
}
