package tenant

import (
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

const (
	orthanc  = "orthanc"
	postgres = "postgres"
)

// companionWords are words that turn "orthanc-…" into the name of something that
// stands beside Orthanc: orthancteam/orthanc-auth-service is not an Orthanc, and
// an exporter for it does not make "monitoring" a tenant.
var companionWords = []string{"auth", "backup", "dashboard", "dashboards", "exporter", "postgres", "postgresql", "proxy", "redis"}

// IsOrthanc tells whether a workload runs Orthanc, by its name or its images.
func IsOrthanc(workload *unstructured.Unstructured) bool {
	return namesOrthanc(workload.GetName()) || slices.ContainsFunc(images(workload), namesOrthanc)
}

// IsDatabase tells whether a workload is the tenant's database: PostgreSQL
// itself, not the pool in front of it, nor an Orthanc that has one, or an
// exporter for one, as a container beside it.
func IsDatabase(workload *unstructured.Unstructured) bool {
	if workload.GetKind() != health.StatefulSetKind.Kind {
		return false
	}
	if strings.Contains(workload.GetName(), postgres) {
		return true
	}
	runs := func(image string) bool { return strings.Contains(image, postgres) }
	return slices.ContainsFunc(images(workload), runs) && !IsOrthanc(workload)
}

// namesOrthanc tells whether something of that name is an Orthanc.
func namesOrthanc(name string) bool {
	if !strings.Contains(name, orthanc) {
		return false
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(companionWords, word) })
}

// images are the last parts of the containers' images, without tag and digest.
// What stands before names a registry or who built it: orthancteam builds other
// things as well.
func images(workload *unstructured.Unstructured) []string {
	var found []string
	for _, container := range field.List(workload.Object, "spec", "template", "spec", "containers") {
		image, _, _ := strings.Cut(field.Text(container, "image"), "@")
		image, _, _ = strings.Cut(path.Base(image), ":")
		found = append(found, image)
	}
	return found
}
