package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/lint"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// repository is a repository of a shape.
func repository(t testing.TB, shape string, tenants int) *tree.Tree {
	t.Helper()
	dir := t.TempDir()
	if err := create(dir, shape, tenants, "../.."); err != nil {
		t.Fatal(err)
	}
	opened, err := tree.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// TestShapes checks that each tenant adds two Kustomizations, and its objects and defects.
func TestShapes(t *testing.T) {
	for shape, want := range map[string]struct{ objects, defects int }{"small": {10, 8}, "korthweb": {23, 22}} {
		var reports []*lint.Report
		for _, tenants := range []int{3, 5} {
			report, err := lint.Check(context.Background(), repository(t, shape, tenants), lint.Config{})
			if err != nil || len(report.Unknown) > 0 {
				t.Fatal(err, report)
			}
			reports = append(reports, report)
		}
		few, more := reports[0], reports[1]
		if n := more.Kustomizations - few.Kustomizations; n != 4 {
			t.Errorf("%s: two tenants have %d Kustomizations", shape, n)
		}
		if n := more.Objects - few.Objects; n != 2*want.objects {
			t.Errorf("%s: two tenants have %d objects, not %d", shape, n, 2*want.objects)
		}
		if n := len(more.Findings) - len(few.Findings); n != want.defects {
			t.Errorf("%s: two tenants have %d findings, not %d", shape, n, want.defects)
		}
	}
	if err := create(t.TempDir(), "other", 2, "../.."); err == nil {
		t.Error("an unknown shape was created")
	}
}

// BenchmarkLint checks repositories of both shapes.
func BenchmarkLint(b *testing.B) {
	for _, shape := range []string{"small", "korthweb"} {
		for _, tenants := range []int{50, 100} {
			b.Run(fmt.Sprintf("%s/%d", shape, tenants), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					opened := repository(b, shape, tenants)
					b.StartTimer()
					if _, err := lint.Check(context.Background(), opened, lint.Config{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
