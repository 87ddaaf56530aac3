package message

import (
	"net/url"
	"strconv"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	anyURL = match.Wording(`\b(?:https?|ssh|oci|git|s3)://[^\s'"<>\\]+`)
	// Go's net/http writes "404 Not Found", Flux's and others' clients "status
	// code 404" and "(status: 404 …)"; Helm's getter has a space before the
	// colon (helm.sh/helm/v4 4.2.4, pkg/getter/httpgetter.go).
	statusWords = match.Wording(`(?:\s: |status code:? |status: |response status code |: )([1-5]\d\d)(?:[\s:;,)]|$)`)
)

// urlIn is the first URL of a text, without secrets.
func urlIn(text string) string { return plainURL(anyURL.FindString(text)) }

// plainURL omits what may be secret: user and password, query, fragment.
func plainURL(address string) string {
	for len(address) > 0 {
		last := address[len(address)-1]
		if last != ':' && last != ',' && last != '.' && last != ')' && last != ';' {
			break
		}
		address = address[:len(address)-1]
	}
	read, err := url.Parse(address)
	if err != nil || read.Host == "" {
		return ""
	}
	read.User, read.RawQuery, read.ForceQuery, read.Fragment, read.RawFragment = nil, "", false, "", ""
	return match.Cut(read.String(), match.MaxDetail)
}

// withoutSecrets applies plainURL to every URL of a text.
func withoutSecrets(text string) string {
	return anyURL.ReplaceAllStringFunc(text, func(address string) string {
		plain := plainURL(address)
		if plain == "" {
			return "…"
		}
		// What plainURL trims at the end belongs to the sentence.
		if last := address[len(address)-1]; last == ':' || last == ',' || last == ')' || last == ';' {
			plain += string(last)
		}
		return plain
	})
}

func httpStatus(text string) int {
	found := statusWords.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	status, err := strconv.Atoi(found[1])
	if err != nil || status < 400 {
		return 0
	}
	return status
}
