package check

import (
	"context"
	"net"
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
	// Instances are Orthanc's ids of a study's instances, by SOP Instance UID; none if the
	// archive does not have the study.
	Instances func(ctx context.Context, studyUID string) (map[string]string, error)
}
