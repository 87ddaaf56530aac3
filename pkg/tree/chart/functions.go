package chart

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
)

// functions replace those of Helm whose result depends on the cluster, the clock or chance. With
// the same chart and values, the result is always the same.
func (r *rendering) functions() template.FuncMap {
	text := func(string, ...any) string { return r.chance(32) }
	pair := func(...any) keyPair { return keyPair{Cert: r.pem("CERTIFICATE"), Key: r.pem("RSA PRIVATE KEY")} }
	functions := template.FuncMap{
		"lookup": func(string, string, string, string) map[string]any {
			r.unsure = true
			return map[string]any{}
		},
		"now":           func() time.Time { return time.Date(2000+r.chanced(), 1, 1, 0, 0, 0, 0, time.UTC) },
		"ago":           func(any) string { return fmt.Sprintf("%ds", r.chanced()) },
		"randInt":       func(least, most int) int { return min(least+r.chanced(), max(least, most-1)) },
		"uuidv4":        func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", r.chanced()) },
		"shuffle":       func(text string) string { r.chanced(); return text },
		"genPrivateKey": func(string) string { return r.pem("RSA PRIVATE KEY") },
		"htpasswd":      func(user, _ string) string { return user + ":" + r.chance(60) },
		"bcrypt":        text,
		"encryptAES":    text,
		"buildCustomCert": func(string, string) keyPair {
			return pair()
		},
	}
	for _, name := range []string{"randAlphaNum", "randAlpha", "randAscii"} {
		functions[name] = r.chance
	}
	functions["randBytes"] = r.chance
	functions["randNumeric"] = func(n int) string { return repeat(string(rune('0'+r.chanced())), n) }
	for _, name := range []string{"genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey"} {
		functions[name] = pair
	}
	return functions
}

// keyPair is a certificate and its key, with the fields that templates use.
type keyPair struct{ Cert, Key string }

// chanced notes that a value is random, and is one that differs between the two renderings.
func (r *rendering) chanced() int {
	r.random = true
	return r.variant
}

// chance is a random text of a length.
func (r *rendering) chance(n int) string {
	return repeat([]string{"Aa0", "Bb1", "Cc2"}[r.chanced()%3], n)
}

// repeat is a text of a length, whose size is limited as that of a chart's output.
func repeat(pattern string, n int) string {
	n = min(max(n, 0), maxOutput)
	return strings.Repeat(pattern, n/len(pattern)+1)[:n]
}

func (r *rendering) pem(kind string) string {
	return fmt.Sprintf("-----BEGIN %s-----\n%s\n-----END %s-----\n", kind, r.chance(64), kind)
}

// capabilities are .Capabilities of templates, which note what a chart asks for.
type capabilities struct {
	KubeVersion common.KubeVersion
	APIVersions apiVersions
	HelmVersion any
}

func (r *rendering) capabilities(c *common.Capabilities) *capabilities {
	asking = r
	return &capabilities{KubeVersion: c.KubeVersion, APIVersions: apiVersions(c.APIVersions), HelmVersion: c.HelmVersion}
}

// asking is the rendering whose templates ask for API versions: a list can't have another field,
// and the process renders one release at a time.
var asking *rendering

// apiVersions is common.VersionSet, which notes that a version is not known.
type apiVersions []string

// Has reports whether a version is served. If it is none of Kubernetes' own, something outside of
// the tree may serve it.
func (v apiVersions) Has(version string) bool {
	known := slices.Contains(v, version)
	group, _, _ := strings.Cut(version, "/")
	if !known && strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") {
		asking.unsure = true
	}
	return known
}
