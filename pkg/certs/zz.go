package certs

import (
	"crypto/x509"
	"encoding/pem"
)

func FormatRawSubject(der []byte) string { return formatRaw(der) }

func EncodeRequest(request *x509.CertificateRequest) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request.Raw})
}

func CheckKeySize(algorithm Algorithm, size int) error { return nil }
