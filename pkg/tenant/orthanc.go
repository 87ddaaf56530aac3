package tenant

import (
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

const (
	orthanc  = "orthanc"
	postgres = "postgres"
)

// companionWords are words that make "orthanc-…" the name of another program:
// orthancteam/orthanc-auth-service is not an Orthanc, and an exporter for Orthanc does
// not make "monitoring" a tenant.
var companionWords = []string{"auth", "backup", "dashboard", "dashboards", "exporter", "postgres", "postgresql", "proxy", "redis"}

// IsOrthanc reports whether a workload runs Orthanc, by its name or its images.
func IsOrthanc(workload *unstructured.Unstructured) bool {
	return namesOrthanc(workload.GetName()) || slices.ContainsFunc(images(workload), namesOrthanc)
}

// IsDatabase reports whether a workload is the database of the tenant: PostgreSQL
// itself, not its connection pool, nor an Orthanc with PostgreSQL or an exporter in
// another container.
func IsDatabase(workload *unstructured.Unstructured) bool {
	if workload.GetKind() != object.StatefulSetKind.Kind {
		return false
	}
	if strings.Contains(workload.GetName(), postgres) {
		return true
	}
	runs := func(image string) bool { return strings.Contains(image, postgres) }
	return slices.ContainsFunc(images(workload), runs) && !IsOrthanc(workload)
}

// namesOrthanc reports whether the name is that of an Orthanc.
func namesOrthanc(name string) bool {
	if !strings.Contains(name, orthanc) {
		return false
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(companionWords, word) })
}

// images are the last parts of the images of the containers, without tag and digest.
// What precedes them names a registry or the publisher: orthancteam publishes other
// programs as well.
func images(workload *unstructured.Unstructured) []string {
	var found []string
	for _, container := range object.List(workload.Object, "spec", "template", "spec", "containers") {
		image, _, _ := strings.Cut(object.Text(container, "image"), "@")
		image, _, _ = strings.Cut(path.Base(image), ":")
		found = append(found, image)
	}
	return found
}
