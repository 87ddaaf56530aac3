package render

import (
	"io"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var tenantColumns = []term.Column{
	{Heading: "TENANT", Keep: 99},
	{Heading: "STATUS", Keep: 98},
	{Heading: "LAYERS", Keep: 60},
	{Heading: "WAITING FOR", Keep: 97, Least: 36},
	{Heading: "WEB", Keep: 10},
	{Heading: "DICOM", Keep: 11},
	{Heading: "ADDRESS", Keep: 70},
	{Heading: "ORTHANC", Keep: 50},
	{Heading: "DATABASE", Keep: 40},
	{Heading: "CERT", Keep: 30},
	{Heading: "REVISION", Keep: 20},
	{Heading: "FOR", Keep: 80},
	{Heading: "NAMESPACE", WideOnly: true},
}

// statusColumn is the one that is coloured.
const statusColumn = 1

// Tenants prints one line for each tenant. now is the time that ages are counted to.
func Tenants(w io.Writer, statuses []tenant.Status, now time.Time, style term.Style) error {
	t := term.Table{Columns: tenantColumns}
	for _, s := range statuses {
		t.Rows = append(t.Rows, tenantCells(s, now))
	}
	return t.Write(w, style, paintTenant)
}

// ClusterTenants are the tenants of one of several clusters. Now is the time that ages are counted to.
type ClusterTenants struct {
	Cluster  string
	Statuses []tenant.Status
	Now      time.Time
}

// TenantsOfClusters prints one line for each tenant, with its cluster.
func TenantsOfClusters(w io.Writer, clusters []ClusterTenants, style term.Style) error {
	t := term.Table{Columns: withCluster(tenantColumns)}
	for _, c := range clusters {
		for _, s := range c.Statuses {
			t.Rows = append(t.Rows, append([]string{term.Clean(c.Cluster)}, tenantCells(s, c.Now)...))
		}
	}
	return t.Write(w, style, afterCluster(paintTenant))
}

// tenantCells are the cells of a tenant's line.
func tenantCells(s tenant.Status, now time.Time) []string {
	return []string{
		s.Name, string(s.Verdict.Status), layers(s), waiting(s),
		orNone(s.Web.Hosts), dicom(s.DICOM), orNone(s.Addresses),
		replicas(s.Orthanc), replicas(s.Database), certificateLeft(s, now),
		revision(s.Revision), Age(s.Verdict.Since, now),
		strings.Join(s.Namespaces, ","),
	}
}

func paintTenant(column int, cell, padded string) string {
	if column == statusColumn {
		return PaintStatus(health.Status(cell), padded)
	}
	return padded
}

// TenantFields are the cells of a tenant's line by their headings, for other layouts.
func TenantFields(s tenant.Status, now time.Time) map[string]string {
	return term.Fields(tenantColumns, tenantCells(s, now))
}
