package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HostEntryListKind is the kind that `hosts list` prints.
const HostEntryListKind = "HostEntryList"

// HostEntryList are the tenants' entries for a hosts file.
type HostEntryList struct {
	metav1.TypeMeta `json:",inline"`
	Clusters        `json:",inline"`
	Items           []HostEntry `json:"items"`
	// Lacking are sentences about tenants that have no entry.
	Lacking []string `json:"lacking"`
}

// HostEntry is an address and the names of a tenant that resolve to it.
type HostEntry struct {
	// Cluster is the name of the cluster's context, if several clusters were read.
	Cluster string   `json:"cluster,omitempty"`
	Tenant  string   `json:"tenant"`
	Address string   `json:"address"`
	Names   []string `json:"names"`
}
