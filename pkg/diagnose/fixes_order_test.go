package diagnose

import (
	"regexp"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

var (
	// removes matches a command that deletes, except for a single pod that its workload creates
	// again, or a text that requests the removal of a finalizer.
	removes = regexp.MustCompile(`^kubectl delete |&& kubectl delete |^kubectl patch .*finalizers`)
	onePod  = regexp.MustCompile(`^kubectl delete pod \S+ -n \S+$`)
	byHand  = regexp.MustCompile(`(?i)\bremove finalizer \S+ manually`)
	// looks matches a command that only reads.
	looks = regexp.MustCompile(`^(kubectl( [-a-z]+=\S+)* (get|describe|logs|explain)|helm (history|get|status|list)|flux (logs|diff|get|trace)|dig |curl )`)
)

// unexamined returns the fixes that remove something before any fix has inspected it.
func unexamined(f finding.Finding) (found []string) {
	looked := false
	for _, fix := range f.Fixes {
		if (removes.MatchString(fix.Command) && !onePod.MatchString(fix.Command) || byHand.MatchString(fix.Text)) && !looked {
			found = append(found, fixText(fix))
		}
		looked = looked || looks.MatchString(fix.Command)
	}
	return found
}

func TestUnexamined(t *testing.T) {
	look := finding.Fix{Text: "See", Command: "kubectl describe job x -n y"}
	remove := finding.Fix{Text: "Delete it", Command: "kubectl delete job x -n y"}
	for _, c := range []struct {
		fixes []finding.Fix
		want  int
	}{
		{[]finding.Fix{remove}, 1},
		{[]finding.Fix{look, remove}, 0},
		{[]finding.Fix{remove, look}, 1},
		{[]finding.Fix{{Text: "Only then remove finalizer x manually"}}, 1},
		{[]finding.Fix{{Text: "Delete the pod", Command: "kubectl delete pod x -n y"}}, 0},
		{[]finding.Fix{{Text: "Delete the pods", Command: "kubectl delete pod x z -n y"}}, 1},
	} {
		if got := unexamined(finding.Finding{Fixes: c.fixes}); len(got) != c.want {
			t.Errorf("%+v: %q", c.fixes, got)
		}
	}
}

// TestFixesLookFirst checks that the fixes of all cases inspect an object before they remove
// it.
func TestFixesLookFirst(t *testing.T) {
	all := snapshots(t)
	for _, glob := range []string{"testdata/flux/*.yaml", "testdata/workload/*.yaml"} {
		for name, file := range readClusters(t, glob) {
			for _, c := range file.Cases {
				all[name+"/"+c.Name] = clusterAsked(fluxAsked, c.cluster(t, file.Base), c.Forbidden)
			}
		}
	}
	for name, snap := range all {
		for _, f := range examinationOf(snap).findings {
			for _, fix := range unexamined(f) {
				t.Errorf("%s: %s %s: nothing is looked at before %q", name, f.Code, f.Ref, fix)
			}
		}
	}
}
