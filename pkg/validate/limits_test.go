package validate

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// configured is a tenant's Orthanc whose configuration in the cluster has limits.
func configured(patients, size int64) func(context.Context) (orthanc.Limits, error) {
	return func(context.Context) (orthanc.Limits, error) {
		return orthanc.Limits{Patients: &patients, Size: &size}, nil
	}
}

// rejecting is configured to reject data above its limits.
func rejecting(ctx context.Context) (orthanc.Limits, error) {
	limits, err := configured(4, 0)(ctx)
	limits.Rejects = true
	return limits, err
}

// silent has an Orthanc that does not report its limits.
func silent(s *setup) {
	s.archive.system = map[string]any{"MaximumPatientCount": nil, "MaximumStorageSize": nil}
}

// TestArchiveLimits checks that the study is stored only if the archive removes nothing to make
// space.
func TestArchiveLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about  string
		change func(*setup)
		want   []outcome
		stored bool
	}{
		{about: "no limits", want: []outcome{{"archive-limits", check.Pass, "", "no limits that make it remove patients"}}, stored: true},
		{about: "read only", change: func(s *setup) { s.options.ReadOnly = true }, want: []outcome{
			{"archive-limits", check.Skip, "", "--read-only"}, {"dicom-echo", check.Pass, "", ""}, {"dicom-store", check.Skip, "", "--read-only"},
			{"clean-up", check.Skip, "", ""}, {"archive-unchanged", check.Skip, "", ""}}},
		{about: "room", change: func(s *setup) { s.archive.system = map[string]any{"MaximumPatientCount": 10} },
			want: []outcome{{"archive-limits", check.Pass, "", "has room"}}, stored: true},
		{about: "no room", change: func(s *setup) { s.archive.system = map[string]any{"MaximumPatientCount": 4} }, want: []outcome{
			{"archive-limits", check.Warn, check.CodeMayEvict, "at most 4 patients, has 3"}, {"dicom-store", check.Skip, "", "see archive-limits; use --store"}, {"clean-up", check.Skip, "", ""},
			{"archive-unchanged", check.Skip, "", "nothing was stored"}, {"dicom-echo", check.Pass, "", ""}}},
		{about: "no room on disk", change: func(s *setup) { s.archive.system = map[string]any{"MaximumStorageSize": 1} },
			want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "MaximumStorageSize"}, {"dicom-store", check.Skip, "", ""}}},
		{about: "no room, and it rejects", change: func(s *setup) {
			s.archive.system = map[string]any{"MaximumPatientCount": 4, "MaximumStorageMode": "Reject"}
		}, want: []outcome{{"archive-limits", check.Pass, "", "rejects what does not fit"}}, stored: true},
		{about: "no room, and to be stored all the same", change: func(s *setup) {
			s.archive.system, s.options.Store = map[string]any{"MaximumPatientCount": 4}, true
		}, want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, ""}, {"dicom-store", check.Pass, "", ""}}, stored: true},
		{about: "an older Orthanc, and the cluster knows", change: func(s *setup) {
			silent(s)
			s.subject.Limits = configured(0, 0)
		}, want: []outcome{{"archive-limits", check.Pass, "", "no limits"}}, stored: true},
		{about: "an older Orthanc, and the cluster knows that there is no room", change: func(s *setup) {
			silent(s)
			s.subject.Limits = configured(4, 0)
		}, want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "at most 4 patients"}}},
		{about: "an Orthanc of before MaximumStorageMode is configured to reject", change: func(s *setup) {
			silent(s)
			s.archive.system["Version"], s.subject.Limits = "1.11.1", rejecting
		}, want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "at most 4 patients"}, {"dicom-store", check.Skip, "", ""}}},
		{about: "an Orthanc of an unknown version is configured to reject", change: func(s *setup) {
			silent(s)
			s.archive.system["Version"], s.subject.Limits = "mainline", rejecting
		}, want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "at most 4 patients"}}},
		{about: "the first Orthanc with MaximumStorageMode is configured to reject", change: func(s *setup) {
			silent(s)
			s.archive.system["Version"], s.subject.Limits = "1.11.2", rejecting
		}, want: []outcome{{"archive-limits", check.Pass, "", "rejects what does not fit"}}, stored: true},
		{about: "the files could not be counted in time", change: func(s *setup) {
			s.options.Timeout = shortTimeout
			s.archive.system = map[string]any{"MaximumPatientCount": 10}
			s.options.Files = &check.Files{Size: func(ctx context.Context) (int64, int64) {
				<-ctx.Done()
				return 1, 1
			}}
		}, want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "could not be counted in time"}, {"dicom-store", check.Skip, "", ""}, {"dicom-store-files", check.Skip, "", ""}}},
		{about: "the files could not be counted in time, and nothing is removed", change: func(s *setup) {
			s.options.Timeout = shortTimeout
			s.options.Files = &check.Files{Size: func(ctx context.Context) (int64, int64) {
				<-ctx.Done()
				return 1, 1
			}, Store: func(context.Context, func(context.Context) (net.Conn, error)) check.Check { return check.Passed("") },
				Found: func(context.Context, check.Archive, []check.Archive) check.Check { return check.Passed("") }}
		}, want: []outcome{{"archive-limits", check.Pass, "", "no limits"}}, stored: true},
		{about: "what Orthanc itself reports counts", change: func(s *setup) { s.subject.Limits = configured(4, 0) },
			want: []outcome{{"archive-limits", check.Pass, "", "no limits"}}, stored: true},
		{about: "an older Orthanc", change: silent, want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "does not report its limits; "}, {"dicom-store", check.Skip, "", "--store"}}},
		{about: "the configuration can't be read", change: func(s *setup) {
			silent(s)
			s.subject.Limits = func(context.Context) (orthanc.Limits, error) {
				return orthanc.Limits{}, errors.New("forbidden: cannot list configmaps")
			}
		}, want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "forbidden: cannot list configmaps"}}},
		{about: "no counts", change: func(s *setup) { s.archive.counts = "{}" },
			want: []outcome{{"archive-limits", check.Warn, check.CodeMayEvict, "the response of /statistics is not Orthanc's"}, {"dicom-store", check.Skip, "", ""}}},
		{about: "no counts, and to be stored all the same", change: func(s *setup) { s.archive.counts, s.options.Store = "{}", true },
			want: []outcome{{"dicom-store", check.Pass, "", ""}, {"archive-unchanged", check.Skip, "", "held before the test is not known"}}, stored: true},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			s := newTenant(t, "bhs")
			s.archive.patients = []string{"a", "b", "c"}
			if c.change != nil {
				c.change(s)
			}
			came := 0
			s.archive.damage = func(*image) { came++ }
			checks := s.run(t)
			c.want = append(c.want, outcome{"web-system", check.Pass, "", ""})
			if c.stored && !slices.ContainsFunc(c.want, func(o outcome) bool { return o.name == "archive-unchanged" }) {
				c.want = append(c.want, outcome{"archive-unchanged", check.Pass, "", "still has everything that it had before"})
			}
			for _, want := range c.want {
				want.check(t, checks)
			}
			if (came > 0) != c.stored || s.archive.len() != 0 || len(s.archive.patients) != 3 {
				t.Errorf("%d images came, %d are left, and the patients %v", came, s.archive.len(), s.archive.patients)
			}
		})
	}
}

func (o outcome) check(t *testing.T, checks []check.Check) {
	t.Helper()
	got := named(t, checks, o.name)
	if got.Outcome != o.outcome || got.Code != o.code || !strings.Contains(got.Found+"\n"+strings.Join(got.Details, "\n"), o.message) {
		t.Errorf("%+v", got)
	}
}

// TestArchiveLosesData has an archive that removes a patient although its configuration does
// not announce that.
func TestArchiveLosesData(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.archive.patients, s.archive.loses = []string{"a", "b", "c"}, true
	checks := s.run(t)
	for _, want := range []outcome{
		{"clean-up", check.Pass, "", ""}, {"archive-unchanged", check.Fail, check.CodeArchiveLost, "1 of 3 patients, 1 of 3 studies, 1 of 3 instances"},
		{"archive-unchanged", check.Fail, check.CodeArchiveLost, "the patient with Orthanc's id a is gone"},
	} {
		want.check(t, checks)
	}
	if check.Worst(checks) != check.Fail {
		t.Error(verdicts(checks))
	}
}

func TestJudgeUnchanged(t *testing.T) {
	t.Parallel()
	has := func(instances int64, ids ...string) census {
		n := int64(len(ids))
		return census{CountPatients: n, CountStudies: n, CountInstances: instances, patients: ids, studies: ids}
	}
	many := func(c census) census { c.patients, c.studies = nil, nil; return c }
	for _, c := range []struct {
		about         string
		before, after census
		kept          int64
		outcome       check.Outcome
		message       string
	}{
		{"the same", has(9, "a", "b"), has(9, "a", "b"), 0, check.Pass, "still has everything that it had before"},
		{"others came", has(9, "a", "b"), has(12, "a", "b", "c"), 0, check.Pass, "3 instances are new"},
		{"one went and another came", has(9, "a", "b"), has(9, "a", "c"), 0, check.Fail, "Orthanc's id b is gone"},
		{"an instance went", has(9, "a", "b"), has(8, "a", "b"), 0, check.Fail, "1 of 9 instances"},
		{"the study was kept", has(9, "a", "b"), has(11, "a", "b", "test"), 2, check.Pass, "still has everything that it had before"},
		{"the study was kept, and one went", has(9, "a", "b"), has(6, "b", "test"), 2, check.Fail, "1 of 2 patients, 1 of 2 studies, 5 of 9 instances"},
		{"many, by their number alone", many(has(9, "a", "b")), many(has(5, "a")), 0, check.Fail, "1 of 2 patients"},
		{"many, the same", many(has(9, "a", "b")), many(has(9, "a", "b")), 0, check.Pass, "before"},
		{"an empty archive", has(0), has(0), 0, check.Pass, "before"},
	} {
		t.Run(c.about, func(t *testing.T) {
			got := judgeUnchanged(c.before, c.after, c.kept)
			if got.Outcome != c.outcome || !strings.Contains(got.Found+strings.Join(got.Details, "\n"), c.message) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestCleanUpRetries removes the study although the web fails for a time, and removes an image
// that is stored after its answer was lost.
func TestCleanUpRetries(t *testing.T) {
	t.Parallel()
	t.Run("the web fails twice", func(t *testing.T) {
		t.Parallel()
		s := newTenant(t, "bhs")
		failures := 0
		s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodDelete || failures == 2 {
				return false
			}
			failures++
			if failures == 2 {
				panic(http.ErrAbortHandler) // the connection is lost
			}
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		outcome{"clean-up", check.Pass, "", "removed from bhs; none of it is left"}.check(t, s.run(t))
		if failures != 2 || s.archive.len() != 0 {
			t.Errorf("%d failures, %d images are left", failures, s.archive.len())
		}
	})
	t.Run("the answer was lost, and the image comes late", func(t *testing.T) {
		t.Parallel()
		s := newTenant(t, "bhs")
		late := make(chan struct{})
		s.peer.late = late
		lookups := 0
		s.archive.instead = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/tools/lookup" {
				if lookups++; lookups == 3 {
					close(late)
				}
			}
			return false
		}
		checks := s.run(t)
		outcome{"dicom-store", check.Fail, check.CodeStoreFailed, ""}.check(t, checks)
		outcome{"clean-up", check.Pass, "", "removed from bhs"}.check(t, checks)
		if s.archive.len() != 0 {
			t.Errorf("%d images are left", s.archive.len())
		}
	})
	t.Run("it is not removed although the archive says so", func(t *testing.T) {
		t.Parallel()
		s := newTenant(t, "bhs")
		s.archive.instead = func(_ http.ResponseWriter, r *http.Request) bool { return r.Method == http.MethodDelete }
		outcome{"clean-up", check.Warn, check.CodeStudyRemains, " after 3 deletions"}.check(t, s.run(t))
	})
}
