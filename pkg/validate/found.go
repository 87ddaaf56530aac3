package validate

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// lookUp asks an Orthanc for its id of a "Study" or an "Instance", empty when it has
// none (Orthanc Book, /tools/lookup).
func lookUp(ctx context.Context, w *web, level, uid string, login Credentials) (string, error) {
	status, answer, err := w.ask(ctx, http.MethodPost, "/tools/lookup", strings.NewReader(uid), login)
	if err != nil {
		return "", err
	}
	if err := orStatus(nil, status); err != nil {
		return "", fmt.Errorf("/tools/lookup: %w", err)
	}
	var found []struct{ ID, Type string }
	if err := json.Unmarshal(answer, &found); err != nil {
		return "", fmt.Errorf("/tools/lookup answers something else than Orthanc's: %w", err)
	}
	for _, f := range found {
		if f.Type == level {
			return f.ID, nil
		}
	}
	return "", nil
}

// checkFound finds the study again: as many images, with the same pixels.
func (v *validation) checkFound(ctx context.Context) Check {
	if !v.stored {
		return skip("nothing was stored")
	}
	if !v.canAsk() {
		return skip(v.noLogin())
	}
	expected := fmt.Sprintf("the test study with %d images in this tenant's Orthanc", len(v.study))
	id, err := lookUp(ctx, v.web, "Study", v.studyUID(), v.login)
	if err != nil {
		return fail(codeWebOther, "asking Orthanc for the study failed: "+plain(err), expected, logFix(v.subject.Tenant))
	}
	v.found[v.subject.Tenant] = id
	if id == "" {
		return fail(codeStudyMissing, "Orthanc said that it stored the study, and this tenant's Orthanc does not have it", expected, finding.Fix{
			Text:    "See which tenant has it: Istio selects gateways by label across namespaces, and another tenant's Gateway may serve this port",
			Command: "kubectl get gateways.networking.istio.io -A",
		})
	}
	return v.comparePixels(ctx, id, expected)
}

func (v *validation) comparePixels(ctx context.Context, id, expected string) Check {
	status, answer, err := v.web.ask(ctx, http.MethodGet, "/studies/"+id+"/instances", nil, v.login)
	var has []struct {
		ID            string
		MainDicomTags struct{ SOPInstanceUID string }
	}
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(answer, &has)
	}
	if err = orStatus(err, status); err != nil {
		return fail(codeWebOther, "asking Orthanc for the study's images failed: "+plain(err), expected, logFix(v.subject.Tenant))
	}
	same := 0
	for _, instance := range v.study {
		for _, h := range has {
			if h.MainDicomTags.SOPInstanceUID != instance.SOPInstance {
				continue
			}
			status, pixels, err := v.web.ask(ctx, http.MethodGet, "/instances/"+h.ID+"/frames/0/raw", nil, v.login)
			if err = orStatus(err, status); err != nil {
				return fail(codeWebOther, "asking Orthanc for an image's pixels failed: "+plain(err), expected, logFix(v.subject.Tenant))
			}
			if sha256.Sum256(pixels) == instance.PixelSHA256 {
				same++
			}
		}
	}
	if len(has) != len(v.study) || same != len(has) {
		return fail(codeStudyDiffers, fmt.Sprintf("Orthanc has %d images of the study, %d of them with the pixels that were sent", len(has), same), expected,
			finding.Fix{Text: "See whether something between changes what it passes on, and whether Orthanc transcodes what it receives (IngestTranscoding)"})
	}
	return pass(fmt.Sprintf("found again in this tenant's Orthanc: %d images, every pixel the same", len(has)))
}
