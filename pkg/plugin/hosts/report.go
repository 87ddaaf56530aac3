package hosts

import (
	"fmt"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
)

// sayChange prints a summary of the change.
func sayChange(out io.Writer, result hostsfile.Result, report hostsfile.Report) {
	if result.Restored {
		escape.Fprintf(out, "%s was partially written by a program that was killed; its previous content was restored first.\n", result.Path)
	}
	for _, l := range report.Removed {
		escape.Fprintf(out, "  - %s  %s\n", l.Addr, l.Name)
	}
	for _, l := range report.Changed {
		escape.Fprintf(out, "  ~ %s  %s (was %s)\n", l.Addr, l.Name, l.Was)
	}
	for _, l := range report.Added {
		escape.Fprintf(out, "  + %s  %s\n", l.Addr, l.Name)
	}
	for _, p := range report.Present {
		escape.Fprintf(out, "  = %s  %s (already in line %d)\n", p.Addr, p.Name, p.At)
	}
	if !result.Changed {
		escape.Fprintf(out, "%s is up to date.\n", result.Path)
		return
	}
	escape.Fprintf(out, "%s: %s added, %d changed, %d removed. The previous content is in %s.\n",
		result.Path, finding.Count(len(report.Added), "name"), len(report.Changed), len(report.Removed), result.Backup)
}

// printDiff prints the difference between the file and its new content. Its lines are
// escaped, so that a CI system does not read them as commands.
func printDiff(out io.Writer, path string, before, after []byte) error {
	_, err := escape.Fprintf(out, "%s", escape.Composed(escape.Lines(hostsfile.Diff(escape.Line(path), before, after), "")))
	return err
}

// sayConflicts prints which names are not changed, and why.
func sayConflicts(out io.Writer, path string, report hostsfile.Report) {
	for _, c := range report.Conflicts {
		where := fmt.Sprintf("%s:%d has %s", path, c.At, c.Has)
		switch {
		case c.At == 0:
			where = "tenant " + c.Other + " also has it"
		case c.Block != "":
			where += fmt.Sprintf(", for %s in the block %q", c.Other, c.Block)
		}
		escape.Fprintf(out, "Conflict: %s should be %s, but %s. Not changed; change or remove that line first.\n", c.Name, c.Addr, where)
	}
}
