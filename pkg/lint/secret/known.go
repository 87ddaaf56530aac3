package secret

import (
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var defaultCredentials = &rule.Rule{
	Code: "OW4912", Name: "default-credentials", Severity: finding.Critical,
	Title: "A password is publicly known",
	Object: func(c *rule.Context, o *cluster.Object) {
		if encrypted(c, o) {
			return
		}
		for _, found := range credentials(c, o) {
			if isKnown(found) && !found.unused {
				c.ReportAt(found.at, o, whyKnown(found), replaceKnown(c, found))
			}
		}
	},
}

// whyKnown is what a password is, and who can use it.
func whyKnown(found credential) string {
	switch {
	case found.server != "":
		origin := "a default that is publicly known"
		if chart, ok := chartDefaults[found.value]; ok {
			origin = "the default of its chart " + chart.name
		}
		return fmt.Sprintf("%s is the password for %s, and %s: any client that reaches %s can sign in", found.what, found.server, origin, found.server)
	case found.own:
		return found.what + " is a default that is publicly known: any client that reaches the server can sign in"
	}
	return found.what + " is a default that is publicly known, and among the first that attackers try"
}

// replaceKnown is how to replace a password: first on the server that accepts it.
func replaceKnown(c *rule.Context, found credential) finding.Fix {
	if found.server == "" {
		return inFile(found.at.File, "Set a random password in a Secret that is encrypted, and change it on the server")
	}
	chart, ok := chartDefaults[found.value]
	if !ok {
		return inFile(found.at.File, fmt.Sprintf("Set a random password for %s, in a Secret that is encrypted, and reference the Secret here", found.server))
	}
	for _, release := range c.OfKind(object.HelmReleaseKind) {
		if object.Text(release.Unstructured.Object, "spec", "chart", "spec", "chart") == chart.name {
			return inFile(release.File(), fmt.Sprintf("In the values of HelmRelease %s/%s, set %s to a Secret that is encrypted and has a random password; then reference the Secret in %s",
				release.GetNamespace(), release.GetName(), chart.field, found.at.File))
		}
	}
	return inFile(found.at.File, fmt.Sprintf("In the values of chart %s, set %s to a Secret that is encrypted and has a random password; then reference the Secret here", chart.name, chart.field))
}

// chartDefaults are passwords that only one chart has, and the field of its values that takes a
// Secret (kube-prometheus-stack 55.5.0, values.yaml, and its chart grafana).
var chartDefaults = map[string]struct{ name, field string }{
	"prom-operator": {"kube-prometheus-stack", "grafana.admin.existingSecret"},
}

// otherServer is the server for which the password at a place in values is, if the place tells it:
// "cr.spec.external_services.grafana.auth.password" of Kiali, "externalDatabase.password" of
// Bitnami's charts.
func otherServer(place string) string {
	steps := strings.Split(place, ".")
	for i, step := range steps[:len(steps)-1] {
		switch step {
		case "external_services":
			if name, ok := programs[steps[i+1]]; ok {
				return name
			}
			return steps[i+1]
		case "externalDatabase":
			return "the database"
		case "externalRedis":
			return "Redis"
		}
	}
	return ""
}

// programs are names of programs, by the names of settings.
var programs = map[string]string{"grafana": "Grafana", "prometheus": "Prometheus", "perses": "Perses"}

// knownPasswords are the defaults of images, charts and their documentation: those of Orthanc
// (orthanc, demo), PostgreSQL, MinIO, Grafana's chart (prom-operator) and others, and the first
// that attackers try.
var knownPasswords = []string{
	"orthanc", "demo", "postgres", "postgresql", "mysql", "mariadb", "redis", "rabbitmq", "mongo", "mongodb", "keycloak",
	"minioadmin", "minio", "minio123", "prom-operator", "grafana", "harbor12345", "elastic",
	"admin", "administrator", "root", "toor", "user", "guest", "test", "default", "secret", "supersecret",
	"password", "password1", "password123", "passw0rd", "p@ssw0rd", "changeme", "changeit", "letmein", "welcome",
	"123456", "12345678", "123456789", "admin123", "qwerty",
}

// isKnown reports whether a password is a known default, or the name of its user.
func isKnown(c credential) bool {
	value := strings.ToLower(strings.TrimSpace(c.value))
	return slices.Contains(knownPasswords, value) || strings.NewReplacer("-", "", "_", "").Replace(value) == "changeme" ||
		c.user != "" && value == strings.ToLower(c.user)
}
