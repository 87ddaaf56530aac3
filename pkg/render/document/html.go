// Package document prints a report for people: as a page of HTML, and as Markdown.
package document

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the template and the style sheet
	"encoding/base64"
	"html/template"
	"io"

	"github.com/digihunch/kubectl-orthweb/pkg/report"
)

//go:embed page.css
var style string

//go:embed page.html
var text string

var layout = template.Must(template.New("page").Parse(text))

// policy is the Content-Security-Policy of the page: it loads nothing, runs no scripts, and has no
// style except its own, whose hash is part of the policy.
func policy(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// HTML prints a report as one page that needs nothing else.
func HTML(w io.Writer, r report.Report) error {
	var out bytes.Buffer
	err := layout.Execute(&out, struct {
		page
		Policy string
		Style  template.CSS
	}{view(r), policy(style), template.CSS(style)})
	if err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}
