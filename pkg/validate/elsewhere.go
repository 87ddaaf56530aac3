package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// checkElsewhere looks for the study in the Orthancs of other tenants: that a
// study of one lands with another is the worst that can happen.
func (v *validation) checkElsewhere(ctx context.Context) Check {
	if !v.stored {
		return skip("nothing was stored")
	}
	if len(v.subject.Others) == 0 {
		return skip("there is no other tenant to look at")
	}
	var clean, landed, unasked []string
	for _, other := range v.subject.Others {
		id, err := v.lookElsewhere(ctx, other)
		v.found[other.Tenant] = id
		switch {
		case err != nil:
			unasked = append(unasked, fmt.Sprintf("%s could not be asked: %s", other.Tenant, plain(err)))
		case id != "":
			landed = append(landed, other.Tenant)
		default:
			clean = append(clean, other.Tenant)
		}
	}
	if len(landed) > 0 {
		c := fail(codeStudyElsewhere, "a study sent to "+v.subject.Tenant+" landed with "+strings.Join(landed, ", "), "that no other tenant has it", finding.Fix{
			Text:    "Stop sending studies until it is mended: give each tenant's ingress a label of its own, and select it in the tenant's Gateways (spec.selector)",
			Command: "kubectl get gateways.networking.istio.io -A",
		})
		c.Details = unasked
		return c
	}
	if len(clean) == 0 {
		c := skip("no other tenant could be asked")
		c.Details = unasked
		return c
	}
	return pass("not with "+strings.Join(clean, ", "), unasked...)
}

func (v *validation) lookElsewhere(ctx context.Context, other Subject) (string, error) {
	if other.User == "" {
		other.User, other.Password = v.subject.User, v.subject.Password
	}
	if other.User == "" {
		return "", errors.New("no password was given")
	}
	if len(other.Authorities) == 0 && !v.options.Insecure {
		return "", fmt.Errorf("its authority is not known, and so not who would get the password: %s", other.Unread)
	}
	w := newWeb(v.options, other)
	defer w.close()
	return lookUp(ctx, w, v.studyUID())
}

// cleanUp removes the test study from wherever it turned up, and leaves nothing of
// it behind.
func (v *validation) cleanUp(ctx context.Context) Check {
	if !v.stored {
		return skip("nothing was stored")
	}
	uid := "Study Instance UID " + v.studyUID()
	if v.options.Keep {
		return pass("the test study was kept", uid)
	}
	var gone, left []string
	for _, s := range append([]Subject{v.subject}, v.subject.Others...) {
		removed, err := v.remove(ctx, s)
		if err != nil {
			left = append(left, s.Tenant+": "+plain(err))
		} else if removed {
			gone = append(gone, s.Tenant)
		}
	}
	if len(left) > 0 || len(gone) == 0 {
		found := "the test study could not be removed"
		switch {
		case len(left) == 0:
			found = "the test study was not found, and so not removed"
		case len(gone) > 0:
			found = "the test study was removed from " + strings.Join(gone, ", ") + ", and may be elsewhere"
		}
		c := warn(codeLeftBehind, found, "that nothing of the test is left", finding.Fix{
			Text: "Delete it in Orthanc's explorer: patient " + dicom.TestPatientName,
		})
		c.Details = append(left, uid)
		return c
	}
	return pass("the test study was removed from " + strings.Join(gone, ", "))
}

// remove deletes the study where it was found, and in the tenant's own Orthanc also
// where nobody has looked yet. It tells whether there was one.
func (v *validation) remove(ctx context.Context, s Subject) (bool, error) {
	if s.User == "" {
		s.User, s.Password = v.subject.User, v.subject.Password
	}
	w := newWeb(v.options, s)
	defer w.close()
	id, looked := v.found[s.Tenant]
	if !looked && s.Tenant == v.subject.Tenant {
		var err error
		if id, err = lookUp(ctx, w, v.studyUID()); err != nil {
			return false, err
		}
	}
	if id == "" {
		return false, nil
	}
	status, _, err := w.ask(ctx, http.MethodDelete, "/studies/"+id, nil, s.User, s.Password)
	if err = orStatus(err, status); err != nil {
		return false, fmt.Errorf("DELETE /studies/%s: %w", id, err)
	}
	return true, nil
}
