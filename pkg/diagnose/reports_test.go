package diagnose

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/manifest"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// report is a cluster state and its expected explanation.
type report struct {
	Name  string `json:"name"`
	Cause struct {
		Kind   string `json:"kind"`
		Object string `json:"object"`
	} `json:"cause"`
	// Fix must match the first fix of the first cause: its text, command and file.
	Fix string `json:"fix"`
	// Not must match no fix of any cause.
	Not []string `json:"not"`

	snap *snapshot.Snapshot
}

// allReports is set by the first call of reports.
var allReports []report

// reports reads the cluster states of testdata/reports.
func reports(t testing.TB) []report {
	t.Helper()
	if allReports != nil {
		return allReports
	}
	base := gunzip(t, "testdata/reports/base.json.gz")
	text, err := os.ReadFile("testdata/reports/cases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all []report
	if err := yaml.UnmarshalStrict(text, &all); err != nil {
		t.Fatal(err)
	}
	for i, r := range all {
		all[i].snap = clusterWith(t, base, "testdata/reports/"+r.Name+".json")
	}
	allReports = all
	return all
}

func gunzip(t testing.TB, path string) []byte {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// clusterWith is the healthy cluster with the objects that a report changes.
func clusterWith(t testing.TB, base []byte, path string) *snapshot.Snapshot {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	var report struct {
		Changed []map[string]any `json:"changed"`
		Removed []object.Ref     `json:"removed"`
	}
	if err := json.Unmarshal(base, &list); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	gone := map[object.Key]bool{}
	for _, ref := range report.Removed {
		gone[ref.Key()] = true
	}
	for _, obj := range report.Changed {
		gone[object.RefOf(&unstructured.Unstructured{Object: obj}).Key()] = true
	}
	items := report.Changed
	for _, obj := range list.Items {
		if !gone[object.RefOf(&unstructured.Unstructured{Object: obj}).Key()] {
			items = append(items, obj)
		}
	}
	whole, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := manifest.ReadObjects([]manifest.File{{Name: path, Content: bytes.NewReader(whole)}}, manifest.ObjectsOptions{Complete: true})
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// TestReports compares the first cause of each state, and its fix.
func TestReports(t *testing.T) {
	for _, r := range reports(t) {
		t.Run(r.Name, func(t *testing.T) {
			tenants := tenant.Discover(r.snap)
			e := Tenants(r.snap, tenants, tenants)
			var causes []Cause
			for _, s := range e.Subjects {
				if s.Tenant == "bhs" {
					causes = s.Causes
				}
			}
			if len(causes) == 0 {
				t.Fatal("no cause is named")
			}
			reported := causesText(causes)
			first := causes[0]
			if !whole(r.Cause.Kind, first.Ref.Kind) || !whole(r.Cause.Object, first.Ref.Name) {
				t.Errorf("the first cause is %s, want %s %s\n%s", first.Ref, r.Cause.Kind, r.Cause.Object, reported)
			}
			if len(first.Fixes) == 0 || !regexp.MustCompile(r.Fix).MatchString(fixText(first.Fixes[0])) {
				t.Errorf("the first fix of the first cause does not match %q\n%s", r.Fix, reported)
			}
			for _, not := range r.Not {
				if regexp.MustCompile(not).MatchString(reported) {
					t.Errorf("%q is said\n%s", not, reported)
				}
			}
		})
	}
}

func whole(pattern, text string) bool {
	return regexp.MustCompile("^(" + pattern + ")$").MatchString(text)
}

func fixesText(c Cause) string {
	var text strings.Builder
	for _, fix := range c.Fixes {
		fmt.Fprintln(&text, fixText(fix))
	}
	return text.String()
}

func fixText(fix finding.Fix) string {
	return strings.TrimSpace(fix.Text + " " + fix.Command + " " + fix.File)
}

func causesText(causes []Cause) string {
	var text strings.Builder
	for _, c := range causes {
		fmt.Fprintf(&text, "%s %s %s: %s\n%s", c.Code, c.Ref, c.Reason, c.Message, fixesText(c))
	}
	return text.String()
}
