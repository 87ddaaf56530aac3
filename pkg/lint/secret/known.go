package secret

import (
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
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
			if isKnown(found) {
				c.ReportAt(found.at, o, found.what+" is a default that is publicly known: everybody who reaches the server can sign in",
					inFile(found.at.File, "Set a random password in a Secret that is encrypted, and change it on the server"))
			}
		}
	},
}

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
