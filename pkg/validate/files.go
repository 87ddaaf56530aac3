package validate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Files are the user's files, which are stored after the test study has arrived in the
// right archive. They are not removed again.
type Files struct {
	// Size counts the files and their bytes; nil if that is not known.
	Size func(ctx context.Context) (files, bytes int64)
	// Store sends them over connections to the tenant's DICOM endpoint, each of which dial
	// opens for one association. It has no time limit.
	Store func(ctx context.Context, dial func(context.Context) (net.Conn, error)) Check
	// Found looks for the stored files in the tenant's archive and in those of the other
	// tenants.
	Found func(ctx context.Context, own Archive, others []Archive) Check
}

// Archive is the archive of one tenant, as far as it can be queried.
type Archive struct {
	// Tenant owns the archive, and Base is the address of its REST API: https://HOST.
	Tenant, Base string
	// Instances are Orthanc's ids of a study's instances, by SOP Instance UID; none
	// where the archive does not know the study.
	Instances func(ctx context.Context, studyUID string) (map[string]string, error)
}

// unlimited is the timeout of a check whose operations have their own timeouts.
const unlimited time.Duration = 1 << 62

// files stores the user's files and verifies that they are stored.
func (v *validation) files(ctx context.Context) {
	within := v.timeout
	v.timeout = unlimited
	v.do(ctx, "dicom-store-files", []string{"dicom-echo", "dicom-store", "study-found", "study-elsewhere"}, func(ctx context.Context) Check {
		if why := v.whyNotStored(); why != "" {
			return skip(why)
		}
		v.sentFiles = true
		return v.options.Files.Store(ctx, v.dialDICOM)
	})
	v.do(ctx, "files-found", []string{"dicom-echo", "web-system"}, func(ctx context.Context) Check {
		switch {
		case !v.sentFiles:
			return skip("nothing was stored")
		case !v.canQuery():
			return skip(v.whyNoLogin())
		}
		own := v.archive(v.web, func(context.Context) (Credentials, error) { return v.login, nil })
		var others []Archive
		for _, other := range v.subject.Others {
			w := newWeb(v.options, other)
			defer w.close()
			others = append(others, v.archive(w, func(ctx context.Context) (Credentials, error) { return v.loginOnce(ctx, other) }))
		}
		return v.options.Files.Found(ctx, own, others)
	})
	v.timeout = within
}

func (v *validation) dialDICOM(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, v.options.Timeout)
	defer cancel()
	conn, err := v.options.secure(ctx, v.subject, v.subject.DICOM)
	if err != nil {
		return nil, err // not a nil *tls.Conn
	}
	return conn, nil
}

// archive is a tenant's archive, queried with its own credentials.
func (v *validation) archive(w *web, login func(context.Context) (Credentials, error)) Archive {
	return Archive{Tenant: w.subject.Tenant, Base: w.base, Instances: func(ctx context.Context, studyUID string) (map[string]string, error) {
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
		return w.instances(ctx, id, with)
	}}
}

// loginOnce returns the credentials that the tenant was queried with before, or those of
// loginOf.
func (v *validation) loginOnce(ctx context.Context, other Subject) (Credentials, error) {
	if login, ok := v.logins[other.Tenant]; ok {
		return login, nil
	}
	return v.loginOf(ctx, other)
}

// maxInstances bounds the answer of a study's instances: Orthanc takes about a
// kilobyte for each, so this is some 250,000 of them.
const maxInstances = 256 << 20

// instances are Orthanc's ids of a study's instances, by SOP Instance UID (Orthanc
// Book, REST API, /studies/{id}/instances). The answer is read one by one.
func (w *web) instances(ctx context.Context, id string, login Credentials) (map[string]string, error) {
	path := "/studies/" + id + "/instances"
	has := map[string]string{}
	err := w.stream(ctx, path, login, maxInstances, func(r io.Reader) error {
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
