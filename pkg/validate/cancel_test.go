package validate

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestCancelAtEachCheck cancels as soon as a check is told of, so that the next
// one begins cancelled.
func TestCancelAtEachCheck(t *testing.T) {
	t.Parallel()
	for i, name := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTenant(t, "bhs")
			ctx, cancel := context.WithCancel(t.Context())
			var cancelled time.Time
			checks := Run(ctx, s.start(t), s.options, func(c Check) {
				if c.Name == name {
					cancelled = time.Now()
					cancel()
				}
			})
			if took := time.Since(cancelled); took > time.Second {
				t.Errorf("it took %v", took)
			}
			stopped(t, s, checks, all[:i+1])
		})
	}
}

// stopped wants the checks until then, and the clean-up.
func stopped(t *testing.T, s *setup, checks []Check, want []string) {
	t.Helper()
	if want[len(want)-1] != "clean-up" {
		want = append(slices.Clone(want), "clean-up")
	}
	var got []string
	for _, c := range checks {
		got = append(got, c.Name)
		if c.Outcome == Fail {
			t.Errorf("cancelling is no failure: %+v", c)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := s.archive.len(); n != 0 {
		t.Errorf("%d images are left", n)
	}
}

// user has enough as soon as a server is about to answer, which then never does.
type user struct {
	cancel    context.CancelFunc
	cancelled atomic.Pointer[time.Time]
	end       <-chan struct{} // of the test
}

// leaves cancels, the first time: the clean-up is served.
func (u *user) leaves() bool {
	now := time.Now()
	first := u.cancelled.CompareAndSwap(nil, &now)
	if first {
		u.cancel()
	}
	return first
}

func (u *user) leavesWaiting() {
	if u.leaves() {
		<-u.end
	}
}

// TestCancelWithinACheck cancels while a server has all the time in the world.
func TestCancelWithinACheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about  string
		during func(*setup, *user)
		until  string // the last check that is told of
	}{
		{about: "connecting", during: func(s *setup, u *user) {
			s.options.Dial = func(ctx context.Context, _ Subject, _ Place) (net.Conn, error) {
				u.leaves()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}, until: "dicom-name"},
		{about: "TLS", during: func(s *setup, u *user) {
			var connections atomic.Int32
			s.web.instead = func(conn net.Conn) {
				if connections.Add(1) > 1 {
					u.leavesWaiting()
				}
			}
		}, until: "dicom-tcp"},
		{about: "clients", during: func(s *setup, u *user) {
			s.secure(&s.web, tls.RequireAndVerifyClientCert)
			s.subject.Client = func(ctx context.Context) (*tls.Certificate, error) {
				u.leaves()
				<-ctx.Done()
				return nil, ctx.Err()
			}
		}, until: "web-certificate"},
		{about: "the page", during: slowWeb(explorer), until: "dicom-clients"},
		{about: "the default password", during: slowWeb("/system"), until: "web-page"},
		{about: "the association", during: slowPeer("A-ASSOCIATE"), until: "web-system"},
		{about: "C-ECHO", during: slowPeer("C-ECHO"), until: "dicom-association"},
		{about: "C-STORE", during: slowPeer("C-STORE"), until: "dicom-echo"},
		{about: "finding the study", during: slowWeb("/tools/lookup"), until: "dicom-store"},
		{about: "comparing it", during: slowWeb("/instances"), until: "dicom-store"},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			s := newTenant(t, "bhs")
			s.options.Timeout = time.Minute
			ctx, cancel := context.WithCancel(t.Context())
			u := &user{cancel: cancel, end: t.Context().Done()}
			c.during(s, u)
			checks := Run(ctx, s.start(t), s.options, nil)
			if took := time.Since(*u.cancelled.Load()); took > time.Second {
				t.Errorf("it took %v", took)
			}
			stopped(t, s, checks, all[:slices.Index(all, c.until)+1])
		})
	}
}

func slowWeb(path string) func(*setup, *user) {
	return func(s *setup, u *user) {
		s.archive.instead = func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, path) {
				u.leavesWaiting()
			}
			return false
		}
	}
}

func slowPeer(operation string) func(*setup, *user) {
	return func(s *setup, u *user) {
		s.peer.before = func(o string) {
			if o == operation {
				u.leavesWaiting()
			}
		}
	}
}

// TestCleaningUpIsBounded leaves a server that has gone silent for good.
func TestCleaningUpIsBounded(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.options.Timeout = time.Minute
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
	if took := time.Since(began); took > hurry+2*time.Second {
		t.Errorf("it took %v", took)
	}
	left := named(t, checks, "clean-up")
	if left.Outcome != Warn || left.Code != codeLeftBehind || !slices.Contains(left.Details, "bhs: there was no answer in time") {
		t.Errorf("%+v", left)
	}
}

// TestTimeoutBoundsEachCheck has servers that accept and are silent.
func TestTimeoutBoundsEachCheck(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
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
			if got.Outcome != Fail || got.Took < timeout || got.Took > timeout+2*time.Second || strings.Contains(got.Found, "context") {
				t.Errorf("%+v", got)
			}
			if n := s.archive.len(); n != 0 {
				t.Errorf("%d images are left", n)
			}
		})
	}
}
