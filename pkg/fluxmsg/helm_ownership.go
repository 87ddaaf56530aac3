package fluxmsg

import "strings"

// Ownership is what Helm finds on an object that is not the release's own.
type Ownership struct {
	// Name and Namespace are of the release that has the object, empty where
	// they are as they should be, or where it is no release's.
	Name, Namespace string
	// WantName and WantNamespace are of the release that is refused.
	WantName, WantNamespace string
	// Manager is what app.kubernetes.io/managed-by says instead of Helm.
	Manager string
	// Unmanaged tells that no release has the object.
	Unmanaged bool
}

var (
	// helm.sh/helm/v4 4.2.4, pkg/action/validate.go, requireValue; Helm 3 too.
	ownedByOther = wording(`key "([^"\s]+)" must equal "([^"\s]*)": current value is "([^"\s]*)"`)
	ownedByNone  = wording(`missing key "([^"\s]+)": must be set to "([^"\s]*)"`)
)

// parseOwnership reads why Helm does not take over an object that exists.
func parseOwnership(message string) (Ownership, bool) {
	text := strings.TrimSpace(bound(message))
	if !strings.Contains(text, "invalid ownership metadata") {
		return Ownership{}, false
	}
	var o Ownership
	for _, found := range ownedByOther.FindAllStringSubmatch(text, maxItems) {
		switch found[1] {
		case "meta.helm.sh/release-name":
			o.WantName, o.Name = word(found[2]), word(found[3])
		case "meta.helm.sh/release-namespace":
			o.WantNamespace, o.Namespace = word(found[2]), word(found[3])
		case "app.kubernetes.io/managed-by":
			o.Manager = word(found[3])
		}
	}
	for _, found := range ownedByNone.FindAllStringSubmatch(text, maxItems) {
		switch found[1] {
		case "meta.helm.sh/release-name":
			o.WantName, o.Unmanaged = word(found[2]), true
		case "meta.helm.sh/release-namespace":
			o.WantNamespace = word(found[2])
		}
	}
	return o, o != Ownership{}
}
