package render

import (
	"fmt"
	"io"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// CertificateReport describes certificates: each by itself, then the chain that they
// form.
func CertificateReport(w io.Writer, r trust.Report, style term.Style) error {
	out := escape.NewStyled(w)
	p := explanation{out: out, now: r.At, style: style}
	for i, d := range r.Certificates {
		heading := "Certificate"
		if len(r.Certificates) > 1 {
			heading = fmt.Sprintf("Certificate %d of %d", i+1, len(r.Certificates))
		}
		if style.Colour {
			heading = term.Embolden(heading)
		}
		fmt.Fprintln(out, heading)
		p.certificate(d)
		fmt.Fprintln(out)
	}
	p.together(r)
	return out.Flush()
}

// labelWidth is the width of the labels before a certificate's facts.
const labelWidth = 16

// fact prints values below each other, the first after the label.
func (p explanation) fact(label string, values ...string) {
	for _, value := range values {
		first := fmt.Sprintf("  %-*s", labelWidth, label)
		for _, line := range p.style.Wrap(term.Clean(value), first, fmt.Sprintf("  %*s", labelWidth, "")) {
			fmt.Fprintln(p.out, line)
		}
		label = ""
	}
}

func (p explanation) certificate(d trust.Description) {
	const day = "2006-01-02 15:04"
	p.fact("Subject", d.Subject)
	p.fact("Issuer", d.Issuer)
	p.fact("Serial", d.Serial)
	p.fact("Valid", fmt.Sprintf("%s to %s UTC (%s)", d.NotBefore.UTC().Format(day), d.NotAfter.UTC().Format(day), remaining(d.NotAfter, p.now)))
	for i, name := range d.Names {
		p.fact(labelOnce(i, "Names"), name.Value+" ("+name.Kind+")")
	}
	for i, usage := range d.Usages {
		p.fact(labelOnce(i, "Use"), usage.Text+": "+usage.Name)
	}
	if len(d.Usages) == 0 {
		p.fact("Use", "any: the certificate does not restrict it")
	}
	p.fact("Key", d.Key.String())
	p.fact("Signature", d.SignatureAlgorithm)
	p.fact("SHA-256", d.Fingerprint)
	if d.SubjectKeyID != "" {
		p.fact("Key id", d.SubjectKeyID)
	}
	if d.AuthorityKeyID != "" {
		p.fact("Issuer's key id", d.AuthorityKeyID)
	}
	for i, note := range d.Notes {
		p.note(labelOnce(i, "Notes"), note)
	}
}

func labelOnce(i int, label string) string {
	if i > 0 {
		return ""
	}
	return label
}

var severityColour = map[finding.Severity]health.Status{finding.Critical: health.Failing, finding.Warning: health.Suspended}

func (p explanation) note(label string, note trust.Note) {
	first := fmt.Sprintf("  %-*s", labelWidth, label)
	for _, line := range p.style.Wrap(term.Clean(note.Text), first, fmt.Sprintf("  %*s", labelWidth, "")) {
		if p.style.Colour {
			line = line[:len(first)] + PaintStatus(severityColour[note.Severity], line[len(first):])
		}
		fmt.Fprintln(p.out, line)
	}
}

func remaining(end, now time.Time) string {
	if text := left(end, now); text != "expired" {
		return text + " left"
	}
	return "expired " + Age(end, now) + " ago"
}

// together prints which certificate signed which, and where the chain ends.
func (p explanation) together(r trust.Report) {
	if len(r.Certificates) == 0 {
		fmt.Fprintln(p.out, "No certificates.")
		return
	}
	var sentences []string
	for i, d := range r.Certificates {
		switch {
		case d.SignedBy == i:
			sentences = append(sentences, fmt.Sprintf("certificate %d is self-signed", i+1))
		case d.SignedBy >= 0:
			sentences = append(sentences, fmt.Sprintf("certificate %d is signed by certificate %d", i+1, d.SignedBy+1))
		default:
			sentences = append(sentences, fmt.Sprintf("certificate %d is signed by %s, which is not included", i+1, d.Issuer))
		}
	}
	fmt.Fprintln(p.out, "Chain")
	for _, text := range append(sentences, r.Problems...) {
		for _, line := range p.style.Wrap(finding.Sentence(term.Clean(text)), "  ", "    ") {
			fmt.Fprintln(p.out, line)
		}
	}
}
