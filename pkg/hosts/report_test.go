package hosts

import (
	"fmt"
	"strings"
)

// formatReport formats a report, one line for each of its parts.
func formatReport(r Report) string {
	var out strings.Builder
	say := func(what string, line Line, more string) {
		fmt.Fprintf(&out, "%s %s %s %s%s\n", what, line.Tenant, line.Name, line.Addr, more)
	}
	for _, line := range r.Added {
		say("added", line, "")
	}
	for _, line := range r.Removed {
		say("removed", line, "")
	}
	for _, change := range r.Changed {
		say("changed", change.Line, " from "+change.Was.String())
	}
	for _, line := range r.Kept {
		say("kept", line, "")
	}
	for _, c := range r.Conflicts {
		say("conflict", c.Line, fmt.Sprintf(": line %d has %s, block %q, tenant %q", c.At, c.Has, c.Block, c.Other))
	}
	for _, p := range r.Present {
		say("present", p.Line, fmt.Sprintf(": line %d", p.At))
	}
	return out.String()
}
