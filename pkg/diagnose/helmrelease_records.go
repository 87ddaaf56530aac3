package diagnose

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// recordPrefix begins the names of Helm's records.
const recordPrefix = "sh.helm.release.v1."

// record is a Secret in which Helm stores one revision of a release. Its labels have
// the number and status of the revision (helm.sh/helm/v4 4.2.4,
// pkg/storage/driver/secrets.go); the rest is not read.
type record struct {
	secret  *unstructured.Unstructured
	version int
	status  string
}

// proof is the status of the revision in the labels of the record.
func (r record) proof() finding.Evidence {
	return evidence(r.secret, "metadata.labels.status", r.status, r.at())
}

// at is when Helm last wrote the record.
func (r record) at() time.Time {
	for _, label := range []string{"modifiedAt", "createdAt"} {
		if seconds, err := strconv.ParseInt(r.secret.GetLabels()[label], 10, 64); err == nil {
			return time.Unix(seconds, 0).UTC()
		}
	}
	return r.secret.GetCreationTimestamp().UTC()
}

// records are the records of the release, the newest first. If there are none, this
// proves nothing: Secrets may be unreadable, or read without those of Helm.
func (r release) records() []record {
	name, _ := releaseName(r.obj)
	var found []record
	for _, secret := range r.x.snap.List(secretKind, r.storage()).Objects {
		labels := secret.GetLabels()
		version, err := strconv.Atoi(labels["version"])
		if labels["owner"] == "helm" && labels["name"] == name && err == nil {
			found = append(found, record{secret, version, labels["status"]})
		}
	}
	slices.SortFunc(found, func(a, b record) int { return cmp.Compare(b.version, a.version) })
	return found
}

// pending is the newest record if it is of a pending action: it locks the release.
func (r release) pending() (record, bool) {
	all := r.records()
	if len(all) == 0 || !strings.HasPrefix(all[0].status, "pending-") {
		return record{}, false
	}
	return all[0], true
}

// deployed is the newest record of a deployed revision before the version; zero means
// any version.
func (r release) deployed(before int) (record, bool) {
	for _, record := range r.records() {
		if record.status == "deployed" && (before == 0 || record.version < before) {
			return record, true
		}
	}
	return record{}, false
}
