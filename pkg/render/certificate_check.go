package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

var outcomeColour = map[trust.Outcome]health.Status{
	trust.Pass: health.Ready, trust.Warn: health.Suspended, trust.Fail: health.Failing, trust.Unknown: health.Unknown,
}

// CertificateChecks prints whether a tenant accepts a client's certificate: the answer
// first, then each check, with a fix for each that fails.
func CertificateChecks(w io.Writer, tenant string, results []trust.Result, style term.Style) error {
	out := escape.NewStyled(w)
	p := explanation{out: out, style: style}
	for _, line := range p.style.Wrap(answerOf(term.Clean(tenant), results), "", "  ") {
		if style.Colour {
			line = term.Embolden(line)
		}
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out)
	for _, r := range results {
		p.check(r)
	}
	return out.Flush()
}

// answerOf is the verdict in a sentence, with the number of checks that fail.
func answerOf(tenant string, results []trust.Result) string {
	count := map[trust.Outcome]int{}
	for _, r := range results {
		count[r.Outcome]++
	}
	var text string
	switch trust.Overall(results) {
	case trust.Fail:
		return fmt.Sprintf("The certificate is not valid for %s: %s", tenant, counted(count[trust.Fail], "check fails", "checks fail"))
	case trust.Unknown:
		text = fmt.Sprintf("It could not be determined whether the certificate is valid for %s: %s", tenant, counted(count[trust.Unknown], "check could not be performed", "checks could not be performed"))
	default:
		text = "The certificate is valid for " + tenant
	}
	if n := count[trust.Warn]; n > 0 {
		text += ", " + counted(n, "warning", "warnings")
	}
	return text
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// outcomeWidth is the width of the longest outcome with the gap after it.
const outcomeWidth = 9

func (p explanation) check(r trust.Result) {
	word := strings.ToUpper(string(r.Outcome))
	hang := strings.Repeat(" ", outcomeWidth+2)
	first := fmt.Sprintf("%-*s", outcomeWidth, word)
	for i, line := range p.style.Wrap(term.Clean(r.Name+": "+r.Detail), first, hang) {
		if i == 0 && p.style.Colour {
			line = PaintStatus(outcomeColour[r.Outcome], word) + line[len(word):]
		}
		fmt.Fprintln(p.out, line)
	}
	if r.Fix != (finding.Fix{}) {
		p.remedy(r.Fix, hang)
	}
}

func (p explanation) remedy(fix finding.Fix, hang string) {
	text := term.Clean(fix.Text)
	if fix.File != "" {
		text += " (in " + term.Clean(fix.File) + ")"
	}
	for _, line := range p.style.Wrap(text, hang+"Fix  ", hang+"     ") {
		fmt.Fprintln(p.out, line)
	}
	if fix.Command != "" {
		fmt.Fprintln(p.out, hang+"     "+escape.Line(fix.Command))
	}
}
