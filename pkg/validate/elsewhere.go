package validate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

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
	for i, r := range v.lookInOthers(ctx) {
		other := v.subject.Others[i].Tenant
		v.found[other], v.logins[other] = r.id, r.login
		switch {
		case r.err != nil:
			unasked = append(unasked, fmt.Sprintf("%s could not be asked: %s", other, plain(r.err)))
		case r.id != "":
			landed = append(landed, other)
		default:
			clean = append(clean, other)
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
		return skip("no other tenant could be asked: " + strings.Join(unasked, "; "))
	}
	return pass(strings.Join(append([]string{"not with " + strings.Join(clean, ", ")}, unasked...), "; "))
}

// sighting is what one other tenant's Orthanc has answered.
type sighting struct {
	id    string
	login Credentials
	err   error
}

// atOnce is how many other tenants are asked at the same time: one that is silent
// takes no time from the others.
const atOnce = 16

// lookInOthers asks all other tenants, and returns their answers in their order.
func (v *validation) lookInOthers(ctx context.Context) []sighting {
	answers := make([]sighting, len(v.subject.Others))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, other := range v.subject.Others {
		group.Go(func() error {
			answers[i] = v.lookElsewhere(ctx, other)
			return nil
		})
	}
	_ = group.Wait() // the errors are in the answers
	return answers
}

// lookElsewhere asks one other tenant, with its own password or without any.
func (v *validation) lookElsewhere(ctx context.Context, other Subject) (s sighting) {
	if len(other.Authorities) == 0 && !v.options.Insecure {
		s.err = fmt.Errorf("who would answer can't be verified: %w", unknownCA(other))
		return s
	}
	s.login = other.Login
	if !s.login.Given() && other.FetchLogin != nil {
		if s.login, s.err = other.FetchLogin(ctx); s.err != nil {
			return s
		}
	}
	w := newWeb(v.options, other)
	defer w.close()
	s.id, s.err = lookUp(ctx, w, v.studyUID(), s.login)
	var refused *statusError
	if !s.login.Given() && errors.As(s.err, &refused) && refused.status == http.StatusUnauthorized {
		s.err = errors.New("it asks for a password, and none of its own was given: see --other-password-secret")
	}
	return s
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
	login := v.login
	if s.Tenant != v.subject.Tenant {
		login = v.logins[s.Tenant]
	}
	w := newWeb(v.options, s)
	defer w.close()
	id, looked := v.found[s.Tenant]
	if !looked && s.Tenant == v.subject.Tenant {
		var err error
		if id, err = lookUp(ctx, w, v.studyUID(), login); err != nil {
			return false, err
		}
	}
	if id == "" {
		return false, nil
	}
	status, _, err := w.ask(ctx, http.MethodDelete, "/studies/"+id, nil, login)
	if err = orStatus(err, status); err != nil {
		return false, fmt.Errorf("DELETE /studies/%s: %w", id, err)
	}
	return true, nil
}
