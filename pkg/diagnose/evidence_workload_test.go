package diagnose

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
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
					x.exams[examKey{of.Key(), c.Failing}] = explainTerminating(x, snap.Lookup(of).Object, c.Failing)
				}
				for _, cause := range newWalk(x).from(of, c.Failing).causes {
					if layer := cause.Code[2]; layer != '4' && layer != '5' {
						continue // of other explainers
					}
					seen := map[finding.Evidence]bool{}
					for _, e := range cause.Evidence {
						if why := misquotedWorkload(x, e); why != "" {
							t.Errorf("%s: %s %s = %s: %s", cause.Code, e.Ref, e.Field, e.Value, why)
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

// misquotedWorkload tells what is wrong with a piece of evidence.
func misquotedWorkload(x *examiner, e finding.Evidence) string {
	answer := x.snap.Lookup(e.Ref)
	if e.Field == "object" {
		if e.Value != "does not exist" || answer.Presence == snapshot.Present {
			return "it exists"
		}
		return ""
	}
	if reason, ok := strings.CutPrefix(e.Field, "event "); ok {
		for _, event := range x.events[e.Ref.Key()] {
			if event.reason == reason && event.message == e.Value {
				return ""
			}
		}
		return "there is no such event"
	}
	if answer.Object == nil {
		return "the object could not be read"
	}
	if e.Field == "pods" {
		return misquotedPods(x, e)
	}
	if kind, ok := strings.CutPrefix(e.Field, "status.conditions["); ok && strings.Count(kind, "]") == 1 && strings.HasSuffix(kind, "]") {
		c := conditionOf(answer.Object, strings.TrimSuffix(kind, "]"))
		if e.Value == c.reason+": "+c.message || e == c.proof(answer.Object) {
			return ""
		}
		return "the condition says " + c.reason + ": " + c.message
	}
	value, ok := readPath(answer.Object.Object, e.Field)
	if !ok {
		return "there is no such field"
	}
	if text, _ := valueText(value); text != e.Value {
		return "it is " + text
	}
	return ""
}

var podsValue = regexp.MustCompile(`^\S+ on (\d+) of (\d+) pods: (.+)$`)

// misquotedPods checks "REASON on N of M pods: names".
func misquotedPods(x *examiner, e finding.Evidence) string {
	found := podsValue.FindStringSubmatch(e.Value)
	if found == nil {
		return "it has another form"
	}
	names := strings.Split(found[3], ", ")
	sick, _ := strconv.Atoi(found[1])
	if sick != len(names) && len(names) != maxListed {
		return "it does not name as many pods as it counts"
	}
	for _, name := range names {
		pod := x.snap.Lookup(coreRef(health.PodKind.Kind, e.Ref.Namespace, name)).Object
		if pod == nil || !x.workloadOf(pod).Same(e.Ref) {
			return name + " is not a pod of it"
		}
	}
	return ""
}

// TestMisquotedWorkload has evidence that is there, and some that is not.
func TestMisquotedWorkload(t *testing.T) {
	pod := object("v1", "Pod", "a", "orthanc-0", map[string]any{"nodeName": "n1"})
	pod["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "False", "reason": "No", "message": "m"}}}
	x := newExaminer(clusterOf([]map[string]any{pod}, nil), nil)
	ref := coreRef("Pod", "a", "orthanc-0")
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
		{finding.Evidence{Ref: coreRef("Pod", "a", "gone"), Field: "object", Value: "does not exist"}, true},
		{finding.Evidence{Ref: coreRef("Pod", "a", "gone"), Field: "spec.nodeName", Value: "n1"}, false},
		{finding.Evidence{Ref: ref, Field: "event Failed", Value: "x"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 1 of 1 pods: orthanc-0"}, true},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 1 of 1 pods: other"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "Failed on 2 of 2 pods: orthanc-0"}, false},
		{finding.Evidence{Ref: ref, Field: "pods", Value: "some"}, false},
	} {
		if why := misquotedWorkload(x, c.e); (why == "") != c.fine {
			t.Errorf("%+v: %q", c.e, why)
		}
	}
	if field.Text(pod, "spec", "nodeName") != "n1" {
		t.Error("reading back has changed the object")
	}
}
