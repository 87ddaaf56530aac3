package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"strings"
)

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	dashes   = "-----"
	// pemBase64 is how the base64 of pemBegin starts.
	pemBase64 = "LS0tLS1CRUdJTi"
)

// maskKeys removes private keys in PEM, complete or truncated, with line breaks or escaped,
// and those in base64.
func maskKeys(text string) string {
	if strings.Contains(text, pemBase64) {
		text = maskEncodedKeys(text)
	}
	if strings.Contains(text, puttyBegin) {
		text = maskPuTTY(text)
	}
	if !strings.Contains(text, dashes) {
		return text
	}
	var out strings.Builder
	for {
		begin := privateLabel(text, pemBegin)
		if begin.to == 0 {
			out.WriteString(withoutTail(text))
			return out.String()
		}
		out.WriteString(withoutTail(text[:begin.from]))
		out.WriteString(Redacted)
		text = text[begin.to:]
		end := privateLabel(text, pemEnd)
		if end.to == 0 {
			return out.String()
		}
		text = text[end.to:]
	}
}

// puttyBegin and puttyEnd enclose the private half of a PuTTY key.
const puttyBegin, puttyEnd = "Private-Lines: ", "Private-MAC: "

func maskPuTTY(text string) string {
	var cuts []cut
	for at := 0; ; {
		i := strings.Index(text[at:], puttyBegin)
		if i < 0 {
			return replace(text, cuts)
		}
		from := at + i + len(puttyBegin)
		at = len(text)
		if end := strings.Index(text[from:], puttyEnd); end >= 0 {
			at = from + end
		}
		if at > from && text[from:at] != Redacted {
			cuts = append(cuts, cut{from, at})
		}
	}
}

// withoutTail removes the end of a key whose beginning was cut off, from a text without the
// beginning of one.
func withoutTail(text string) string {
	end := 0
	for {
		label := privateLabel(text[end:], pemEnd)
		if label.to == 0 {
			break
		}
		end += label.to
	}
	if end == 0 {
		return text
	}
	return Redacted + text[end:]
}

// privateLabel finds the first "-----BEGIN … PRIVATE …-----" or the END of it; if there is
// none, to is 0.
func privateLabel(text, mark string) cut {
	for from := 0; ; {
		i := strings.Index(text[from:], mark)
		if i < 0 {
			return cut{}
		}
		start := from + i
		from = start + len(mark)
		label, _, closed := strings.Cut(text[from:], dashes)
		if !strings.Contains(label, "PRIVATE") || strings.ContainsAny(label, "\r\n") {
			continue
		}
		if !closed {
			return cut{start, len(text)}
		}
		return cut{start, from + len(label) + len(dashes)}
	}
}

// maskEncodedKeys replaces base64 of PEM, unless it is complete and public.
func maskEncodedKeys(text string) string {
	var cuts []cut
	for from := 0; ; {
		i := strings.Index(text[from:], pemBase64)
		if i < 0 {
			return replace(text, cuts)
		}
		start := from + i
		from = start + base64Run(text[start:])
		if !isPublicPEM(text[start:from]) {
			cuts = append(cuts, cut{start, from})
		}
	}
}

// publicBlocks are the types of PEM blocks that are public.
var publicBlocks = map[string]bool{
	"CERTIFICATE": true, "CERTIFICATE REQUEST": true, "NEW CERTIFICATE REQUEST": true,
	"PUBLIC KEY": true, "X509 CRL": true,
}

// isPublicPEM reports whether the text is base64 of PEM with public blocks only, as in
// caBundle and a CertificateRequest.
func isPublicPEM(text string) bool {
	rest, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	for len(bytes.TrimSpace(rest)) > 0 {
		if !bytes.HasPrefix(bytes.TrimSpace(rest), []byte(pemBegin)) {
			return false
		}
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || !publicBlocks[block.Type] || len(block.Headers) > 0 {
			return false
		}
	}
	return true
}

func base64Run(text string) int {
	for i := range len(text) {
		if c := text[i]; !IsAlnum(c) && c != '+' && c != '/' && c != '=' {
			return i
		}
	}
	return len(text)
}
