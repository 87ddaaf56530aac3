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

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// cleanUp removes the test study from wherever it turned up, by the UIDs of its
// images, and looks that it is gone.
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
		return pass("the test study was removed from " + strings.Join(gone, ", ") + ", and is gone")
	}
	found := "the test study could not be removed"
	switch {
	case len(left) == 0:
		found = "the test study was not found, and so not removed"
	case len(gone) > 0:
		found = "the test study was removed from " + strings.Join(gone, ", ") + ", and may be elsewhere"
	}
	c := warn(codeLeftBehind, found, "that nothing of the test is left", finding.Fix{
		Text:    "Look for it in Orthanc's explorer and delete it there: patient " + dicom.TestPatientName + ", ID " + v.study[0].PatientID + ". This finds it",
		Command: escape.Command("curl --user admin --data %s %s/tools/lookup", v.studyUID(), v.web.base),
	})
	c.Details = append(left, uid)
	return c
}

// removeEverywhere returns the tenants that it was removed from, and why it may still
// be with others.
func (v *validation) removeEverywhere(ctx context.Context) (gone, left []string) {
	removed, err := v.remove(ctx, v.subject, v.login)
	if !removed && len(v.found) == 0 && len(v.subject.Others) > 0 {
		v.lookInOthers(ctx) // nothing has looked there before
	}
	note := func(tenant string) {
		if err != nil {
			left = append(left, tenant+": "+plain(err))
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

// removals is how often a removal is tried, and the pauses between: the connection may
// be lost for a moment.
var removals = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 3, Steps: 5}

// remove removes the study from one tenant's archive, and tells whether it was there.
func (v *validation) remove(ctx context.Context, s Subject, login Credentials) (removed bool, err error) {
	w := newWeb(v.options, s)
	defer w.close()
	err = ctx.Err() // which ends the loop before the first attempt
	_ = wait.ExponentialBackoffWithContext(ctx, removals, func(ctx context.Context) (bool, error) {
		var done bool
		done, err = v.removeOnce(ctx, w, login)
		removed = removed || done
		var answered *statusError
		return err == nil || errors.As(err, &answered) && answered.status < http.StatusInternalServerError, nil
	})
	return removed, err
}

// settled is how long an archive may take to keep an image whose answer was lost.
const settled = time.Second

// removeOnce removes what there is until the archive says that there is nothing left.
// Where the answer to C-STORE was lost, the image may come only now.
func (v *validation) removeOnce(ctx context.Context, w *web, login Credentials) (removed bool, err error) {
	began := time.Now()
	_ = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		var done bool
		done, err = v.removeAll(ctx, w, login)
		removed = removed || done
		return err != nil || !v.unanswered || time.Since(began) > settled, nil
	})
	return removed, err
}

// removeAll deletes until the archive has nothing of the study, three times at most.
func (v *validation) removeAll(ctx context.Context, w *web, login Credentials) (removed bool, err error) {
	for deletions := 0; ; deletions++ {
		there, err := v.there(ctx, w, login)
		switch {
		case err != nil || len(there) == 0:
			return removed, err
		case deletions == 3:
			return removed, fmt.Errorf("it still has %s after %d deletions", strings.Join(there, ", "), deletions)
		}
		if err := deleteAll(ctx, w, there, login); err != nil {
			return removed, err
		}
		removed = true
	}
}

// there is what an archive has of the test study, as paths of its REST API: the images
// by their UIDs, or else the study. An Orthanc that compresses with loss gives images UIDs
// of its own (IngestTranscoding), and the study has UIDs and a patient that no other has.
func (v *validation) there(ctx context.Context, w *web, login Credentials) (paths []string, err error) {
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

// deleteAll deletes one by one. With the last image Orthanc removes its series, study and
// patient.
func deleteAll(ctx context.Context, w *web, paths []string, login Credentials) error {
	for _, path := range paths {
		status, _, err := w.ask(ctx, http.MethodDelete, path, nil, login)
		if err = orStatus(err, status); err != nil && status != http.StatusNotFound {
			return fmt.Errorf("DELETE %s: %w", path, err)
		}
	}
	return nil
}
