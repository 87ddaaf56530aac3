package validate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// unlimited is the timeout of a check whose operations have their own timeouts.
const unlimited time.Duration = 1 << 62

// files stores the user's files and verifies that they are stored.
func (v *validation) files(ctx context.Context) {
	within := v.Timeout
	v.Timeout = unlimited
	v.Do(ctx, "dicom-store-files", []string{"dicom-echo", "dicom-store", "study-found", "study-elsewhere"}, func(ctx context.Context) check.Check {
		if why := v.whyNotStored(); why != "" {
			return check.Skipped(why)
		}
		v.sentFiles = true
		return v.options.Files.Store(ctx, v.dialDICOM)
	})
	v.Do(ctx, "files-found", []string{"dicom-echo", "web-system"}, func(ctx context.Context) check.Check {
		switch {
		case !v.sentFiles:
			return check.Skipped("nothing was stored")
		case !v.canQuery():
			return check.Skipped(v.whyNoLogin())
		}
		own := v.archive(v.web, func(context.Context) (check.Credentials, error) { return v.login, nil })
		var others []check.Archive
		for _, other := range v.subject.Others {
			w := web.New(v.options, other)
			defer w.Close()
			others = append(others, v.archive(w, func(ctx context.Context) (check.Credentials, error) { return v.loginOnce(ctx, other) }))
		}
		return v.options.Files.Found(ctx, own, others)
	})
	v.Timeout = within
}

func (v *validation) dialDICOM(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, v.options.Timeout)
	defer cancel()
	conn, err := v.options.Secure(ctx, v.subject, v.subject.DICOM)
	if err != nil {
		return nil, err // not a nil *tls.Conn
	}
	return conn, nil
}

// archive is a tenant's archive, queried with its own credentials.
func (v *validation) archive(w *web.Client, login func(context.Context) (check.Credentials, error)) check.Archive {
	return check.Archive{Tenant: w.Subject.Tenant, Base: w.Base, Instances: func(ctx context.Context, studyUID string) (map[string]string, error) {
		ctx, cancel := context.WithTimeout(ctx, v.options.Timeout)
		defer cancel()
		with, err := login(ctx)
		if err != nil {
			return nil, err
		}
		id, err := lookUp(ctx, w, "Study", studyUID, with)
		if err != nil || id == "" {
			return nil, err
		}
		return instances(ctx, w, id, with)
	}}
}

// loginOnce returns the credentials that the tenant was queried with before, or those of
// loginOf.
func (v *validation) loginOnce(ctx context.Context, other check.Subject) (check.Credentials, error) {
	if login, ok := v.logins[other.Tenant]; ok {
		return login, nil
	}
	return v.loginOf(ctx, other)
}

// maxInstances bounds the answer of a study's instances: Orthanc returns about a kilobyte
// for each, so this is some 250,000 of them.
const maxInstances = 256 << 20

// instances are Orthanc's ids of a study's instances, by SOP Instance UID (Orthanc
// Book, REST API, /studies/{id}/instances). The answer is read one by one.
func instances(ctx context.Context, w *web.Client, id string, login check.Credentials) (map[string]string, error) {
	path := "/studies/" + id + "/instances"
	has := map[string]string{}
	err := w.Stream(ctx, path, login, maxInstances, func(r io.Reader) error {
		decoder := json.NewDecoder(r)
		if open, err := decoder.Token(); err != nil || open != json.Delim('[') {
			return errors.New("it is not a list")
		}
		for decoder.More() {
			var instance struct {
				ID            string
				MainDicomTags struct{ SOPInstanceUID string }
			}
			if err := decoder.Decode(&instance); err != nil {
				return err
			}
			has[instance.MainDicomTags.SOPInstanceUID] = instance.ID
		}
		_, err := decoder.Token()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return has, nil
}
