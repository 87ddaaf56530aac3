package render

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

var checkColour = map[validate.Outcome]health.Status{
	validate.Pass: health.Ready, validate.Warn: health.Suspended, validate.Fail: health.Failing, validate.Skip: health.Unknown,
}

// Where a check's columns begin: its name after its outcome, what was found after
// its name.
const (
	checkNameAt  = 6
	checkFoundAt = checkNameAt + 23
)

// ValidationCheck prints one check: what was found, and where something is wrong,
// the details, what was expected and what to do. wide has all details.
func ValidationCheck(w io.Writer, c validate.Check, style Style) error {
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
	for i, line := range p.wrap(clean(found), head, hang) {
		if i == 0 && style.Colour {
			line = paintStatus(checkColour[c.Outcome], line[:checkNameAt]) + line[checkNameAt:]
		}
		fmt.Fprintln(out, line)
	}
	bad := c.Outcome == validate.Fail || c.Outcome == validate.Warn
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
	for _, line := range p.wrap(clean(text), indent+label, indent+strings.Repeat(" ", len(label))) {
		fmt.Fprintln(p.out, line)
	}
}

// ValidationVerdict prints the answer in a sentence.
func ValidationVerdict(w io.Writer, tenant string, checks []validate.Check, style Style) error {
	out := escape.NewStyled(w)
	for _, line := range (explanation{style: style}).wrap(validationVerdict(clean(tenant), checks), "", "") {
		if style.Colour {
			line = embolden(line)
		}
		fmt.Fprintln(out, line)
	}
	return out.Flush()
}

func validationVerdict(tenant string, checks []validate.Check) string {
	count := map[validate.Outcome]int{}
	first := ""
	for _, c := range checks {
		count[c.Outcome]++
		if c.Outcome == validate.Fail && first == "" {
			first = c.Name
		}
	}
	tail := ""
	if n := count[validate.Warn]; n > 0 {
		tail += ", " + counted(n, "warning", "warnings")
	}
	if n := count[validate.Skip]; n > 0 {
		tail += fmt.Sprintf(", %d skipped", n)
	}
	switch validate.Worst(checks) {
	case validate.Fail:
		return fmt.Sprintf("%s does not work from outside: %s, first %s%s", tenant, counted(count[validate.Fail], "check fails", "checks fail"), first, tail)
	case validate.Skip:
		if count[validate.Pass]+count[validate.Warn] == 0 {
			return fmt.Sprintf("Nothing of %s could be checked", tenant)
		}
		return fmt.Sprintf("It could not be told whether %s works from outside: %s%s", tenant, counted(count[validate.Pass], "check passed", "checks passed"), tail)
	}
	tail = counted(count[validate.Pass], "check passed", "checks passed") + tail
	if untried := validate.Untested(checks); untried != "" {
		return fmt.Sprintf("%s: %s. %s", tenant, clean(untried), tail)
	}
	return fmt.Sprintf("%s works from outside: %s", tenant, tail)
}
