package tenant

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var update = flag.Bool("update", false, "update the golden files")

// TestCases compares the result for each cluster of testdata/cases with its golden file.
func TestCases(t *testing.T) {
	for _, path := range casePaths(t) {
		t.Run(strings.TrimSuffix(path[len("testdata/cases/"):], ".yaml"), func(t *testing.T) {
			c := readCase(t, path)
			got := describe(c, c.snapshot(c.objects(t)))
			golden := strings.TrimSuffix(path, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// describe formats the results of Discover and Assess for a snapshot. It omits messages of
// package health, whose own tests check them.
func describe(c testCase, snap *snapshot.Snapshot) string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n", c.About)
	tenants := Discover(snap)
	for i, s := range Assess(snap, tenants) {
		describeTenant(&out, tenants[i])
		describeStatus(&out, s, c.Full)
	}
	if len(tenants) == 0 {
		fmt.Fprintln(&out, "no tenants")
	}
	return out.String()
}

func describeTenant(out *bytes.Buffer, t Tenant) {
	fmt.Fprintf(out, "\ntenant %s in %s\n", t.Name, strings.Join(t.Namespaces, ", "))
	for _, l := range t.Layers {
		owner := "own"
		if l.Shared {
			owner = "shared"
		}
		fmt.Fprintf(out, "  %-6s %s/%s\n", owner, l.Ref.Namespace, l.Ref.Name)
	}
}

func describeStatus(out *bytes.Buffer, s Status, full bool) {
	fmt.Fprintf(out, "  verdict      %s\n", describeVerdict(s.Verdict))
	fmt.Fprintf(out, "  layers       %d of %d, revision %s\n", s.LayersReady, s.Layers, s.Revision)
	fmt.Fprintf(out, "  web, dicom   %v:%d, %v:%d at %v\n", s.Web.Hosts, s.Web.Port, s.DICOM.Hosts, s.DICOM.Port, s.Addresses)
	fmt.Fprintf(out, "  orthanc      %+v\n  database     %+v\n", s.Orthanc, s.Database)
	fmt.Fprintf(out, "  certificate  %s\n", s.CertificateEnd.Format("2006-01-02"))
	for _, link := range s.Chain {
		if link.Status == health.Ready && !full {
			continue
		}
		fmt.Fprintf(out, "  %-15s %s", link.Section, describeVerdict(link.Verdict))
		if link.Detail != "" {
			fmt.Fprintf(out, " (%s)", link.Detail)
		}
		for _, ref := range link.WaitsFor {
			fmt.Fprintf(out, " waits for %s", ref)
		}
		fmt.Fprintln(out)
	}
	for _, why := range s.Unknown {
		fmt.Fprintf(out, "  not seen: %s\n", why)
	}
}

func describeVerdict(v health.Verdict) string {
	text := string(v.Status)
	if v.Ref != (object.Ref{}) {
		text += " " + v.Ref.String()
	}
	if v.Reason != "" {
		text += ": " + string(v.Reason)
	}
	return text
}
