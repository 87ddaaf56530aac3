package plugin

import (
	"html"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
)

// TestReportHasNoPlantedSecret reports a cluster whose conditions contain secrets, in each format.
func TestReportHasNoPlantedSecret(t *testing.T) {
	objects := recordedObjects(t, "failing")
	const marker = "condition-number"
	for secrets := planted.Secrets(); len(secrets) > 0; {
		copies, used, shown := clone(t, objects), 0, 0
		for _, obj := range copies {
			edit(obj, "", func(path, text string) string {
				if strings.HasSuffix(path, "conditions.message") && used < len(secrets) {
					used++
					return marker + " " + secrets[used-1].Text
				}
				return text
			})
		}
		content := document(t, copies)
		for _, format := range []string{"html", "markdown", "mermaid", "dot"} {
			r := runWith(content, "report", "-o", format, "--from=-", "--assume-complete")
			if r.code > 2 || r.out == "" {
				t.Fatalf("exit status %d: %s", r.code, r.errs)
			}
			out := html.UnescapeString(r.out)
			shown += strings.Count(out, marker)
			for _, s := range secrets[:used] {
				if s.Leaks(out + r.errs) {
					t.Errorf("-o %s: %s: %q", format, s.Group, s.Text)
				}
			}
		}
		if shown == 0 {
			t.Error("no message of a condition is in a report")
		}
		secrets = secrets[used:]
	}
}

// TestReportText checks that hostile texts of a cluster are shown in a page, and are no markup.
func TestReportText(t *testing.T) {
	objects := recordedObjects(t, "failing")
	for name, payload := range payloads {
		for cluster, content := range hostileClusters(t, objects, payload) {
			for _, format := range []string{"html", "markdown", "mermaid", "dot"} {
				f := form{args: []string{"report", "-o", format, "--from=-", "--assume-complete"}, format: format}
				r := runWith(content, f.args...)
				if why := f.broken(r); why != "" {
					t.Errorf("%s in %s, -o %s: %s", name, cluster, format, why)
				}
				if format == "html" && strings.Contains(r.out, "<script") {
					t.Errorf("%s in %s: the page has a script", name, cluster)
				}
			}
		}
	}
}
