package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// cleanUp removes the test study from every archive that has it, by the UIDs of its images,
// and verifies that none is left.
func (v *validation) cleanUp(ctx context.Context) check.Check {
	if !v.stored {
		return check.Skipped("nothing was stored")
	}
	uid := "Study Instance UID " + v.studyUID()
	if v.options.Keep {
		return check.Passed("the test study was kept", uid)
	}
	gone, left := v.removeEverywhere(ctx)
	if len(left) == 0 && len(gone) > 0 {
		return check.Passed("the test study was removed from " + strings.Join(gone, ", ") + "; none of it is left")
	}
	found := "the test study could not be removed"
	switch {
	case len(left) == 0:
		found = "the test study was not found, so it was not removed"
	case len(gone) > 0:
		found = "the test study was removed from " + strings.Join(gone, ", ") + ", but may still be in another archive"
	}
	c := check.Warned(check.CodeStudyRemains, found, "nothing of the test study is left", finding.Fix{
		Text:    "Find it in Orthanc's explorer and delete it there: patient " + part10.TestPatientName + ", ID " + v.study[0].PatientID + ". This command finds it",
		Command: escape.Command("curl --user admin --data %s %s/tools/lookup", v.studyUID(), v.web.Base),
	})
	c.Details = append(left, uid)
	return c
}

// removeEverywhere returns the tenants from whose archives the study was removed, and why
// others may still have it.
func (v *validation) removeEverywhere(ctx context.Context) (gone, left []string) {
	removed, err := v.remove(ctx, v.web, v.login)
	if !removed && len(v.found) == 0 && len(v.subject.Others) > 0 {
		v.queryOthers(ctx) // they have not been queried before
	}
	note := func(tenant string) {
		if err != nil {
			left = append(left, tenant+": "+check.DescribeError(err))
		} else if removed {
			gone = append(gone, tenant)
		}
	}
	note(v.subject.Tenant)
	for _, other := range v.subject.Others {
		if v.found[other.Tenant] == "" {
			continue
		}
		w := web.New(v.options, other)
		removed, err = v.remove(ctx, w, v.logins[other.Tenant])
		w.Close()
		note(other.Tenant)
	}
	return gone, left
}

// removals is how often a removal is tried, and the pauses between: the connection may
// be lost for a moment.
var removals = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 3, Steps: 5}

// remove removes the study from one tenant's archive, and reports whether the archive had
// it.
func (v *validation) remove(ctx context.Context, w *web.Client, login check.Credentials) (removed bool, err error) {
	err = ctx.Err() // which ends the loop before the first attempt
	_ = wait.ExponentialBackoffWithContext(ctx, removals, func(ctx context.Context) (bool, error) {
		done, failed := v.removeOnce(ctx, w, login)
		removed = removed || done
		if failed == nil || err == nil || ctx.Err() == nil {
			err = failed // an attempt that was cut short does not hide why the earlier ones failed
		}
		var answered *check.StatusError
		return err == nil || errors.As(err, &answered) && answered.Status < http.StatusInternalServerError, nil
	})
	return removed, err
}

// lateTimeout is how long an archive may take to keep an image whose answer was lost, and latePolls
// how often it is asked at least: it may be slow.
const lateTimeout, latePolls = time.Second, 10

// removeOnce removes what is stored until the archive reports that nothing is left. If the
// answer to C-STORE was lost, the image may be stored only now.
func (v *validation) removeOnce(ctx context.Context, w *web.Client, login check.Credentials) (removed bool, err error) {
	began, polls := time.Now(), 0
	_ = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		var done bool
		done, err = v.removeAll(ctx, w, login)
		removed = removed || done
		polls++
		return err != nil || !v.unanswered || polls >= latePolls && time.Since(began) > lateTimeout, nil
	})
	return removed, err
}

// removeAll deletes until the archive has nothing of the study, three times at most.
func (v *validation) removeAll(ctx context.Context, w *web.Client, login check.Credentials) (removed bool, err error) {
	for deletions := 0; ; deletions++ {
		paths, err := v.storedPaths(ctx, w, login)
		switch {
		case err != nil || len(paths) == 0:
			return removed, err
		case deletions == 3:
			return removed, fmt.Errorf("it still has %s after %d deletions", strings.Join(paths, ", "), deletions)
		}
		if err := deleteAll(ctx, w, paths, login); err != nil {
			return removed, err
		}
		removed = true
	}
}

// storedPaths is what an archive has of the test study, as paths of its REST API: the images
// by their UIDs, or else the study. An Orthanc that compresses with loss gives images UIDs
// of its own (IngestTranscoding), and the study has UIDs and a patient that no other has.
func (v *validation) storedPaths(ctx context.Context, w *web.Client, login check.Credentials) (paths []string, err error) {
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
	if err := decode(ctx, w, path, login, &study); err != nil {
		return nil, err
	}
	if study.MainDicomTags.StudyInstanceUID != v.studyUID() || study.PatientMainDicomTags.PatientID != v.study[0].PatientID {
		return nil, fmt.Errorf("%s is not the test study: nothing was deleted", path)
	}
	return []string{path}, nil
}

// deleteAll deletes the paths one at a time. With the last image Orthanc removes its
// series, study and patient.
func deleteAll(ctx context.Context, w *web.Client, paths []string, login check.Credentials) error {
	for _, path := range paths {
		status, _, err := w.Request(ctx, http.MethodDelete, path, nil, login)
		if err = check.OrStatus(err, status); err != nil && status != http.StatusNotFound {
			return fmt.Errorf("DELETE %s: %w", path, err)
		}
	}
	return nil
}
