package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/cert-manager/cert-manager/pkg/util/pki"
)

// signatures are the algorithms that a request may be signed with.
var signatures = []x509.SignatureAlgorithm{
	x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
	x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
	x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519,
}

func checkRequest(request *x509.CertificateRequest) error {
	if err := checkPublicKey(request.PublicKey); err != nil {
		return err
	}
	if !slices.Contains(signatures, request.SignatureAlgorithm) {
		return fmt.Errorf("it is signed by %s, which is weak or unknown; sign it with SHA-256, as `openssl req -sha256` does", request.SignatureAlgorithm)
	}
	if err := request.CheckSignature(); err != nil {
		return fmt.Errorf("its signature was not made with its own key, or it was changed later; create it again: %w", err)
	}
	names, err := requestedNames(request)
	if err != nil {
		return err
	}
	if pki.IsASN1SubjectEmpty(request.RawSubject) && names.empty() {
		return errors.New("it has neither a subject nor names; add one")
	}
	return checkNoCA(request)
}

// checkNoCA refuses a request for a CA certificate.
func checkNoCA(request *x509.CertificateRequest) error {
	requested := extension(request.Extensions, pki.OIDExtensionBasicConstraints)
	if requested == nil {
		return nil
	}
	isCA, _, err := pki.UnmarshalBasicConstraints(requested.Value)
	if err != nil {
		return fmt.Errorf("its basic constraints are damaged; create it again: %w", err)
	}
	if isCA {
		return errors.New("it requests a CA certificate; create one with CA:FALSE")
	}
	return nil
}
