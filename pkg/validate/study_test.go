package validate

import (
	"net/http"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// outcome is the expected result of one check.
type outcome struct {
	name    string
	outcome check.Outcome
	code    finding.Code
	message string // in the finding, or a detail
}

// wrong is a password that the tenant's Orthanc rejects.
func wrong(tenant string) check.Credentials { return check.NewCredentials(tenant, "admin", "wrong") }

// TestStudyDestination has two other tenants, ahs and mhr.
func TestStudyDestination(t *testing.T) {
	t.Parallel()
	noDelete := func(_ http.ResponseWriter, r *http.Request) bool { return r.Method == http.MethodDelete }
	refuse := func(w http.ResponseWriter, r *http.Request) bool {
		if noDelete(w, r) {
			w.WriteHeader(http.StatusForbidden)
		}
		return noDelete(w, r)
	}
	for _, c := range []struct {
		about  string
		change func(bhs, ahs, mhr *setup)
		want   []outcome
		// left is the number of images that remain, in any archive.
		left int
	}{
		{about: "with its own alone", want: []outcome{
			{"dicom-store", check.Pass, "", "stored a test study of 2 images"}, {"study-found", check.Pass, "", "all pixels identical"},
			{"study-elsewhere", check.Pass, "", "not in the archive of ahs, mhr"}, {"clean-up", check.Pass, "", "removed from bhs"}}},
		{about: "with another alone", change: func(bhs, _, mhr *setup) { bhs.archive.into = mhr.archive }, want: []outcome{
			{"study-found", check.Fail, check.CodeStudyMissing, "this tenant's Orthanc does not have it"},
			{"study-elsewhere", check.Fail, check.CodeStudyMisrouted, "a study sent to bhs is in the archive of mhr"}, {"clean-up", check.Pass, "", "removed from mhr"}}},
		{about: "nobody knows where", change: func(bhs, _, _ *setup) { bhs.archive.lose = true }, want: []outcome{
			{"study-elsewhere", check.Pass, "", "not in the archive of"}, {"clean-up", check.Warn, check.CodeStudyRemains, "was not found, so it was not removed"}}},
		{about: "another tenant can't be asked", change: func(_, _, mhr *setup) { mhr.subject.Login = wrong("mhr") }, want: []outcome{
			{"study-elsewhere", check.Pass, "", "mhr could not be queried: /tools/lookup: it returns 401 Unauthorized"}, {"clean-up", check.Pass, "", "removed from bhs"}}},
		{about: "no other tenant can be asked", change: func(_, ahs, mhr *setup) { ahs.subject.Login, mhr.subject.Login = wrong("ahs"), wrong("mhr") }, want: []outcome{
			{"study-elsewhere", check.Skip, "", "no other tenant could be queried"}}},
		{about: "another tenant's own password is not known", change: func(_, _, mhr *setup) { mhr.subject.Login = check.Credentials{} }, want: []outcome{
			{"study-elsewhere", check.Pass, "", "not in the archive of ahs; mhr could not be queried: it requires a password, and none was given for it: see --other-password-secret"}}},
		{about: "it can't be removed", change: func(bhs, _, _ *setup) { bhs.archive.instead = refuse }, left: 2, want: []outcome{
			{"clean-up", check.Warn, check.CodeStudyRemains, "it returns 403 Forbidden"}}},
		{about: "it is to be kept", change: func(bhs, _, _ *setup) { bhs.options.Keep = true }, left: 2, want: []outcome{
			{"clean-up", check.Pass, "", "the test study was kept"}}},
		{about: "stored with warnings", change: func(bhs, _, _ *setup) { bhs.peer.store = func(int) uint16 { return 0xB000 } }, want: []outcome{
			{"dicom-store", check.Warn, check.CodeStoreWarning, "coercion of data elements"}, {"study-found", check.Pass, "", ""}, {"clean-up", check.Pass, "", ""}}},
		{about: "no password, and not the default's", change: func(bhs, _, _ *setup) { bhs.subject.Login = check.Credentials{} }, want: []outcome{
			{"web-page", check.Pass, "", "requires a password"}, {"web-system", check.Skip, "", "no password"}, {"archive-limits", check.Skip, "", "there is no password for Orthanc's web interface"}, {"dicom-store", check.Skip, "", "use --store to store anyway"},
			{"study-found", check.Skip, "", "nothing was stored"}, {"study-elsewhere", check.Skip, "", "nothing was stored"}, {"clean-up", check.Skip, "", "nothing was stored"}}},
		{about: "no password, to be kept", change: func(bhs, _, _ *setup) {
			bhs.subject.Login, bhs.options.Keep = check.Credentials{}, true
		}, want: []outcome{{"dicom-store", check.Skip, "", "--store"}}},
		{about: "no password, to be stored and kept", change: func(bhs, _, _ *setup) {
			bhs.subject.Login, bhs.options.Keep, bhs.options.Store = check.Credentials{}, true, true
		}, left: 2, want: []outcome{{"dicom-store", check.Pass, "", ""}, {"study-found", check.Skip, "", "no password"}, {"clean-up", check.Pass, "", "was kept"}}},
		{about: "no password, and the default's is taken", change: func(bhs, _, _ *setup) {
			bhs.subject.Login, bhs.archive.passwords = check.Credentials{}, map[string]string{"admin": "orthanc"}
		}, want: []outcome{{"web-default-password", check.Warn, check.CodeDefaultPassword, "anyone can sign in as admin"}, {"web-system", check.Pass, "", "Orthanc 1.12.4, AE title ORTHANC"},
			{"study-found", check.Pass, "", ""}, {"clean-up", check.Pass, "", "removed from bhs"}}},
		{about: "nobody is asked for a password", change: func(bhs, _, _ *setup) {
			bhs.subject.Login, bhs.archive.open = check.Credentials{}, true
		}, want: []outcome{{"web-default-password", check.Warn, check.CodeNoPassword, "Orthanc requires no password"}, {"study-found", check.Pass, "", ""}, {"clean-up", check.Pass, "", ""}}},
		{about: "another tenant's authority is not known", change: func(_, _, mhr *setup) {
			mhr.subject.CAs, mhr.subject.CAUnread = nil, "you may not read it"
		}, want: []outcome{{"study-elsewhere", check.Pass, "", "mhr could not be queried: the server can't be verified: its CA is not known: you may not read it"}}},
		{about: "the web is broken", change: func(bhs, _, _ *setup) { bhs.subject.Login = wrong("bhs") }, want: []outcome{
			{"dicom-echo", check.Pass, "", ""}, {"dicom-store", check.Skip, "", "stored images could be neither found nor removed again: web-page failed"}, {"clean-up", check.Skip, "", "nothing was stored"}}},
		{about: "the web is broken, DICOM leads to another, and it goes on all the same", change: func(bhs, _, mhr *setup) {
			bhs.subject.Login, bhs.archive.into, bhs.options.Store = wrong("bhs"), mhr.archive, true
		}, want: []outcome{{"dicom-store", check.Pass, "", ""}, {"study-found", check.Skip, "", ""}, {"study-elsewhere", check.Fail, check.CodeStudyMisrouted, "is in the archive of mhr"},
			{"clean-up", check.Warn, check.CodeStudyRemains, "removed from mhr, but may still be in another archive"}}},
		{about: "the default password can't be tried", change: func(bhs, _, _ *setup) {
			bhs.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				_, password, _ := r.BasicAuth()
				if password == web.DefaultPassword {
					w.WriteHeader(http.StatusTooManyRequests)
				}
				return password == web.DefaultPassword
			}
		}, want: []outcome{{"web-default-password", check.Skip, "", "429 Too Many Requests"}, {"study-found", check.Pass, "", ""}}},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			bhs, ahs, mhr := newTenant(t, "bhs"), newTenant(t, "ahs"), newTenant(t, "mhr")
			if c.change != nil {
				c.change(bhs, ahs, mhr)
			}
			bhs.subject.Others = []check.Subject{ahs.start(t), mhr.start(t)}
			checks := bhs.run(t)
			for _, want := range c.want {
				got := named(t, checks, want.name)
				if got.Outcome != want.outcome || got.Code != want.code || !strings.Contains(got.Found+"\n"+strings.Join(got.Details, "\n"), want.message) {
					t.Errorf("%+v", got)
				}
			}
			if n := bhs.archive.len() + ahs.archive.len() + mhr.archive.len(); n != c.left {
				t.Errorf("%d images are left, not %d:\n%s", n, c.left, verdicts(checks))
			}
		})
	}
}
