package versioned

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/api/v1alpha1"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// CertificateReport converts a report for kubectl's printers.
func CertificateReport(r trust.Report) (runtime.Object, error) {
	out := v1alpha1.CertificateReport{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.CertificateReportKind},
		At:       r.At, Certificates: []v1alpha1.CertificateDescription{},
		Chain: v1alpha1.CertificateChain{Whole: r.End.SelfSigned, Missing: r.End.Missing, Problems: list(r.Problems)},
	}
	for _, d := range r.Certificates {
		out.Certificates = append(out.Certificates, description(d))
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the certificates: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}

func description(d trust.Description) v1alpha1.CertificateDescription {
	out := v1alpha1.CertificateDescription{
		Subject: d.Subject, Issuer: d.Issuer, Serial: d.Serial,
		Names: []v1alpha1.CertificateName{}, Usages: []v1alpha1.CertificateUsage{}, Notes: []v1alpha1.CertificateNote{},
		Key:                v1alpha1.CertificateKey{Algorithm: d.Key.Algorithm, Bits: d.Key.Bits, Curve: d.Key.Curve},
		SignatureAlgorithm: d.SignatureAlgorithm, Fingerprint: d.Fingerprint,
		SubjectKeyID: d.SubjectKeyID, AuthorityKeyID: d.AuthorityKeyID,
		NotBefore: d.NotBefore, NotAfter: d.NotAfter, IsCA: d.IsCA, SignedBy: d.SignedBy,
	}
	for _, name := range d.Names {
		out.Names = append(out.Names, v1alpha1.CertificateName{Kind: name.Kind, Value: name.Value})
	}
	for _, usage := range d.Usages {
		out.Usages = append(out.Usages, v1alpha1.CertificateUsage{Name: usage.Name, Text: usage.Text})
	}
	for _, note := range d.Notes {
		out.Notes = append(out.Notes, v1alpha1.CertificateNote{Severity: string(note.Severity), Text: note.Text})
	}
	return out
}

// CertificateVerification converts the checks of a client's certificate for kubectl's
// printers.
func CertificateVerification(tenant string, results []trust.Result, now time.Time) (runtime.Object, error) {
	out := v1alpha1.CertificateVerification{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.CertificateVerificationKind},
		At:       now, Tenant: tenant, Outcome: string(trust.Overall(results)), Checks: []v1alpha1.CertificateCheck{},
	}
	for _, r := range results {
		check := v1alpha1.CertificateCheck{Name: r.Name, Outcome: string(r.Outcome), Detail: r.Detail}
		if r.Fix != (finding.Fix{}) {
			check.Fix = &v1alpha1.Fix{Text: r.Fix.Text, Command: r.Fix.Command, File: r.Fix.File}
		}
		out.Checks = append(out.Checks, check)
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&out)
	if err != nil {
		return nil, fmt.Errorf("encoding the checks: %w", err)
	}
	return &unstructured.Unstructured{Object: object}, nil
}
