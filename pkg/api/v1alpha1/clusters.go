package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Kinds that commands print for several clusters only; for one, they print a single object.
const (
	ExplanationListKind = "ExplanationList"
	ValidationListKind  = "ValidationList"
)

// Clusters are the fields of a list for several clusters, which no other list has.
type Clusters struct {
	// Clusters are those that were read completely, by the names of their contexts.
	Clusters []string `json:"clusters,omitempty"`
	// Missing are those that could not be read, or not completely: the list does not have all that is
	// in them.
	Missing []MissingCluster `json:"missing,omitempty"`
}

// MissingCluster is a cluster that could not be read.
type MissingCluster struct {
	Cluster string `json:"cluster"`
	Reason  string `json:"reason"`
}

// ExplanationList are the explanations of several clusters.
type ExplanationList struct {
	metav1.TypeMeta `json:",inline"`
	Clusters        `json:",inline"`
	Items           []Explanation `json:"items"`
}

// ValidationList are the validations of a tenant in several clusters.
type ValidationList struct {
	metav1.TypeMeta `json:",inline"`
	Clusters        `json:",inline"`
	Items           []Validation `json:"items"`
}
