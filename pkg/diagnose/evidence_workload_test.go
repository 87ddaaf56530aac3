package diagnose

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/deletion"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TestWorkloadEvidence reads back all evidence that the cases of workloads give:
// what is quoted must be in the cluster, and is quoted once.
func TestWorkloadEvidence(t *testing.T) {
	for name, file := range readWorkloads(t) {
		for _, c := range file.Cases {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				if c.Of == "" {
					c.Of = file.Of
				}
				snap := c.snapshot(t, file.Base)
				x := newExaminer(snap, tenant.Discover(snap))
				of := refNamed(t, snap, c.Of)
				if c.Direct {
					x.Exams.Done[engine.ExamKey{Key: of.Key(), Failing: c.Failing}] = deletion.ExplainTerminating(x, snap.Lookup(of).Object, c.Failing)
				}
				for _, cause := range engine.NewWalk(x).From(of, c.Failing).Causes {
					if layer := cause.Code[2]; layer != '4' && layer != '5' {
						continue // of other explainers
					}
					seen := map[finding.Evidence]bool{}
					for _, e := range cause.Evidence {
						if !x.IsVerified(e) {
							t.Errorf("%s: %s %s = %s is not there", cause.Code, e.Ref, e.Field, e.Value)
						}
						if seen[e] {
							t.Errorf("%s: %s %s = %s: twice", cause.Code, e.Ref, e.Field, e.Value)
						}
						seen[e] = true
					}
				}
			})
		}
	}
}

// TestHolds has evidence that is there, and some that is not.
func TestHolds(t *testing.T) {
	pod := newObject("v1", "Pod", "a", "orthanc-0", map[string]any{"nodeName": "n1"})
	pod["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "No", "message": "m"}}}
	x := newExaminer(clusterOf([]map[string]any{pod}, nil), nil)
	ref := engine.CoreRef("Pod", "a", "orthanc-0")
	for _, c := range []struct {
		e    finding.Evidence
		fine bool
	}{
		{finding.Evidence{Ref: ref, Field: "spec.nodeName", Value: "n1"}, true},
		{finding.Evidence{Ref: ref, Field: "spec.nodeName", Value: "n2"}, false},
		{finding.Evidence{Ref: ref, Field: "spec.hostname", Value: ""}, false},
		{finding.Evidence{Ref: ref, Field: "status.conditions[Ready]", Value: "No: m"}, true},
		{finding.Evidence{Ref: ref, Field: "status.conditions[Ready]", Value: "No"}, false},
		{finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"}, false},
		{finding.Evidence{Ref: engine.CoreRef("Pod", "a", "gone"), Field: "object", Value: "does not exist"}, true},
		{finding.Evidence{Ref: engine.CoreRef("Pod", "a", "gone"), Field: "spec.nodeName", Value: "n1"}, false},
		{finding.Evidence{Ref: ref, Field: "event Failed", Value: "x"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 1 of 1 pods: orthanc-0"}, true},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 1 of 1 pods: other"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 2 of 2 pods: orthanc-0"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "some"}, false},
	} {
		if x.IsVerified(c.e) != c.fine {
			t.Errorf("%+v holds: %v", c.e, !c.fine)
		}
	}
	if object.Text(pod, "spec", "nodeName") != "n1" {
		t.Error("reading back has changed the object")
	}
}
