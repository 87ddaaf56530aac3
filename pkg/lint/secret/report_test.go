package secret_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// planted are the secrets in the trees of the rules' tests.
var planted = []string{
	"uiNg4quaeJ7e", "dWlOZzRxdWFlSjdl", "3a5f9c0e7b1d42688899aabb", "LS0tLS1CRUdJTi", "Change-Me", "Y2hhbmdlbWU",
	"Cho5sei7ooz0", "YWRtaW46b3J0aGFuYw", "admin:orthanc", "orthanc:orthanc", "0123456789abcdef",
}

// TestReportHasNoSecret checks the whole report of all rules, with evidence, fixes and changes.
func TestReportHasNoSecret(t *testing.T) {
	for _, name := range []string{"default-credentials", "plain-text-secret", "probe-credentials", "not-decrypted"} {
		archive, err := txtar.ParseFile("../testdata/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		files, contained := map[string][]byte{}, 0
		for _, f := range archive.Files {
			if file, ok := strings.CutPrefix(f.Name, "fail/"); ok {
				files[file] = f.Data
			}
		}
		report, err := lint.Check(context.Background(), tree.New(files), lint.Config{})
		if err != nil || len(report.Findings) == 0 {
			t.Fatalf("%s: %d findings, %v", name, len(report.Findings), err)
		}
		text, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range planted {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s: the report has %s:\n%s", name, secret, text)
			}
			if strings.Contains(string(txtar.Format(archive)), secret) {
				contained++
			}
		}
		if contained == 0 && name != "not-decrypted" {
			t.Errorf("%s contains no planted secret", name)
		}
	}
}

// TestFixOfOtherServer checks that the fix of a password for another server is where that server
// is configured.
func TestFixOfOtherServer(t *testing.T) {
	archive, err := txtar.ParseFile("../testdata/default-credentials.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		if file, ok := strings.CutPrefix(f.Name, "fail/"); ok {
			files[file] = f.Data
		}
	}
	report, err := lint.Check(context.Background(), tree.New(files), lint.Config{Only: []string{"default-credentials"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"HelmRelease monitoring/kiali":   "In the values of HelmRelease monitoring/prometheus, set grafana.admin.existingSecret to a Secret",
		"HelmRelease bhs-orthweb/viewer": "Set a random password for the database, in a Secret that is encrypted",
	}
	for _, f := range report.Findings {
		if text := want[f.Ref.String()]; text != "" && strings.HasPrefix(f.Fixes[0].Text, text) {
			delete(want, f.Ref.String())
		}
	}
	if len(want) > 0 {
		t.Errorf("no such fixes: %v", want)
	}
}
