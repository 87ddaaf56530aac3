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

// cleanUp removes the test study from wherever it turned up, by the UIDs of its
// images, and looks that it is gone.
func (v *validation) cleanUp(ctx context.Context) Check {
	if !v.stored {
		return skip("nothing was stored")
	}
	uid := "Study Instance UID " + v.studyUID()
	if v.options.Keep {
		v.stillThere = testInstances
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
	if err == nil && !removed && len(v.found) == 0 && len(v.subject.Others) > 0 {
		v.lookInOthers(ctx) // the user had enough before anybody did
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

// attempts are the pauses before a failed removal is tried again: the connection may
// be lost for a moment.
var attempts = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second}

// remove removes the study from one tenant's archive, and tells whether it was there.
func (v *validation) remove(ctx context.Context, s Subject, login Credentials) (removed bool, err error) {
	w := newWeb(v.options, s)
	defer w.close()
	for _, pause := range attempts {
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

// settled is how long an archive may take to keep an image whose answer was lost.
const settled = time.Second

// removeOnce removes the images until the archive says that it has none of them. Where
// the answer to C-STORE was lost, the image may come only now.
func (v *validation) removeOnce(ctx context.Context, w *web, login Credentials) (removed bool, err error) {
	began := time.Now()
	for deletions := 0; ; {
		images, err := v.images(ctx, w, login)
		switch {
		case err != nil:
			return removed, err
		case len(images) == 0 && (!v.unanswered || time.Since(began) > settled):
			return removed, nil
		case len(images) == 0:
			if !sleep(ctx, 100*time.Millisecond) {
				return removed, nil
			}
		case deletions == 3:
			return removed, fmt.Errorf("it still has %d images after %d deletions", len(images), deletions)
		default:
			if err := deleteImages(ctx, w, images, login); err != nil {
				return removed, err
			}
			deletions++
			removed = true
		}
	}
}

// images are Orthanc's ids of those of the test study's images that an archive has.
func (v *validation) images(ctx context.Context, w *web, login Credentials) (ids []string, err error) {
	for _, image := range v.study {
		id, err := lookUp(ctx, w, "Instance", image.SOPInstance, login)
		if err != nil {
			return nil, err
		}
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// deleteImages deletes images one by one: with the last one Orthanc removes their
// series, study and patient, and nothing else can be hit.
func deleteImages(ctx context.Context, w *web, ids []string, login Credentials) error {
	for _, id := range ids {
		path := "/instances/" + url.PathEscape(id)
		status, _, err := w.ask(ctx, http.MethodDelete, path, nil, login)
		if err = orStatus(err, status); err != nil && status != http.StatusNotFound {
			return fmt.Errorf("DELETE %s: %w", path, err)
		}
	}
	return nil
}

// sleep pauses, and tells whether ctx lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
