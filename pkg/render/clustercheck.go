package render

import (
	"fmt"
	"io"
	"strings"

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

// ClusterChecks prints the checks by category, one line each with its fix below it unless it
// passes, then the answer in a sentence.
func ClusterChecks(w io.Writer, categories []check.Category, style term.Style) error {
	out := escape.NewStyled(w)
	p := explanation{out: out, style: style}
	for _, category := range categories {
		if !style.NoHeaders {
			fmt.Fprintln(out, p.bold(category.Name))
		}
		for _, c := range category.Checks {
			p.clusterCheck(c)
		}
	}
	fmt.Fprintln(out)
	for _, line := range style.Wrap(clusterVerdict(categories), "", "") {
		fmt.Fprintln(out, p.bold(line))
	}
	return out.Flush()
}

func (p explanation) bold(text string) string {
	if p.style.Colour {
		return term.Embolden(text)
	}
	return text
}

// clusterCheck prints one check.
func (p explanation) clusterCheck(c check.Check) {
	head := fmt.Sprintf("  %-*s%-*s", outcomeWidth, c.Outcome, clusterFoundAt-clusterNameAt, c.Name)
	for i, line := range p.style.Wrap(term.Clean(c.Message), head, strings.Repeat(" ", clusterFoundAt)) {
		if i == 0 && p.style.Colour {
			word := string(c.Outcome)
			line = "  " + paintStatus(clusterCheckColour[c.Outcome], word) + line[2+len(word):]
		}
		fmt.Fprintln(p.out, line)
	}
	if c.Fix != (finding.Fix{}) {
		p.remedy(c.Fix, strings.Repeat(" ", clusterNameAt))
	}
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
		text = "It could not be determined whether the cluster is ready for tenants"
	}
	var parts []string
	for _, part := range []struct {
		outcome   check.Outcome
		one, many string
	}{
		{check.Fail, "check fails", "checks fail"},
		{check.Unknown, "check could not be performed", "checks could not be performed"},
		{check.Warn, "warning", "warnings"},
		{check.Pass, "check passed", "checks passed"},
	} {
		if n := count[part.outcome]; n > 0 {
			parts = append(parts, counted(n, part.one, part.many))
		}
	}
	return text + ": " + strings.Join(parts, ", ")
}
