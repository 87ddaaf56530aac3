package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// TenantComparisonKind is the kind that `tenant compare` prints.
const TenantComparisonKind = "TenantComparison"

// TenantComparison is in what two tenants differ, apart from their names.
type TenantComparison struct {
	metav1.TypeMeta `json:",inline"`
	// A and B are the names of the tenants.
	A string `json:"a"`
	B string `json:"b"`
	// Layers and Objects are how many of them both tenants have.
	Layers  int64 `json:"layers"`
	Objects int64 `json:"objects"`
	// Differences are by layer, object and field.
	Differences []TenantDifference `json:"differences"`
	// Expected are differences in hosts, addresses and Secrets, which all tenants have.
	Expected []TenantDifference `json:"expected"`
	// SharedSecrets are keys of Secrets that have the same value for both tenants.
	SharedSecrets []TenantDifference `json:"sharedSecrets"`
	// Unknown is what could not be compared, and may hide differences.
	Unknown []string `json:"unknown"`
}

// TenantDifference is one thing in which two tenants differ.
type TenantDifference struct {
	// Kind is LayerMissing, ObjectMissing, FieldMissing, Value, Host, Address or Secret.
	Kind string `json:"kind"`
	// Layer is the name of the layer, with TENANT in place of the name of the tenant; "" for
	// objects that no layer applies.
	Layer string `json:"layer"`
	// A and B are what each tenant has; absent if it has no such layer, object or field.
	A *TenantPlace `json:"a,omitempty"`
	B *TenantPlace `json:"b,omitempty"`
}

// TenantPlace is what one tenant has.
type TenantPlace struct {
	Ref *object.Ref `json:"ref,omitempty"`
	// Field is the path of the field, absent for the object itself.
	Field string `json:"field,omitempty"`
	// Value is the value as text, without secrets.
	Value string `json:"value,omitempty"`
	// Position is absent for objects of a cluster.
	Position *LintPosition `json:"position,omitempty"`
}
