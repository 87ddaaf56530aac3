package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// cleanUp removes the test study from every archive that has it, by the UIDs of its images,
// and verifies that none is left.
func (v *validation) cleanUp(ctx context.Context) Check {
	if !v.stored {
		return skip("nothing was stored")
	}
	uid := "Study Instance UID " + v.studyUID()
	if v.options.Keep {
		return pass("the test study was kept", uid)
	}
	gone, left := v.removeEverywhere(ctx)
	if len(left) == 0 && len(gone) > 0 {
		return pass("the test study was removed from " + strings.Join(gone, ", ") + "; none of it is left")
	}
	found := "the test study could not be removed"
	switch {
	case len(left) == 0:
		found = "the test study was not found, so it was not removed"
	case len(gone) > 0:
		found = "the test study was removed from " + strings.Join(gone, ", ") + ", but may still be in another archive"
	}
	c := warn(codeStudyRemains, found, "nothing of the test study is left", finding.Fix{
		Text:    "Find it in Orthanc's explorer and delete it there: patient " + dicom.TestPatientName + ", ID " + v.study[0].PatientID + ". This command finds it",
		Command: escape.Command("curl --user admin --data %s %s/tools/lookup", v.studyUID(), v.web.base),
	})
	c.Details = append(left, uid)
	return c
}

// removeEverywhere returns the tenants from whose archives the study was removed, and why
// others may still have it.
func (v *validation) removeEverywhere(ctx context.Context) (gone, left []string) {
	removed, err := v.remove(ctx, v.subject, v.login)
	if !removed && len(v.found) == 0 && len(v.subject.Others) > 0 {
		v.queryOthers(ctx) // they have not been queried before
	}
	note := func(tenant string) {
		if err != nil {
			left = append(left, tenant+": "+describeError(err))
		} else if removed {
			gone = append(gone, tenant)
		}
	}
	note(v.subject.Tenant)
	for _, other := range v.subject.Others {
		if v.found[other.Tenant] == "" {
			continue
		}
		removed, err = v.remove(ctx, other, v.logins[other.Tenant])
		note(other.Tenant)
	}
	return gone, left
}

// retryPauses are the pauses before a failed removal is retried: the connection may be lost
// temporarily.
var retryPauses = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second}

// remove removes the study from one tenant's archive, and reports whether the archive had
// it.
func (v *validation) remove(ctx context.Context, s Subject, login Credentials) (removed bool, err error) {
	w := newWeb(v.options, s)
	defer w.close()
	for _, pause := range retryPauses {
		var done bool
		done, err = v.removeOnce(ctx, w, login)
		removed = removed || done
		var answered *statusError
		if err == nil || errors.As(err, &answered) && answered.status < http.StatusInternalServerError {
			return removed, err
		}
		if !sleep(ctx, pause) {
			return removed, err
		}
	}
	return removed, err
}

// lateTimeout is how long an archive may take to keep an image whose answer was lost.
const lateTimeout = time.Second

// removeOnce removes what is stored until the archive reports that nothing is left. If the
// answer to C-STORE was lost, the image may be stored only now.
func (v *validation) removeOnce(ctx context.Context, w *web, login Credentials) (removed bool, err error) {
	began := time.Now()
	for deletions := 0; ; {
		paths, err := v.storedPaths(ctx, w, login)
		switch {
		case err != nil:
			return removed, err
		case len(paths) == 0 && (!v.unanswered || time.Since(began) > lateTimeout):
			return removed, nil
		case len(paths) == 0:
			if !sleep(ctx, 100*time.Millisecond) {
				return removed, nil
			}
		case deletions == 3:
			return removed, fmt.Errorf("it still has %s after %d deletions", strings.Join(paths, ", "), deletions)
		default:
			if err := deleteAll(ctx, w, paths, login); err != nil {
				return removed, err
			}
			deletions++
			removed = true
		}
	}
}

// storedPaths is what an archive has of the test study, as paths of its REST API: the images
// by their UIDs, or else the study. An Orthanc that compresses with loss gives images UIDs
// of its own (IngestTranscoding), and the study has UIDs and a patient that no other has.
func (v *validation) storedPaths(ctx context.Context, w *web, login Credentials) (paths []string, err error) {
	for _, image := range v.study {
		id, err := lookUp(ctx, w, "Instance", image.SOPInstance, login)
		if err != nil {
			return nil, err
		}
		if id != "" {
			paths = append(paths, "/instances/"+url.PathEscape(id))
		}
	}
	if len(paths) > 0 {
		return paths, nil
	}
	id, err := lookUp(ctx, w, "Study", v.studyUID(), login)
	if err != nil || id == "" {
		return nil, err
	}
	var study struct {
		MainDicomTags        struct{ StudyInstanceUID string }
		PatientMainDicomTags struct{ PatientID string }
	}
	path := "/studies/" + url.PathEscape(id)
	if err := w.decode(ctx, path, login, &study); err != nil {
		return nil, err
	}
	if study.MainDicomTags.StudyInstanceUID != v.studyUID() || study.PatientMainDicomTags.PatientID != v.study[0].PatientID {
		return nil, fmt.Errorf("%s is not the test study: nothing was deleted", path)
	}
	return []string{path}, nil
}

// deleteAll deletes the paths one at a time. With the last image Orthanc removes its
// series, study and patient.
func deleteAll(ctx context.Context, w *web, paths []string, login Credentials) error {
	for _, path := range paths {
		status, _, err := w.request(ctx, http.MethodDelete, path, nil, login)
		if err = orStatus(err, status); err != nil && status != http.StatusNotFound {
			return fmt.Errorf("DELETE %s: %w", path, err)
		}
	}
	return nil
}

// sleep pauses, and reports whether ctx is still valid.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
