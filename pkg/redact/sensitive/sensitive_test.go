package sensitive

import (
	"strings"
	"testing"
)

func TestKey(t *testing.T) {
	for list, want := range map[string]bool{
		`password DB_PASS apiKey api_key X-API-KEY clientSecret authToken token Authorization AWS_SECRET_ACCESS_KEY
		credentials privateKey passwordHash example.com/token pwd auth`: true,
		`secretName credentialName secretRef tokenName imagePullSecrets privateKeySecretRef key keys name bypass
		compass path tokenPath passwordFile author authority secretNamespace image status serviceAccountName`: false,
	} {
		for name := range strings.FieldsSeq(list) {
			if got := Key(name); got != want {
				t.Errorf("Key(%q) = %v", name, got)
			}
		}
	}
}
