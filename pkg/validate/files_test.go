package validate

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestFiles stores a study of the user over the given connection, and searches it with the
// given queries.
func TestFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about  string
		change func(bhs, mhr *setup)
		want   string
		has    int // instances in the tenant's archive, and in mhr's
		other  int
		err    string
	}{
		{about: "all there", want: "dicom-store-files PASS, files-found PASS, archive-unchanged PASS", has: 3},
		{about: "lost by an archive that keeps nothing", change: func(bhs, _ *setup) { bhs.archive.lose = true },
			want: "dicom-store-files SKIP, files-found SKIP, archive-unchanged PASS"},
		{about: "the study misrouted elsewhere, so no file is sent", change: func(bhs, mhr *setup) { bhs.archive.into = mhr.archive },
			want: "dicom-store-files SKIP, files-found SKIP, archive-unchanged PASS"},
		{about: "no password", change: func(bhs, _ *setup) { bhs.subject.Login = check.Credentials{} },
			want: "dicom-store-files SKIP, files-found SKIP, archive-unchanged SKIP"},
		{about: "no password, and to be stored all the same", change: func(bhs, _ *setup) { bhs.subject.Login, bhs.options.Store = check.Credentials{}, true },
			want: "dicom-store-files PASS, files-found SKIP, archive-unchanged SKIP"},
		{about: "no room", change: func(bhs, _ *setup) { bhs.archive.system = map[string]any{"MaximumPatientCount": 4} },
			want: "dicom-store-files SKIP, files-found SKIP, archive-unchanged SKIP"},
		{about: "an answer of something else", change: func(bhs, _ *setup) {
			bhs.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, usersStudy()[0].StudyUID+"/instances") {
					_, _ = w.Write([]byte(`{}`))
					return true
				}
				return false
			}
		}, want: "dicom-store-files PASS, files-found PASS, archive-unchanged PASS", err: "it is not a list"},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			s, other := newTenant(t, "bhs"), newTenant(t, "mhr")
			if c.change != nil {
				c.change(s, other)
			}
			s.subject.Others = []check.Subject{other.start(t)}
			var own, others map[string]string
			var err error
			s.options.Files = &check.Files{
				Size:  func(context.Context) (int64, int64) { return 3, 15_000 },
				Store: storeUsersStudy(t),
				Found: func(ctx context.Context, archive check.Archive, more []check.Archive) check.Check {
					if own, err = archive.Instances(ctx, usersStudy()[0].StudyUID); err == nil {
						others, err = more[0].Instances(ctx, usersStudy()[0].StudyUID)
					}
					if !strings.HasPrefix(archive.Base, "https://127.0.0.1:") || archive.Tenant != "bhs" || more[0].Tenant != "mhr" {
						t.Errorf("%+v, %+v", archive, more)
					}
					return check.Passed("asked")
				},
			}
			checks := s.run(t)
			var last []string
			for _, check := range checks[len(checks)-3:] {
				last = append(last, check.Name+" "+string(check.Outcome))
			}
			if got := strings.Join(last, ", "); got != c.want {
				t.Errorf("at last %s", got)
			}
			if len(own) != c.has || len(others) != c.other || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("found %v and %v, %v", own, others, err)
			}
			if strings.Contains(c.want, "files SKIP") && other.archive.len()+s.archive.len() > 0 {
				t.Errorf("%d and %d images are left", s.archive.len(), other.archive.len())
			}
		})
	}
}

func usersStudy() []part10.TestInstance {
	return part10.NewTestStudy([32]byte{7}, time.Unix(1_700_000_000, 0), 3)
}

func storeUsersStudy(t *testing.T) func(context.Context, func(context.Context) (net.Conn, error)) check.Check {
	return func(ctx context.Context, dial func(context.Context) (net.Conn, error)) check.Check {
		conn, err := dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		study := usersStudy()
		a, err := dicom.Associate(ctx, conn, dicom.Options{Calling: "A", Called: "B", Contexts: dicom.Propose(study[0].Meta)})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range study {
			if _, err := a.Store(ctx, i.Meta, bytes.NewReader(i.File[i.DataOffset:])); err != nil {
				t.Error(err)
			}
		}
		return check.Passed("stored")
	}
}

// TestFilesNeedConnection checks that sending is skipped if the files would not arrive.
func TestFilesNeedConnection(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.options.Files = &check.Files{}
	closedPort(&s.subject.DICOM)
	place := s.subject.DICOM
	subject := s.start(t)
	subject.DICOM = place
	for _, c := range Run(t.Context(), subject, s.options, nil) {
		if (c.Name == "dicom-store-files" || c.Name == "files-found") && (c.Outcome != check.Skip || c.After != "dicom-tcp") {
			t.Errorf("%+v", c)
		}
	}
}
