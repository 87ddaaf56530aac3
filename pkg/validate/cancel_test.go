package validate

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// TestCancelAtEachCheck cancels as soon as a check is reported, so that the next one begins
// cancelled.
func TestCancelAtEachCheck(t *testing.T) {
	t.Parallel()
	for i, name := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTenant(t, "bhs")
			s.options.Timeout = time.Minute
			ctx, cancel := context.WithCancel(t.Context())
			var cancelled time.Time
			checks := Run(ctx, s.start(t), s.options, func(c check.Check) {
				if c.Name == name {
					cancelled = time.Now()
					cancel()
				}
			})
			if took := time.Since(cancelled); took > 30*time.Second { // before any other limit, also on a busy machine
				t.Errorf("it took %v", took)
			}
			stopped(t, s, checks, all[:i+1])
		})
	}
}

// stopped requires the checks until then, and the clean-up.
func stopped(t *testing.T, s *setup, checks []check.Check, want []string) {
	t.Helper()
	if !slices.Contains(want, "clean-up") {
		want = append(slices.Clone(want), "clean-up")
	}
	var got []string
	for _, c := range checks {
		got = append(got, c.Name)
		if c.Outcome == check.Fail {
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

// TestCancelWithinACheck cancels while a server never answers.
func TestCancelWithinACheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about  string
		during func(*setup, *user)
		until  string // the last check that is reported
	}{
		{about: "connecting", during: func(s *setup, u *user) {
			s.options.Dial = func(ctx context.Context, _ check.Subject, _ check.Endpoint) (net.Conn, error) {
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
		{about: "the page", during: slowWeb(web.Explorer), until: "dicom-clients"},
		{about: "the default password", during: slowWeb("/system"), until: "web-page"},
		{about: "the association", during: slowPeer("A-ASSOCIATE"), until: "web-system"},
		{about: "C-ECHO", during: slowPeer("C-ECHO"), until: "dicom-association"},
		{about: "what the archive holds", during: slowWeb("/statistics"), until: "dicom-echo"},
		{about: "C-STORE", during: slowPeer("C-STORE"), until: "archive-limits"},
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
			if took := time.Since(*u.cancelled.Load()); took > 30*time.Second { // before any other limit, also on a busy machine
				t.Errorf("it took %v", took)
			}
			stopped(t, s, checks, all[:slices.Index(all, c.until)+1])
		})
	}
}
