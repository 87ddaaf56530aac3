package samples

import (
	"context"
	"errors"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// Recorded is a recorded cluster that is built into the program.
func Recorded(t testing.TB, name string) *snapshot.Snapshot {
	t.Helper()
	snap, err := recording.Read(context.Background(), recording.Source{From: []string{recording.ExamplePrefix + name}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// Report is the report about clusters, by their names in the order of names.
func Report(t testing.TB, snapshots map[string]*snapshot.Snapshot, names ...string) report.Report {
	t.Helper()
	r := report.Report{Program: "kubectl orthweb v1.2.3"}
	for _, name := range names {
		answer := explain.Recorded(snapshots[name], explain.Question{KeepReady: true, Also: report.Query})
		if answer.Err != nil {
			t.Fatal(answer.Err)
		}
		r.Clusters = append(r.Clusters, report.Of(name, snapshots[name], answer.Explanation))
	}
	return r
}

// ReportOf is the report about recorded clusters that are built into the program.
func ReportOf(t testing.TB, names ...string) report.Report {
	t.Helper()
	snapshots := map[string]*snapshot.Snapshot{}
	for _, name := range names {
		snapshots[name] = Recorded(t, name)
	}
	return Report(t, snapshots, names...)
}

// IncompleteReport is a report about two clusters, of which one could not be read, and one only in
// part.
func IncompleteReport(t testing.TB) report.Report {
	t.Helper()
	r := ReportOf(t, "failing")
	r.Clusters[0].Unread = []snapshot.Failure{{Reason: snapshot.Forbidden, Verb: "list", Resource: "pods", Namespace: "bhs-orthweb"}}
	r.Clusters = append(r.Clusters, report.Cluster{Name: "prod-2", Err: errors.New("reading the cluster: connection refused")})
	return r
}
