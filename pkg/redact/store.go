package redact

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"

	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
)

// storeKinds hold a map of names and contents, none of which is anyone's
// business.
var storeKinds = map[string]bool{"Secret": true, "ConfigMap": true}

// storeFields are the fields of them that stay; a field that is not known
// might hold anything.
var storeFields = map[string]bool{
	"apiVersion": true, "kind": true, "metadata": true, "type": true, "immutable": true,
	"data": true, "binaryData": true, "stringData": true,
}

// storesSecrets tells whether the map is such an object, and no mere
// reference to one, as in valuesFrom or an Event.
func storesSecrets(m map[string]any, at place) bool {
	kind, _ := m["kind"].(string)
	if !storeKinds[kind] || at.labels {
		return false
	}
	for _, key := range []string{"metadata", "data", "stringData", "binaryData"} {
		if _, ok := m[key]; ok {
			return true
		}
	}
	return at.depth == 1
}

func redactStore(m map[string]any, depth int) {
	secret := m["kind"] == "Secret"
	for key, value := range m {
		switch {
		case !storeFields[key]:
			delete(m, key)
		case key == "data":
			m[key] = redactData(value, depth, secret, fromBase64)
		case key == "stringData":
			m[key] = redactData(value, depth, secret, fromText)
		case key == "binaryData":
			m[key] = blank(value, depth)
		case key == "metadata":
			// The walk sees to it.
		default:
			m[key] = scalarOrRedacted(value)
		}
	}
}

func scalarOrRedacted(value any) any {
	switch v := value.(type) {
	case nil, bool:
		return v
	case string:
		return mask.Mask(v)
	}
	return mask.Redacted
}

// redactData replaces every value of the map, but for the certificates in
// "tls.crt" and "ca.crt" of a Secret, which are public.
func redactData(value any, depth int, secret bool, certificates func(string) string) any {
	data, ok := value.(map[string]any)
	if !ok {
		return blank(value, depth)
	}
	for key, content := range data {
		text, isText := content.(string)
		if secret && isText && (key == "tls.crt" || key == "ca.crt") {
			data[key] = certificates(text)
			continue
		}
		data[key] = mask.Redacted
	}
	return data
}

// fromBase64 keeps the certificates of a value as a Secret's data has it.
func fromBase64(text string) string {
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return mask.Redacted
	}
	if kept := certificatesIn(content); len(kept) > 0 {
		return base64.StdEncoding.EncodeToString(kept)
	}
	return mask.Redacted
}

func fromText(text string) string {
	if kept := certificatesIn([]byte(text)); len(kept) > 0 {
		return string(kept)
	}
	return mask.Redacted
}

// certificatesIn keeps the CERTIFICATE blocks that hold a certificate, without
// their headers and whatever stands between and beside them.
func certificatesIn(content []byte) []byte {
	var kept []byte
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			return kept
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			continue // the label is no proof of what is inside
		}
		kept = append(kept, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})...)
	}
}
