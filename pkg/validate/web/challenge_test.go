package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestChallenges(t *testing.T) {
	for _, c := range []struct{ value, schemes, realm string }{
		{`Basic realm="Orthanc Secure Area"`, "Basic", "Orthanc Secure Area"},
		{`basic REALM=x`, "basic", "x"},
		{`Basic charset="UTF-8", realm="a, \"b\""`, "Basic", `a, "b"`},
		{`Negotiate, Basic realm="x"`, "Negotiate, Basic", "x"},
		{`Negotiate YIIabc==, Basic realm = "x"`, "Negotiate, Basic", "x"},
		{`Bearer realm="Basic"`, "Bearer", ""},
		{`Digest qop="auth, auth-int", realm="x", Digest`, "Digest", ""},
		{"Ba\x1bsic", "", ""},
		{"", "", ""},
		{strings.Repeat("a", 100), "", ""},
		{strings.Repeat("Basic,", 1000), "", ""},
		{strings.Repeat("Basic,", 20), "Basic", ""},
	} {
		offered := Challenges(http.Header{"Www-Authenticate": {c.value}})
		b, _ := Basic(offered)
		if schemeNames(offered) != c.schemes || b.Realm != c.realm {
			t.Errorf("%.60q: %+v", c.value, offered)
		}
	}
}
