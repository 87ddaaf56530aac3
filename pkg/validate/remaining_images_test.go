package validate

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestUnchangedCountsRemainingImages counts the images of the test study in the archive: a
// missing one is not a loss, and one that could not be removed hides no loss.
func TestUnchangedCountsRemainingImages(t *testing.T) {
	t.Parallel()
	t.Run("kept, and the archive discarded it", func(t *testing.T) {
		t.Parallel()
		s := newTenant(t, "bhs")
		s.archive.patients, s.archive.lose, s.options.Keep = []string{"a", "b"}, true, true
		outcome{"archive-unchanged", check.Pass, "", "still has everything that it had before"}.check(t, s.run(t))
	})
	t.Run("not removed, and a patient of many is gone", func(t *testing.T) {
		t.Parallel()
		s := newTenant(t, "bhs")
		s.archive.patients, s.archive.loses = []string{"a", "b"}, true
		s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
			switch {
			case r.Method == http.MethodDelete:
				w.WriteHeader(http.StatusForbidden)
			case r.URL.Path == "/statistics":
				s.archive.mu.Lock()
				defer s.archive.mu.Unlock()
				n := maxListed + len(s.archive.studies())
				_ = json.NewEncoder(w).Encode(map[string]any{"CountPatients": n, "CountStudies": n, "CountInstances": n + max(0, len(s.archive.images)-1), "TotalDiskSize": "5000"})
			default:
				return false
			}
			return true
		}
		checks := s.run(t)
		outcome{"clean-up", check.Warn, check.CodeStudyRemains, "403"}.check(t, checks)
		outcome{"archive-unchanged", check.Fail, check.CodeArchiveLost, "1 of 20002 patients"}.check(t, checks)
	})
	t.Run("kept, and found", func(t *testing.T) {
		t.Parallel()
		s := newTenant(t, "bhs")
		s.archive.patients, s.options.Keep = []string{"a", "b"}, true
		outcome{"archive-unchanged", check.Pass, "", "after: patients: 3"}.check(t, s.run(t))
	})
}
