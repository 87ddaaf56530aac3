// Package v1alpha1 is what `-o json` and `-o yaml` print: versioned objects, in
// Kubernetes' format so that kubectl's own printers and users' scripts can process them.
// docs/schema has their JSON Schemas. Fields are added, never changed.
package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// APIVersion is that of all objects of this package.
const APIVersion = "orthweb.digihunch.com/v1alpha1"

// Kinds of this package.
const (
	TenantStatusKind     = "TenantStatus"
	TenantStatusListKind = "TenantStatusList"
)

// TenantStatusList is the state of several tenants, ordered by name.
type TenantStatusList struct {
	metav1.TypeMeta `json:",inline"`
	Clusters        `json:",inline"`
	Items           []TenantStatus `json:"items"`
}

// TenantStatus is the state of one tenant at one time.
type TenantStatus struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        Metadata `json:"metadata"`
	// Cluster is the name of the cluster's context, if several clusters were read.
	Cluster string `json:"cluster,omitempty"`
	// At is when the state was read.
	At time.Time `json:"at"`
	// Status is Ready, Progressing, Suspended, Failing or Unknown.
	Status string `json:"status"`
	// Since is when the status began, absent when that is not known.
	Since *time.Time `json:"since,omitempty"`
	// WaitingFor is the object that determines a status other than Ready.
	WaitingFor *Waiting `json:"waitingFor,omitempty"`
	Namespaces []string `json:"namespaces"`
	// Layers counts the Kustomizations; absent when they could not be read.
	Layers *Count   `json:"layers,omitempty"`
	Web    Endpoint `json:"web"`
	DICOM  Endpoint `json:"dicom"`
	// Addresses are the ingress's IPs and host names.
	Addresses []string `json:"addresses"`
	// Orthanc and Database count pods; absent when they could not be read.
	Orthanc  *Count `json:"orthanc,omitempty"`
	Database *Count `json:"database,omitempty"`
	// CertificateNotAfter is when the served certificate expires.
	CertificateNotAfter *time.Time `json:"certificateNotAfter,omitempty"`
	// Revision is what the tenant's last layer applied, as Flux writes it.
	Revision string `json:"revision,omitempty"`
	// Chain are all objects of the tenant, in the order of their dependencies.
	Chain []Link `json:"chain"`
	// HostCollisions are the host names that another tenant also claims.
	HostCollisions []HostCollision `json:"hostCollisions,omitempty"`
	// Unknown is what could not be read.
	Unknown []snapshot.Failure `json:"unknown,omitempty"`
}

// HostCollision are host names that the tenant and another one claim.
type HostCollision struct {
	// Code is that of the finding.
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Names   []string `json:"names"`
	// Ref is the tenant's object that names them, OtherRef the other tenant's.
	Ref         object.Ref `json:"ref"`
	OtherTenant string     `json:"otherTenant"`
	OtherRef    object.Ref `json:"otherRef"`
}

// Metadata names the tenant, as every Kubernetes object is named.
type Metadata struct {
	Name string `json:"name"`
}

// Waiting is the object that determines the status, with Kubernetes' or Flux's reason.
type Waiting struct {
	Ref     object.Ref `json:"ref"`
	Reason  string     `json:"reason,omitempty"`
	Message string     `json:"message,omitempty"`
}

// Count is how many of those wanted are ready.
type Count struct {
	Ready  int64 `json:"ready"`
	Wanted int64 `json:"wanted"`
}

// Endpoint is where clients connect to the tenant. Port is 0 when there is none.
type Endpoint struct {
	Hosts []string `json:"hosts"`
	Port  int64    `json:"port"`
}

// Link is one object of the chain.
type Link struct {
	Section  string       `json:"section"`
	Ref      object.Ref   `json:"ref"`
	Status   string       `json:"status"`
	Reason   string       `json:"reason,omitempty"`
	Message  string       `json:"message,omitempty"`
	Detail   string       `json:"detail,omitempty"`
	Since    *time.Time   `json:"since,omitempty"`
	WaitsFor []object.Ref `json:"waitsFor,omitempty"`
	// Renewing is set while Flux applies a newer revision to a Ready object.
	Renewing bool `json:"renewing,omitempty"`
}
