package report_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// ofExample is the report about a recorded cluster.
func ofExample(t *testing.T, name string, tenants ...string) report.Cluster {
	t.Helper()
	snap, err := recording.Read(context.Background(), recording.Source{From: []string{recording.ExamplePrefix + name}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := explain.Recorded(snap, explain.Question{Arguments: tenants, KeepReady: true, Also: report.Query})
	if answer.Err != nil {
		t.Fatal(answer.Err)
	}
	return report.Of(name, snap, answer.Explanation)
}

func TestOf(t *testing.T) {
	c := ofExample(t, "failing")
	if len(c.Tenants) != 2 || c.Tenants[0].Name != "bhs" || c.Tenants[1].Name != "mhr" || c.Server == "" || c.At.IsZero() {
		t.Fatalf("got %+v", c)
	}
	bhs, mhr := c.Tenants[0], c.Tenants[1]
	if bhs.Verdict.Status != health.Failing || mhr.Verdict.Status != health.Ready {
		t.Errorf("bhs is %s, mhr %s", bhs.Verdict.Status, mhr.Verdict.Status)
	}
	if len(c.Causes) != 1 || c.Causes[0].Code != "OW4103" || !slices.Equal(bhs.Causes, []int{0}) || len(mhr.Causes) > 0 {
		t.Errorf("causes %v of bhs %v, of mhr %v", c.Causes, bhs.Causes, mhr.Causes)
	}
	for i := 1; i < len(c.Certificates); i++ {
		if c.Certificates[i].NotAfter.Before(c.Certificates[i-1].NotAfter) {
			t.Errorf("%s expires before %s", c.Certificates[i].Ref, c.Certificates[i-1].Ref)
		}
	}
	if len(c.Certificates) != 4 || len(c.Unread) > 0 || len(c.Objects) > 0 {
		t.Errorf("%d certificates, unread %v, objects %v", len(c.Certificates), c.Unread, c.Objects)
	}
}

func TestOfOneTenant(t *testing.T) {
	c := ofExample(t, "failing", "mhr")
	if len(c.Tenants) != 1 || c.Tenants[0].Name != "mhr" || len(c.Causes) > 0 || len(c.Certificates) != 2 {
		t.Errorf("got %d tenants, %d causes, %d certificates", len(c.Tenants), len(c.Causes), len(c.Certificates))
	}
}

func TestComplete(t *testing.T) {
	r := report.Report{Clusters: []report.Cluster{ofExample(t, "failing"), ofExample(t, "healthy")}}
	if !r.Complete() || r.Tenants() != 4 {
		t.Errorf("complete: %t, %d tenants", r.Complete(), r.Tenants())
	}
	if counts := r.Counts(); !slices.Equal(counts, []report.Count{{Status: health.Failing, Number: 1}, {Status: health.Ready, Number: 3}}) {
		t.Errorf("got %v", counts)
	}
	r.Clusters = append(r.Clusters, report.Cluster{Name: "gone", Err: errors.New("connection refused")})
	if r.Complete() {
		t.Error("a report without a cluster is complete")
	}
}
