package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

var checkColour = map[check.Outcome]health.Status{
	check.Pass: health.Ready, check.Warn: health.Suspended, check.Fail: health.Failing, check.Skip: health.Unknown,
}

// Where a check's columns begin: its name after its outcome, what was found after
// its name.
const (
	checkNameAt  = 6
	checkFoundAt = checkNameAt + 23
)

// ValidationCheck prints one check: what was found, and if it does not pass, the details,
// what was expected and the fix. Wide has all details.
func ValidationCheck(w io.Writer, c check.Check, style term.Style) error {
	out := escape.NewStyled(w)
	p := explanation{out: out, style: style}
	found := c.Found
	if c.After != "" {
		found = "because " + c.After + " failed"
	}
	if c.Code != "" {
		found += " (" + string(c.Code) + ")"
	}
	if c.Took >= time.Millisecond {
		found += ", " + c.Took.Round(time.Millisecond).String()
	}
	head := fmt.Sprintf("%-*s%-*s", checkNameAt, c.Outcome, checkFoundAt-checkNameAt, c.Name)
	hang := strings.Repeat(" ", checkFoundAt)
	for i, line := range p.style.Wrap(term.Clean(found), head, hang) {
		if i == 0 && style.Colour {
			line = PaintStatus(checkColour[c.Outcome], line[:checkNameAt]) + line[checkNameAt:]
		}
		fmt.Fprintln(out, line)
	}
	bad := c.Outcome == check.Fail || c.Outcome == check.Warn
	if style.Wide || bad {
		for _, detail := range c.Details {
			p.under("", detail)
		}
	}
	if bad {
		p.under("Expected  ", c.Expected)
		p.under("Fix       ", c.Fix.Text)
		if c.Fix.Command != "" {
			escape.Fprintf(out, "%s  %s\n", strings.Repeat(" ", checkNameAt+10), c.Fix.Command)
		}
	}
	return out.Flush()
}

// under prints a line below a check's name.
func (p explanation) under(label, text string) {
	if text == "" {
		return
	}
	indent := strings.Repeat(" ", checkNameAt+2)
	for _, line := range p.style.Wrap(term.Clean(text), indent+label, indent+strings.Repeat(" ", len(label))) {
		fmt.Fprintln(p.out, line)
	}
}

// ValidationVerdict prints the answer in a sentence.
func ValidationVerdict(w io.Writer, tenant string, checks []check.Check, style term.Style) error {
	out := escape.NewStyled(w)
	for _, line := range style.Wrap(validationVerdict(term.Clean(tenant), checks), "", "") {
		if style.Colour {
			line = term.Embolden(line)
		}
		fmt.Fprintln(out, line)
	}
	return out.Flush()
}

func validationVerdict(tenant string, checks []check.Check) string {
	count := map[check.Outcome]int{}
	first := ""
	for _, c := range checks {
		count[c.Outcome]++
		if c.Outcome == check.Fail && first == "" {
			first = c.Name
		}
	}
	tail := ""
	if n := count[check.Warn]; n > 0 {
		tail += ", " + counted(n, "warning", "warnings")
	}
	if n := count[check.Skip]; n > 0 {
		tail += fmt.Sprintf(", %d skipped", n)
	}
	switch check.Worst(checks) {
	case check.Fail:
		return fmt.Sprintf("%s does not work from outside: %s, first %s%s", tenant, counted(count[check.Fail], "check fails", "checks fail"), first, tail)
	case check.Skip:
		if count[check.Pass]+count[check.Warn] == 0 {
			return fmt.Sprintf("Nothing of %s could be checked", tenant)
		}
		return fmt.Sprintf("It could not be determined whether %s works from outside: %s%s", tenant, counted(count[check.Pass], "check passed", "checks passed"), tail)
	}
	tail = counted(count[check.Pass], "check passed", "checks passed") + tail
	if untried := check.Untested(checks); untried != "" {
		return fmt.Sprintf("%s: %s. %s", tenant, term.Clean(untried), tail)
	}
	return fmt.Sprintf("%s works from outside: %s", tenant, tail)
}
