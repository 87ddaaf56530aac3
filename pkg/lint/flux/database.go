package flux

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// databases are charts of databases, and what their templates append to the name of the
// release for the StatefulSet with the data (Bitnami's charts, common.names.fullname: the name
// of the chart is omitted if the name of the release contains it).
var databases = map[string]string{
	"postgresql-ha": "-postgresql",
	"postgresql":    "",
	"mysql":         "",
	"mariadb":       "",
}

// isDatabase reports whether a release has the chart of a database.
func isDatabase(release *cluster.Object) bool {
	_, ok := databases[object.Text(release.Unstructured.Object, "spec", "chart", "spec", "chart")]
	return ok
}

var databaseUncovered = &rule.Rule{
	Code: "OW1906", Name: "database-uncovered", Severity: finding.Warning,
	Title: "No health check covers the database of a release",
	Object: func(c *rule.Context, o *cluster.Object) {
		chart := object.Text(o.Unstructured.Object, "spec", "chart", "spec", "chart")
		suffix, ok := databases[chart]
		if !ok || o.By == nil || len(checks(o.By)) == 0 || o.Ref().GroupKind() != object.HelmReleaseKind {
			return
		}
		if slices.ContainsFunc(checks(o.By), func(check object.Ref) bool {
			return check.GroupKind() == object.StatefulSetKind && check.Namespace == o.GetNamespace()
		}) {
			return
		}
		name := o.GetName()
		if !strings.Contains(name, chart) {
			name += "-" + chart
		}
		set := object.Ref{Kind: object.StatefulSetKind.Kind, Name: name + suffix}
		c.Report(o, "metadata.name", fmt.Sprintf("no health check covers its database, %s, so the layer stays Ready while the database is down", set),
			inFile(o.By.File(), "Add the StatefulSet to spec.healthChecks of the layer"))
	},
}
