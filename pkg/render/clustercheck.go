package render

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/check"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

var clusterCheckColour = map[check.Outcome]health.Status{
	check.Pass: health.Ready, check.Warn: health.Suspended, check.Fail: health.Failing, check.Unknown: health.Unknown,
}

// Where the columns of a cluster's check begin: its name after its outcome, what was found
// after its name.
const (
	clusterNameAt  = 2 + outcomeWidth
	clusterFoundAt = clusterNameAt + 28
)

// ClusterChecks prints the checks by category, each with its fix below it unless it passes. A fix
// of several checks is printed once, after all checks. The answer in a sentence follows.
func ClusterChecks(w io.Writer, categories []check.Category, style term.Style) error {
	out := escape.NewStyled(w)
	p := explanation{out: out, style: style}
	shared := sharedFixes(categories)
	for _, category := range categories {
		if !style.NoHeaders {
			fmt.Fprintln(out, p.bold(category.Name))
		}
		for _, c := range category.Checks {
			p.clusterCheck(c)
			if c.Fix != (finding.Fix{}) && len(shared.checks[c.Fix]) == 0 {
				p.remedy(c.Fix, strings.Repeat(" ", clusterNameAt))
			}
		}
	}
	fmt.Fprintln(out)
	for _, fix := range shared.order {
		p.remedy(fix, "")
		for _, line := range style.Wrap("for "+strings.Join(shared.checks[fix], ", "), "     ", "     ") {
			fmt.Fprintln(out, line)
		}
		fmt.Fprintln(out)
	}
	for _, line := range style.Wrap(clusterVerdict(categories), "", "") {
		fmt.Fprintln(out, p.bold(line))
	}
	return out.Flush()
}

// fixes are fixes in the order of their first checks, and the names of the checks of each.
type fixes struct {
	order  []finding.Fix
	checks map[finding.Fix][]string
}

// sharedFixes are the fixes of more than one check.
func sharedFixes(categories []check.Category) fixes {
	all := fixes{checks: map[finding.Fix][]string{}}
	for _, category := range categories {
		for _, c := range category.Checks {
			if c.Fix == (finding.Fix{}) {
				continue
			}
			if all.checks[c.Fix] == nil {
				all.order = append(all.order, c.Fix)
			}
			all.checks[c.Fix] = append(all.checks[c.Fix], c.Name)
		}
	}
	single := func(fix finding.Fix) bool { return len(all.checks[fix]) == 1 }
	all.order = slices.DeleteFunc(all.order, single)
	maps.DeleteFunc(all.checks, func(_ finding.Fix, names []string) bool { return len(names) == 1 })
	return all
}

func (p explanation) bold(text string) string {
	if p.style.Colour {
		return term.Embolden(text)
	}
	return text
}

// clusterCheck prints one check. A message that needs more than two lines beside the name, or has
// a word that is too long for them, is below the name instead.
func (p explanation) clusterCheck(c check.Check) {
	head := fmt.Sprintf("  %-*s", outcomeWidth, c.Outcome)
	message := term.Clean(c.Message)
	lines := p.style.Wrap(message, fmt.Sprintf("%s%-*s", head, clusterFoundAt-clusterNameAt, c.Name), strings.Repeat(" ", clusterFoundAt))
	if width := p.style.Width - clusterFoundAt; len(lines) > 2 || len(lines) == 2 && hasWordOver(message, width) {
		indent := strings.Repeat(" ", clusterNameAt)
		lines = append([]string{head + c.Name}, p.style.Wrap(message, indent, indent)...)
	}
	if p.style.Colour {
		word := string(c.Outcome)
		lines[0] = "  " + PaintStatus(clusterCheckColour[c.Outcome], word) + lines[0][2+len(word):]
	}
	for _, line := range lines {
		fmt.Fprintln(p.out, line)
	}
}

// hasWordOver reports whether a word has more characters than width.
func hasWordOver(text string, width int) bool {
	return slices.ContainsFunc(strings.Fields(text), func(word string) bool { return utf8.RuneCountInString(word) > width })
}

// clusterVerdict is the answer in a sentence, with the numbers of checks.
func clusterVerdict(categories []check.Category) string {
	count := map[check.Outcome]int{}
	for _, category := range categories {
		for _, c := range category.Checks {
			count[c.Outcome]++
		}
	}
	text := "The cluster is ready for tenants"
	switch check.Worst(categories) {
	case check.Fail:
		text = "The cluster is not ready for tenants"
	case check.Unknown:
		text = "Not all checks could be performed"
	}
	var parts []string
	for _, part := range []struct {
		outcome   check.Outcome
		one, many string
	}{
		{check.Fail, "failed", "failed"},
		{check.Unknown, "unknown", "unknown"},
		{check.Warn, "warning", "warnings"},
		{check.Pass, "passed", "passed"},
	} {
		if n := count[part.outcome]; n > 0 {
			parts = append(parts, counted(n, part.one, part.many))
		}
	}
	return text + ": " + strings.Join(parts, ", ")
}
