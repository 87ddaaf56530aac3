package mesh_test

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestWildcardSeverity checks that a shared port is critical if it is one of DICOM or the web, and
// the namespaces belong to tenants.
func TestWildcardSeverity(t *testing.T) {
	archive, err := txtar.ParseFile("../testdata/wildcard-host.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		namespace string // instead of mhr-orthweb
		severity  map[string]finding.Severity
	}{
		{"mhr-orthweb", map[string]finding.Severity{"11112": finding.Critical, "443": finding.Critical, "5432": finding.Warning}},
		{"shared", map[string]finding.Severity{"11112": finding.Warning, "443": finding.Warning, "5432": finding.Warning}},
	} {
		files := map[string][]byte{}
		for _, f := range archive.Files {
			if file, ok := strings.CutPrefix(f.Name, "fail/"); ok {
				files[file] = []byte(strings.ReplaceAll(string(f.Data), "mhr-orthweb", c.namespace))
			}
		}
		report, err := lint.Check(context.Background(), tree.New(files), lint.Config{Only: []string{"wildcard-host"}})
		if err != nil || len(report.Findings) != 6 {
			t.Fatalf("%s: %d findings, %v", c.namespace, len(report.Findings), err)
		}
		for _, f := range report.Findings {
			for port, severity := range c.severity {
				if strings.Contains(f.Message, "port "+port+" ") && f.Severity != severity {
					t.Errorf("%s, port %s: %s, not %s: %s", c.namespace, port, f.Severity, severity, f.Message)
				}
			}
		}
	}
}
