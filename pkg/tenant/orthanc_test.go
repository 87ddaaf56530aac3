package tenant

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestWorkloads checks which workloads are an Orthanc, a database, or neither.
func TestWorkloads(t *testing.T) {
	const neither, server, database = "neither", "Orthanc", "database"
	for _, c := range []struct{ kind, name, image, want string }{
		{"Deployment", "orthanc", "osimis/orthanc@sha256:1391", server},
		{"Deployment", "orthanc", "registry.example.org:5000/pacs:7", server},
		{"Deployment", "dicom", "jodogne/orthanc-plugins:1.12.4", server},
		{"StatefulSet", "dicom", "orthancteam/orthanc", server},
		{"Deployment", "auth", "orthancteam/orthanc-auth-service:1", neither},
		{"Deployment", "sso", "orthancteam/keycloak:1", neither},
		{"Deployment", "web", "orthanc.example.org/nginx:1", neither},
		{"Deployment", "web", "docker.io/library/nginx:orthanc", neither},
		{"Deployment", "orthanc-proxy", "nginx", neither},
		{"Deployment", "postgres-ha-postgresql-ha-pgpool", "bitnami/pgpool:4", neither},
		{"Deployment", "postgres", "postgres:17", neither},
		{"StatefulSet", "postgres-ha-postgresql-ha-postgresql", "registry.example.org/db:1", database},
		{"StatefulSet", "db", "docker.io/library/postgres:17", database},
		{"StatefulSet", "orthanc-postgres", "postgres:17", database},
		{"StatefulSet", "cache", "redis:7", neither},
	} {
		workload := &unstructured.Unstructured{Object: map[string]any{
			"kind": c.kind, "metadata": map[string]any{"name": c.name},
			"spec": map[string]any{"template": map[string]any{"spec": map[string]any{
				"containers": []any{map[string]any{"image": c.image}}}}},
		}}
		got := neither
		switch {
		case IsOrthanc(workload) && IsDatabase(workload):
			got = "both"
		case IsOrthanc(workload):
			got = server
		case IsDatabase(workload):
			got = database
		}
		if got != c.want {
			t.Errorf("%s %s of %s is %s, want %s", c.kind, c.name, c.image, got, c.want)
		}
	}
}
