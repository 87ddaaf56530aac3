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
)

// TestFiles stores a study of the user's over the connection that it is given, and
// asks for it with the question that it is given.
func TestFiles(t *testing.T) {
	t.Parallel()
	study := dicom.NewTestStudy([32]byte{7}, time.Now(), 3)
	for _, c := range []struct {
		about, statistics string
		lose, anonymous   bool
		want              string
		has               int
		err               string
	}{
		{"all there", `{"CountInstances":3}`, false, false, "files-found PASS", 3, ""},
		{"lost", "", true, false, "files-found PASS", 0, ""},
		{"an answer of something else", `{}`, false, false, "files-found PASS", 0, "something else than Orthanc's"},
		{"no password", "", false, true, "files-found SKIP", 0, ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := newTenant(t, "bhs")
			s.archive.lose = c.lose
			if c.anonymous {
				s.subject.Login = Credentials{}
			}
			s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/statistics") {
					_, _ = w.Write([]byte(c.statistics))
					return true
				}
				return false
			}
			var has int
			var err error
			s.options.Files = &Files{
				Store: func(ctx context.Context, dial func(context.Context) (net.Conn, error)) Check {
					conn, err := dial(ctx)
					if err != nil {
						t.Fatal(err)
					}
					a, err := dicom.Associate(ctx, conn, dicom.Options{Calling: "A", Called: "B", Contexts: dicom.Propose(study[0].Meta)})
					if err != nil {
						t.Fatal(err)
					}
					for _, i := range study {
						if _, err := a.Store(ctx, i.Meta, bytes.NewReader(i.File[i.DataOffset:])); err != nil {
							t.Error(err)
						}
					}
					return pass("stored")
				},
				Found: func(ctx context.Context, count func(context.Context, string) (int, error)) Check {
					has, err = count(ctx, study[0].StudyUID)
					return pass("asked")
				},
			}
			checks := s.run(t)
			var last []string
			for _, check := range checks[len(checks)-2:] {
				last = append(last, check.Name+" "+string(check.Outcome))
			}
			if got := strings.Join(last, ", "); got != "dicom-store-files PASS, "+c.want {
				t.Errorf("at last %s", got)
			}
			if has != c.has || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("counted %d, %v", has, err)
			}
			if !c.lose && s.archive.len() != len(study) {
				t.Errorf("%d images are left of the user's", s.archive.len())
			}
		})
	}
}

// TestFilesNeedAWay skips sending where nothing would arrive.
func TestFilesNeedAWay(t *testing.T) {
	t.Parallel()
	s := newTenant(t, "bhs")
	s.options.Files = &Files{}
	closedPort(&s.subject.DICOM)
	place := s.subject.DICOM
	subject := s.start(t)
	subject.DICOM = place
	for _, c := range Run(t.Context(), subject, s.options, nil) {
		if (c.Name == "dicom-store-files" || c.Name == "files-found") && (c.Outcome != Skip || c.After != "dicom-tcp") {
			t.Errorf("%+v", c)
		}
	}
}
