package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Describe is the command that shows an object with its events.
func Describe(ref object.Ref) string {
	name := cmp.Or(commandNames[ref.Kind], ref.Kind)
	if ref.GroupKind() == object.APIGatewayKind {
		name = "gateways.gateway.networking.k8s.io"
	}
	command := escape.Command("kubectl describe %s %s", name, ref.Name)
	if ref.Namespace != "" {
		command += " -n " + escape.ShellWord(ref.Namespace)
	}
	return command
}

// commandNames are the names for kubectl of kinds whose name exists in another group as
// well.
var commandNames = map[string]string{
	"Gateway": "gateways.networking.istio.io", "Service": "service", "Issuer": "issuer", "ClusterIssuer": "clusterissuer",
	"Deployment": "deployment", "Certificate": "certificate", "CertificateRequest": "certificaterequest", "VirtualService": "virtualservice",
	"NetworkPolicy": "networkpolicy", "HorizontalPodAutoscaler": "hpa",
}

// Prove adds fields of an object to the evidence of a finding, so that evidence is read
// from the object and never composed. A field that the object does not have is no
// evidence, and none is added twice.
func Prove(f *finding.Finding, obj *unstructured.Unstructured, paths ...string) {
	for _, path := range paths {
		value, ok := object.Quote(obj.Object, path)
		if !ok {
			continue
		}
		e := Evidence(obj, path, value, time.Time{})
		if !slices.Contains(f.Evidence, e) {
			f.Evidence = append(f.Evidence, e)
		}
	}
}

// Absent is the evidence that an object does not exist.
func Absent(ref object.Ref) finding.Evidence {
	return finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"}
}

// ObjectOf is the content of an object that may be nil.
func ObjectOf(obj *unstructured.Unstructured) map[string]any {
	if obj == nil {
		return nil
	}
	return obj.Object
}

// Covered reports whether a certificate with the names is valid for a host, which may be
// a wildcard itself (RFC 6125, section 6.4.3: a wildcard matches one label).
func Covered(host string, names []string) bool {
	_, parent, _ := strings.Cut(host, ".")
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.EqualFold(name, host) || parent != "" && strings.EqualFold(name, "*."+parent)
	})
}

// CutNamespace splits "namespace/host", as Istio writes hosts and gateways.
func CutNamespace(text string) (namespace, name string, found bool) {
	namespace, name, found = strings.Cut(text, "/")
	if !found {
		return "", text, false
	}
	return namespace, name, true
}

// ClassAnnotation is the annotation with the class of an Ingress from before
// IngressClasses existed.
const ClassAnnotation = "kubernetes.io/ingress.class"

// NamesOf names the first objects, without the kind if they share it.
func NamesOf(objects []*unstructured.Unstructured) string {
	var names []string
	for _, obj := range objects[:min(len(objects), MaxNamed)] {
		names = append(names, obj.GetName())
	}
	text := strings.Join(names, ", ")
	if more := len(objects) - MaxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// ListOf is "a", "a and b" or "a, b and c".
func ListOf(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
