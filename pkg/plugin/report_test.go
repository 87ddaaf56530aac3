package plugin

import (
	"html"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/planted"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
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

// TestReportOfClusters writes a report about several clusters, some of which do not answer: it lists
// them, and each tenant and cause has its cluster.
func TestReportOfClusters(t *testing.T) {
	config := mixedFleet(t)
	out, errs, code := runFleet(t, config, "report -o markdown --all-contexts --cluster-timeout="+patience)
	if code != int(command.Unclear) {
		t.Errorf("exit status %d", code)
	}
	requireMatches(t, "standard error", errs, []string{`^4 of 6 clusters could not be read`})
	requireMatches(t, "standard output", out, []string{
		`^\*\*1 of 3 tenants is not ready; 4 of 6 clusters could not be read\*\*$`, `^- b-stopped: .*connection refused`, `^- c-silent: no answer within ` + patience,
		`^\| bhs \| a-failing \| Failing \|`, `^\| mhr \| d-healthy \| Ready \|`, `^### Cause 1\.1\. Container orthanc`, `flux --context=a-failing reconcile`,
	})
	out, errs, code = runFleet(t, config, "report bhs --contexts=a-failing,d-healthy")
	if code != 0 || errs != "" {
		t.Errorf("exit status %d: %s", code, errs)
	}
	requireMatches(t, "standard output", out, []string{`<p class="lead">1 of 1 tenant is not ready</p>`})
	if strings.Contains(out, "mhr-orthweb/") && strings.Contains(out, "d-healthy") {
		t.Error("a cluster without the tenant is in the report")
	}
	_, errs, code = runFleet(t, config, "report nobody --contexts=a-failing,d-healthy")
	if code != int(command.Unclear) || !strings.Contains(errs, `"nobody" does not exist in any of 2 clusters`) {
		t.Errorf("exit status %d: %s", code, errs)
	}
}
