package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Files are a user's own, to be stored in place of the test study. They are not
// removed again.
type Files struct {
	// Store sends them over connections to the tenant's DICOM place, each of which
	// dial opens for one association; for as long as it takes.
	Store func(ctx context.Context, dial func(context.Context) (net.Conn, error)) Check
	// Found asks with count for how many instances of a study the tenant's Orthanc
	// has, 0 where it does not know the study.
	Found func(ctx context.Context, count func(ctx context.Context, studyUID string) (int, error)) Check
}

// asLongAsItTakes is no limit for a check: what is waited for within has its own.
const asLongAsItTakes time.Duration = 1 << 62

// files stores a user's files and asks for them.
func (v *validation) files(ctx context.Context) {
	v.timeout = asLongAsItTakes
	v.do(ctx, "dicom-store-files", []string{"dicom-echo"}, func(ctx context.Context) Check {
		return v.options.Files.Store(ctx, v.dialDICOM)
	})
	v.do(ctx, "files-found", []string{"dicom-echo", "web-system"}, func(ctx context.Context) Check {
		if !v.canAsk() {
			return skip(v.noLogin())
		}
		return v.options.Files.Found(ctx, v.countInstances)
	})
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

// countInstances asks for a study's statistics (Orthanc Book, REST API,
// /studies/{id}/statistics).
func (v *validation) countInstances(ctx context.Context, studyUID string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, v.options.Timeout)
	defer cancel()
	id, err := lookUp(ctx, v.web, studyUID, v.login)
	if err != nil || id == "" {
		return 0, err
	}
	status, answer, err := v.web.ask(ctx, http.MethodGet, "/studies/"+id+"/statistics", nil, v.login)
	if err := orStatus(err, status); err != nil {
		return 0, fmt.Errorf("/studies/%s/statistics: %w", id, err)
	}
	var statistics struct{ CountInstances *int }
	if err := json.Unmarshal(answer, &statistics); err != nil || statistics.CountInstances == nil {
		return 0, fmt.Errorf("/studies/%s/statistics answers something else than Orthanc's", id)
	}
	return *statistics.CountInstances, nil
}
