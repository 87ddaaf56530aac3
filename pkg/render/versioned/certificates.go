package versioned

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// CertificateList converts certificates for kubectl's printers, as of the time now.
func CertificateList(entries []trust.Entry, now time.Time) (runtime.Object, error) {
	out := &unstructured.UnstructuredList{Items: make([]unstructured.Unstructured, len(entries))}
	for i, e := range entries {
		certificate := certificateEntry(e, now)
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&certificate)
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", e.Ref, err)
		}
		out.Items[i].Object = object
	}
	out.SetAPIVersion(v1alpha1.APIVersion)
	out.SetKind(v1alpha1.CertificateListKind)
	return out, nil
}

func certificateEntry(e trust.Entry, now time.Time) v1alpha1.Certificate {
	out := v1alpha1.Certificate{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.CertificateKind},
		Metadata: v1alpha1.Metadata{Name: e.Ref.Name}, At: now, Tenant: e.Tenant, Ref: e.Ref,
		Secret: named(e.Secret), Issuer: named(e.Issuer), Depth: e.Depth, IsCA: e.IsCA,
		Subject: e.Subject, Names: list(e.Names), NotBefore: known(e.NotBefore), NotAfter: known(e.NotAfter),
		RenewalTime: known(e.RenewalTime), Uses: []v1alpha1.CertificateUse{}, UsesKnown: e.UsesKnown,
		StoredFrom: named(e.StoredFrom), Served: []v1alpha1.ServedCertificate{},
		Status: string(e.Verdict.Status), Reason: string(e.Verdict.Reason), Message: e.Verdict.Message,
		Unknown: append([]snapshot.Failure{}, e.Unknown...),
	}
	if len(e.Stored) > 0 {
		out.Fingerprint = trust.Fingerprint(e.Stored[0])
	}
	for _, use := range e.Uses {
		out.Uses = append(out.Uses, v1alpha1.CertificateUse{Ref: use.Ref, Port: use.Port, Mode: string(use.Mode), Hosts: use.Hosts})
	}
	for _, s := range e.Served {
		served := v1alpha1.ServedCertificate{
			Address: s.Address, Port: s.Port, ServerName: s.ServerName, Match: string(s.Match),
			Of: named(s.Of), OfTenant: s.OfTenant, AsksClient: s.AsksClient, Detail: s.Detail,
		}
		if s.Certificate != nil {
			served.Fingerprint = trust.Fingerprint(s.Certificate)
		}
		out.Served = append(out.Served, served)
	}
	return out
}

// named is nil for a Ref that names nothing.
func named(ref object.Ref) *object.Ref {
	if ref.Name == "" {
		return nil
	}
	return &ref
}
