package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// lookUp returns Orthanc's ID of a "Study" or an "Instance", empty if it has none (Orthanc
// Book, /tools/lookup).
func lookUp(ctx context.Context, w *web.Client, level, uid string, login check.Credentials) (string, error) {
	status, answer, err := w.Request(ctx, http.MethodPost, "/tools/lookup", strings.NewReader(uid), login)
	if err != nil {
		return "", err
	}
	if err := check.OrStatus(nil, status); err != nil {
		return "", fmt.Errorf("/tools/lookup: %w", err)
	}
	var found []struct{ ID, Type string }
	if err := json.Unmarshal(answer, &found); err != nil {
		return "", fmt.Errorf("the response of /tools/lookup is not Orthanc's: %w", err)
	}
	for _, f := range found {
		if f.Type == level {
			return f.ID, nil
		}
	}
	return "", nil
}

// checkFound verifies that the study is stored: as many images, with the same pixels.
func (v *validation) checkFound(ctx context.Context) check.Check {
	if !v.stored {
		return check.Skipped("nothing was stored")
	}
	if !v.canQuery() {
		return check.Skipped(v.whyNoLogin())
	}
	expected := fmt.Sprintf("the test study with %d images in this tenant's Orthanc", len(v.study))
	id, err := lookUp(ctx, v.web, "Study", v.studyUID(), v.login)
	if err != nil {
		return check.Failed(check.CodeNotOrthanc, "querying Orthanc for the study failed: "+check.DescribeError(err), expected, check.LogFix(v.subject.Tenant))
	}
	v.found[v.subject.Tenant] = id
	if id == "" {
		// The store was answered with success: otherwise this check is skipped. A filter of
		// Orthanc that discards an instance does not change the answer.
		return check.Failed(check.CodeStudyMissing, "Orthanc reported that it stored the study, but this tenant's Orthanc does not have it", expected, finding.Fix{
			Text: "Check which tenant has it: Istio selects gateways by label across namespaces, and another tenant's Gateway may serve this port; " +
				"if none has it, check whether Orthanc discards it: a filter in Lua or a plugin (ReceivedInstanceFilter), or a script that deletes it (OnStoredInstance)",
			Command: "kubectl get gateways.networking.istio.io -A",
		})
	}
	return v.compareStudy(ctx, id, expected)
}

// compareStudy compares each image that was sent with the one that Orthanc has.
func (v *validation) compareStudy(ctx context.Context, id, expected string) check.Check {
	status, answer, err := v.web.Request(ctx, http.MethodGet, "/studies/"+id+"/instances", nil, v.login)
	var has []storedImage
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(answer, &has)
	}
	if err = check.OrStatus(err, status); err != nil {
		return check.Failed(check.CodeNotOrthanc, "querying Orthanc for the study's images failed: "+check.DescribeError(err), expected, check.LogFix(v.subject.Tenant))
	}
	images := make([]comparison, len(v.study))
	for i, instance := range v.study {
		stored, renamed := match(has, instance.SOPInstance, i+1)
		if stored == nil {
			continue
		}
		if images[i], err = v.comparePixels(ctx, stored.ID, instance); err != nil {
			return check.Failed(check.CodeNotOrthanc, "querying Orthanc for an image's pixels failed: "+check.DescribeError(err), expected, check.LogFix(v.subject.Tenant))
		}
		if images[i].renamed = renamed; renamed && images[i].likeness != similarPixels {
			images[i].likeness = otherPixels
		}
	}
	return judgePixels(len(has), images, expected)
}

// storedImage is an element of /studies/{id}/instances.
type storedImage struct {
	ID            string
	MainDicomTags struct{ SOPInstanceUID, InstanceNumber string }
}

// match finds the image that was sent with a SOP Instance UID, or else the one with its
// number: DCMTK, and so Orthanc, gives an image that it compresses with loss a new UID.
func match(has []storedImage, uid string, number int) (stored *storedImage, renamed bool) {
	for i := range has {
		if has[i].MainDicomTags.SOPInstanceUID == uid {
			return &has[i], false
		}
	}
	for i := range has {
		if strings.TrimSpace(has[i].MainDicomTags.InstanceNumber) == strconv.Itoa(number) {
			return &has[i], true
		}
	}
	return nil, false
}
