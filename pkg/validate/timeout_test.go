package validate

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestCleanUpTimeout checks that the clean-up ends at a server that never answers again.
func TestCleanUpTimeout(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.options.Timeout, s.options.CleanUp = time.Minute, 0
	ctx, cancel := context.WithCancel(t.Context())
	s.archive.instead = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/tools/lookup" {
			cancel()
			<-t.Context().Done()
		}
		return false
	}
	began := time.Now()
	checks := Run(ctx, s.start(t), s.options, nil)
	if took := time.Since(began); took > cleanupTimeout+30*time.Second {
		t.Errorf("it took %v", took)
	}
	left := named(t, checks, "clean-up")
	if left.Outcome != check.Warn || left.Code != check.CodeStudyRemains || !slices.Contains(left.Details, "bhs: timed out waiting for a response") {
		t.Errorf("%+v", left)
	}
}

// TestTimeoutOfEachCheck has servers that accept connections and send nothing.
func TestTimeoutOfEachCheck(t *testing.T) {
	t.Parallel()
	const timeout = shortTimeout
	for _, c := range []struct {
		about, fails string
		change       func(*setup)
	}{
		{about: "a silent web server", fails: "web-page", change: func(s *setup) {
			s.archive.instead = func(http.ResponseWriter, *http.Request) bool { <-t.Context().Done(); return true }
		}},
		{about: "half an answer", fails: "web-page", change: func(s *setup) {
			s.archive.instead = func(w http.ResponseWriter, _ *http.Request) bool {
				_, _ = io.WriteString(w, "Orthanc")
				_ = http.NewResponseController(w).Flush()
				<-t.Context().Done()
				return true
			}
		}},
		{about: "a silent DICOM peer", fails: "dicom-association", change: func(s *setup) { s.peer.before = func(string) { <-t.Context().Done() } }},
		{about: "a peer that stores for ever", fails: "dicom-store", change: func(s *setup) {
			s.peer.before = func(o string) {
				if o == "C-STORE" {
					<-t.Context().Done()
				}
			}
		}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			s := newTenant(t, "bhs")
			s.options.Timeout = timeout
			c.change(s)
			checks := s.run(t)
			got := named(t, checks, c.fails)
			if got.Outcome != check.Fail || got.Took < timeout || got.Took > timeout+10*time.Second || strings.Contains(got.Found, "context") {
				t.Errorf("%+v", got)
			}
			if n := s.archive.len(); n != 0 {
				t.Errorf("%d images are left", n)
			}
		})
	}
}
