// Package versioned defines what commands print as JSON, YAML and JUnit: objects of the API
// in pkg/api/v1alpha1, which docs/schema describes.
package versioned

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// TenantStatus is the versioned form of a tenant's state at the time now.
func TenantStatus(s tenant.Status, now time.Time) v1alpha1.TenantStatus {
	out := v1alpha1.TenantStatus{
		TypeMeta:            metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.TenantStatusKind},
		Metadata:            v1alpha1.Metadata{Name: s.Name},
		At:                  now,
		Status:              string(s.Verdict.Status),
		Since:               known(s.Verdict.Since),
		Namespaces:          list(s.Namespaces),
		Web:                 v1alpha1.Endpoint{Hosts: list(s.Web.Hosts), Port: s.Web.Port},
		DICOM:               v1alpha1.Endpoint{Hosts: list(s.DICOM.Hosts), Port: s.DICOM.Port},
		Addresses:           list(s.Addresses),
		Orthanc:             count(s.Orthanc),
		Database:            count(s.Database),
		CertificateNotAfter: known(s.CertificateEnd),
		Revision:            s.Revision,
		Chain:               make([]v1alpha1.Link, 0, len(s.Chain)),
		Unknown:             s.Unknown,
	}
	for _, c := range s.Collisions {
		out.HostCollisions = append(out.HostCollisions, v1alpha1.HostCollision{
			Code: string(diagnose.HostCollisionCode), Message: c.String(), Names: c.Names, Ref: c.Own.From[0], OtherTenant: c.Other.Tenant, OtherRef: c.Other.From[0],
		})
	}
	if ref, ok := s.WaitsFor(); ok {
		out.WaitingFor = &v1alpha1.Waiting{Ref: ref, Reason: string(s.Verdict.Reason), Message: s.Verdict.Message}
	}
	if s.Layers >= 0 {
		out.Layers = &v1alpha1.Count{Ready: int64(s.LayersReady), Wanted: int64(s.Layers)}
	}
	for _, link := range s.Chain {
		out.Chain = append(out.Chain, v1alpha1.Link{
			Section: string(link.Section), Ref: link.Ref, Status: string(link.Status), Reason: string(link.Reason),
			Message: link.Message, Detail: link.Detail, Since: known(link.Since), WaitsFor: link.WaitsFor,
			Renewing: link.Renewing,
		})
	}
	return out
}

// Statuses converts the tenants' states for kubectl's printers: a single object if one
// tenant was requested by name, a list otherwise.
func Statuses(statuses []tenant.Status, now time.Time, single bool) (runtime.Object, error) {
	items := make([]unstructured.Unstructured, len(statuses))
	for i, s := range statuses {
		status := TenantStatus(s, now)
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&status)
		if err != nil {
			return nil, fmt.Errorf("encoding the state of %s: %w", s.Name, err)
		}
		items[i].Object = object
	}
	if single && len(items) == 1 {
		return &items[0], nil
	}
	out := &unstructured.UnstructuredList{Items: items}
	out.SetAPIVersion(v1alpha1.APIVersion)
	out.SetKind(v1alpha1.TenantStatusListKind)
	return out, nil
}

func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func count(r tenant.Replicas) *v1alpha1.Count {
	if !r.Known {
		return nil
	}
	return &v1alpha1.Count{Ready: r.Ready, Wanted: r.Wanted}
}

// list returns an empty list for nil: it is never null in JSON, so that a script can iterate
// over it.
func list(items []string) []string {
	if items == nil {
		return []string{}
	}
	return items
}
