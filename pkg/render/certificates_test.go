package render

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// printed are the outputs of this file, by name.
func printed(t *testing.T, style term.Style) map[string]string {
	t.Helper()
	out := map[string]string{}
	write := func(name string, print func(*bytes.Buffer) error) {
		var text bytes.Buffer
		if err := print(&text); err != nil {
			t.Fatal(err)
		}
		out[name] = text.String()
	}
	write("certificates", func(b *bytes.Buffer) error { return Certificates(b, samples.Entries(t), samples.At, style) })
	write("report", func(b *bytes.Buffer) error {
		return CertificateReport(b, trust.Describe(samples.Chain(t, "client.pem"), samples.At), style)
	})
	write("report-ended", func(b *bytes.Buffer) error {
		return CertificateReport(b, trust.Describe(samples.Chain(t, "server-ended.pem"), samples.At), style)
	})
	write("report-none", func(b *bytes.Buffer) error { return CertificateReport(b, trust.Report{}, style) })
	write("checks", func(b *bytes.Buffer) error { return CertificateChecks(b, "bhs", samples.Results(), style) })
	write("checks-unknown", func(b *bytes.Buffer) error { return CertificateChecks(b, "bhs", samples.Results()[2:], style) })
	write("checks-good", func(b *bytes.Buffer) error { return CertificateChecks(b, "bhs", samples.Results()[:1], style) })
	return out
}

func TestCertificateGoldens(t *testing.T) {
	for name, text := range printed(t, term.Style{Width: 80}) {
		samples.Golden(t, name+"-80", text)
	}
	samples.Golden(t, "certificates-wide", printed(t, term.Style{Wide: true})["certificates"])
	samples.Golden(t, "checks-colour", printed(t, term.Style{Colour: true})["checks"])
	samples.Golden(t, "report-ended-colour", printed(t, term.Style{Colour: true})["report-ended"])
}

// TestCertificatesFit tries every width; commands are never wrapped, so that they can be
// copied.
func TestCertificatesFit(t *testing.T) {
	for width := 40; width <= 200; width++ {
		for name, text := range printed(t, term.Style{Width: width}) {
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if utf8.RuneCountInString(line) > width && !strings.Contains(line, "kubectl orthweb") {
					t.Errorf("%s, %d wide: %q", name, width, line)
				}
			}
		}
	}
}
