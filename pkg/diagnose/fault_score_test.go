package diagnose

import (
	"slices"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// blamed is a cause and the tenants for which it was reported.
type blamed struct {
	Cause
	of []string
}

// score compares an explanation with the expected one, and fails the test for missing, wrong
// and additional causes.
func (c faultCase) score(t *testing.T, e Explanation) score {
	s := score{object: 1, reason: 1}
	var causes []blamed
	for _, subject := range e.Subjects {
		if len(subject.Causes) == 0 && subject.Verdict.Status != health.Ready {
			s.abstained++
			if subject.Verdict.Status != health.Progressing && len(c.want.Unknown) == 0 { // a rollout within its deadline has no cause
				t.Errorf("no cause is named for %s, which is %s: %s", subject.Tenant, subject.Verdict.Status, subject.Verdict.Message)
			}
		}
		for _, cause := range subject.Causes {
			at := slices.IndexFunc(causes, func(b blamed) bool { return b.Ref.Same(cause.Ref) && b.Reason == cause.Reason })
			if at < 0 {
				at = len(causes)
				causes = append(causes, blamed{Cause: cause})
			}
			causes[at].of = append(causes[at].of, subject.Tenant)
		}
	}
	for _, never := range c.want.NeverBlame {
		for _, cause := range causes {
			if never.Kind.has(cause.Ref.Kind) && never.Name.has(cause.Ref.Name) && never.Namespace.has(cause.Ref.Namespace) {
				t.Errorf("%s is well and is blamed: %s", cause.Ref, cause.Message)
				s.falseBlame++
			}
		}
	}
	used := map[int]bool{}
	for _, want := range c.want.Causes {
		at := slices.IndexFunc(causes, func(b blamed) bool {
			return want.Kind.has(b.Ref.Kind) && want.Name.has(b.Ref.Name) && want.Namespace.has(b.Ref.Namespace)
		})
		if at < 0 {
			t.Errorf("no cause is %v %v/%v", want.Kind, want.Namespace, want.Name)
			s.object, s.reason = 0, 0
			continue
		}
		used[at] = true
		if !want.Reason.has(causes[at].Reason) {
			t.Errorf("%s: reason %q, want one of %q", causes[at].Ref, causes[at].Reason, want.Reason)
			s.reason = 0
		}
		if len(want.Tenants) > 0 && !slices.Equal(slices.Sorted(slices.Values(causes[at].of)), slices.Sorted(slices.Values(want.Tenants))) {
			t.Errorf("%s: reported for %q, want %q", causes[at].Ref, causes[at].of, want.Tenants)
			s.object = 0
		}
	}
	for at, b := range causes {
		if !used[at] {
			t.Errorf("blamed besides: %s %s (%s): %s", b.Ref, b.Reason, b.Code, b.Message)
			s.falseBlame++
		}
	}
	c.scoreUnknown(t, e)
	return s
}

// scoreUnknown checks that unreadable objects are reported.
func (c faultCase) scoreUnknown(t *testing.T, e Explanation) {
	for _, want := range c.want.Unknown {
		if !slices.ContainsFunc(e.Subjects, func(s Subject) bool {
			for _, why := range s.Unknown {
				if why.Resource == want.Resource && (want.Namespace == "" || why.Namespace == "" || why.Namespace == want.Namespace) {
					return true
				}
			}
			return false
		}) {
			t.Errorf("it is not said that %s can't be read", want.Resource)
		}
	}
}
