package issue

import (
	"fmt"
	"strings"
	"time"

	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// The names that Korthweb uses by default.
const (
	// DefaultIssuer is the Issuer of a tenant's CA.
	DefaultIssuer = "int-ca-issuer"
	defaultSecret = "int-ca-secret"
)

// ParseIssuer reads "Kind/name", "Kind.group/name" for issuers that are not
// cert-manager's own, or the name of an Issuer. An empty text is the DefaultIssuer.
func ParseIssuer(text string) (cmmeta.IssuerReference, error) {
	issuer := cmmeta.IssuerReference{Name: DefaultIssuer, Kind: object.IssuerKind.Kind, Group: object.IssuerKind.Group}
	if text == "" {
		return issuer, nil
	}
	kind, name, ok := strings.Cut(text, "/")
	if !ok {
		issuer.Name = text
		return issuer, nil
	}
	issuer.Name = name
	kind, group, other := strings.Cut(kind, ".")
	switch {
	case name == "" || kind == "" || strings.Contains(name, "/") || other && group == "":
		return issuer, advice.Add(fmt.Errorf("--issuer %q is not Kind/name", text), "For example: --issuer=Issuer/%s.", DefaultIssuer)
	case other && group != issuer.Group:
		issuer.Kind, issuer.Group = kind, group
	case strings.EqualFold(kind, object.IssuerKind.Kind):
	case strings.EqualFold(kind, object.ClusterIssuerKind.Kind):
		issuer.Kind = object.ClusterIssuerKind.Kind
	default:
		return issuer, advice.Add(fmt.Errorf("unknown kind of issuer %q", kind),
			"cert-manager has Issuer and ClusterIssuer; specify others with their group, for example AWSPCAIssuer.awspca.cert-manager.io/name.")
	}
	return issuer, nil
}

func issuerRef(issuer cmmeta.IssuerReference, namespace string) object.Ref {
	ref := object.Ref{APIVersion: issuer.Group + "/v1", Kind: issuer.Kind, Namespace: namespace, Name: issuer.Name}
	if issuer.Kind == object.ClusterIssuerKind.Kind {
		ref.Namespace = ""
	}
	return ref
}

// onlyCAIssuer is the only Issuer in the namespace that signs with its own CA, empty
// when there is none, there are several, or not all could be read.
func onlyCAIssuer(snap *snapshot.Snapshot, namespace string) string {
	list := snap.List(object.IssuerKind, namespace)
	only := ""
	for _, o := range list.Objects {
		if len(object.Map(o.Object, "spec", "ca")) == 0 {
			continue
		}
		if only != "" {
			return ""
		}
		only = o.GetName()
	}
	if len(list.Unknown) > 0 {
		return ""
	}
	return only
}

// usable rejects an issuer that can't sign now, before anything is created.
func usable(snap *snapshot.Snapshot, ref object.Ref) error {
	obj := snap.Lookup(ref).Object
	if _, self := object.Map(obj.Object, "spec")["selfSigned"]; self {
		return advice.Add(fmt.Errorf("%s is self-signed and can't sign client certificates (selfSigned)", ref), "Choose another issuer with --issuer.")
	}
	verdict := health.New(snap).Of(ref)
	if verdict.Status == health.Failing {
		return advice.Add(fmt.Errorf("%s is not ready: %s", ref, verdict.Message), "Check why: kubectl orthweb explain %s/%s -n %s",
			strings.ToLower(ref.Kind), escape.ShellWord(ref.Name), escape.ShellWord(ref.Namespace))
	}
	return nil
}

// caEnd is when the certificate ends that a Certificate stored in the Secret,
// zero when that is not known.
func caEnd(snap *snapshot.Snapshot, secret string) time.Time {
	namespace, name, known := strings.Cut(secret, "/")
	if !known {
		return time.Time{}
	}
	for _, o := range snap.List(object.CertificateKind, namespace).Objects {
		if o.GetNamespace() == namespace && object.Text(o.Object, "spec", "secretName") == name {
			return health.Expiry(o)
		}
	}
	return time.Time{}
}
