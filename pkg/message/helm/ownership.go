package helm

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Ownership is the owner of an object that does not belong to the release.
type Ownership struct {
	// Name and Namespace are those of the release that owns the object, empty if they
	// are as required, or if no release owns it.
	Name, Namespace string
	// WantName and WantNamespace are those of the refused release.
	WantName, WantNamespace string
	// Manager is the value of app.kubernetes.io/managed-by if it is not Helm.
	Manager string
	// Unmanaged means that no release owns the object.
	Unmanaged bool
}

var (
	// helm.sh/helm/v4 4.2.4, pkg/action/validate.go, requireValue; Helm 3 too.
	ownedByOther = match.Wording(`key "([^"\s]+)" must equal "([^"\s]*)": current value is "([^"\s]*)"`)
	ownedByNone  = match.Wording(`missing key "([^"\s]+)": must be set to "([^"\s]*)"`)
)

// ParseOwnership parses why Helm does not adopt an existing object.
func ParseOwnership(message string) (Ownership, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if !strings.Contains(text, "invalid ownership metadata") {
		return Ownership{}, false
	}
	var o Ownership
	for _, found := range ownedByOther.FindAllStringSubmatch(text, match.MaxItems) {
		switch found[1] {
		case "meta.helm.sh/release-name":
			o.WantName, o.Name = match.Word(found[2]), match.Word(found[3])
		case "meta.helm.sh/release-namespace":
			o.WantNamespace, o.Namespace = match.Word(found[2]), match.Word(found[3])
		case "app.kubernetes.io/managed-by":
			o.Manager = match.Word(found[3])
		}
	}
	for _, found := range ownedByNone.FindAllStringSubmatch(text, match.MaxItems) {
		switch found[1] {
		case "meta.helm.sh/release-name":
			o.WantName, o.Unmanaged = match.Word(found[2]), true
		case "meta.helm.sh/release-namespace":
			o.WantNamespace = match.Word(found[2])
		}
	}
	return o, o != Ownership{}
}
