package render

import (
	"io"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var tenantColumns = []column{
	{heading: "TENANT", keep: 99},
	{heading: "STATUS", keep: 98},
	{heading: "LAYERS", keep: 60},
	{heading: "WAITING FOR", keep: 97, least: 36},
	{heading: "WEB", keep: 10},
	{heading: "DICOM", keep: 11},
	{heading: "ADDRESS", keep: 70},
	{heading: "ORTHANC", keep: 50},
	{heading: "DATABASE", keep: 40},
	{heading: "CERT", keep: 30},
	{heading: "REVISION", keep: 20},
	{heading: "SINCE", keep: 80},
	{heading: "NAMESPACE", wideOnly: true},
}

// statusColumn is the one that is coloured.
const statusColumn = 1

// Tenants prints one line for each tenant. now is the time that ages are counted to.
func Tenants(w io.Writer, statuses []tenant.Status, now time.Time, style Style) error {
	t := table{columns: tenantColumns}
	for _, s := range statuses {
		t.rows = append(t.rows, []string{
			s.Name, string(s.Verdict.Status), layers(s), waiting(s),
			orNone(s.Web.Hosts), dicom(s.DICOM), orNone(s.Addresses),
			replicas(s.Orthanc), replicas(s.Database), certificateLeft(s, now),
			revision(s.Revision), age(s.Verdict.Since, now),
			strings.Join(s.Namespaces, ","),
		})
	}
	return t.write(w, style, func(column int, cell, padded string) string {
		if column == statusColumn {
			return paintStatus(health.Status(cell), padded)
		}
		return padded
	})
}
