package secret

import (
	"encoding/pem"
	"strings"
	"testing"
)

func TestIsPlaceholder(t *testing.T) {
	for value, want := range map[string]bool{
		"": true, "  ": true, "${DB_PASSWORD}": true, "$(DB_PASSWORD)": true, "$DB_PASSWORD": true,
		"{{ .Values.password }}": true, "op://clinic/database/password": true, "ref+vault://database#password": true,
		"vault:secret/data/database#password": true, "<password>": true, "xxxxxxxx": true, "REPLACE_ME": true,
		"your-password": true, "secret:grafana:admin-password": true, "secret:a b:c": false, "ENC[AES256_GCM,data:AA==,type:str]": true, "null": true,
		"orthanc": false, "hunter2$": false, "uiNg4quaeJ7e": false, "pa$$word1": false, "<<": false,
	} {
		if got := isPlaceholder(value); got != want {
			t.Errorf("%q: %t, want %t", value, got, want)
		}
	}
}

func TestInValue(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      string // the values that are found, and whether each is certain
	}{
		{"DB_PASSWORD", "orthanc", "orthanc!"},
		{"adminPassword", "a b", "a b!"},
		{"PASSWORD_FILE", "/run/secrets/password", ""},
		{"adminPasswordKey", "password", ""},
		{"existingSecret", "database", ""},
		{"apiToken", "3a5f9c0e7b1d42688899aabb", "3a5f9c0e7b1d42688899aabb!"},
		{"apiToken", "name-of-a-secret", ""},
		{"secretKey", "client-secret", ""},
		{"url", "postgresql://orthanc:pw123@database/orthanc", "pw123"},
		{"url", "postgresql://orthanc@database/orthanc", ""},
		{"url", "https://example.org:8443/a@b", ""},
		{"orthanc.json", `{"RegisteredUsers": {"a": "pw1", "b": "pw2"}}`, "pw1! pw2!"},
		{"ORTHANC__REGISTERED_USERS", `{"a": "pw1", "b": "pw2"}`, "pw1! pw2!"},
		{"OTHER_USERS", `{"a": "pw1"}`, ""},
		{"orthanc.json", "{\n// \"RegisteredUsers\": {\"a\": \"pw1\"}\n\"RegisteredUsers\": {}}", ""},
		{"orthanc.json", "{\n  \"Password\" : \"pw1\",\n  \"PasswordHint\": \"x\"\n}", "pw1"},
		{"app.conf", "# password = pw1\nuser = a\npassword = 'pw2'\npassword_file = /a", "pw2"},
		{"script.py", "self.password = password\npassword = \"pw1\"\npasswd: str", "pw1"},
		{"script.sh", "PASSWORD=pw1", "pw1"},
		{"readme.txt", "The password is in the vault.", ""},
	} {
		var got []string
		for _, found := range inValue(c.key, c.text) {
			text := found.value
			if found.certain {
				text += "!"
			}
			if strings.Contains(c.text, "\n") && !strings.HasPrefix(strings.Trim(c.text[found.offset:], `"'`), found.value) {
				t.Errorf("%s: %s is not at %d", c.key, found.value, found.offset)
			}
			got = append(got, text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q has %q, want %q", c.key, c.text, got, c.want)
		}
	}
}

func TestInComment(t *testing.T) {
	const url = "postgres://user:password@host"
	for text, want := range map[string]bool{
		url: false, "uri: " + url: false, "a: b\nuri: " + url: false, "--uri=" + url: false, "https://a/#" + url: false,
		"# " + url: true, "a: b\n  #   For example, " + url: true, "uri: a # not " + url: true, "// " + url: true, "-- " + url: true, "; " + url: true,
	} {
		found := inValue("config.yaml", text)
		if len(found) != 1 || found[0].unused != want {
			t.Errorf("%q: %v, want %t", text, found, want)
		}
	}
}

func TestIsKnown(t *testing.T) {
	for _, c := range []struct {
		user, value string
		want        bool
	}{
		{"", "orthanc", true},
		{"", "Change-Me", true},
		{"", "PASSWORD", true},
		{"alice", "alice", true},
		{"alice", "uiNg4quaeJ7e", false},
		{"", "", false},
	} {
		if got := isKnown(credential{user: c.user, value: c.value}); got != c.want {
			t.Errorf("%s %s: %t, want %t", c.user, c.value, got, c.want)
		}
	}
}

func TestIsSecret(t *testing.T) {
	block := func(kind string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("x")}))
	}
	for _, c := range []struct {
		key, text string
		want      bool
	}{
		{"password", "uiNg4quaeJ7e", true},
		{"password", "${PASSWORD}", false},
		{"identity", "anything", true},
		{"username", "orthanc", false},
		{"tls.crt", "anything", false},
		{"chain.pem", block("CERTIFICATE") + block("CERTIFICATE"), false},
		{"chain.pem", block("CERTIFICATE") + block("RSA PRIVATE KEY"), true},
		{"cosign.pub", block("PUBLIC KEY"), false},
		{"values.yaml", "replicas: 2", false},
		{"values.yaml", "auth:\n  password: uiNg4quaeJ7e", true},
		{"values.yaml", "auth:\n  password: ${PASSWORD}", false},
		{"address", "https://proxy.example.org", false},
		{"address", "https://chat.example.org/hooks/T0/B0/XX", true},
		{"url", "postgresql://orthanc:uiNg4quaeJ7e@database/orthanc", true},
		{"url", "postgresql://database/orthanc", false},
	} {
		if got := isSecret(entry{key: c.key, text: c.text}); got != c.want {
			t.Errorf("%s %q: %t, want %t", c.key, c.text, got, c.want)
		}
	}
}

func FuzzInValue(f *testing.F) {
	f.Add("orthanc.json", `{"RegisteredUsers": {"a": "b"}}`)
	f.Add("app.conf", "password = a\nurl = http://a:b@c")
	f.Add("a", "/*")
	f.Fuzz(func(t *testing.T, key, text string) {
		for _, found := range inValue(key, text) {
			if found.offset < 0 || found.offset > len(text) || !strings.Contains(text, found.value) {
				t.Errorf("%q: %q at %d", text, found.value, found.offset)
			}
			isPlaceholder(found.value)
		}
		isSecret(entry{key: key, text: text})
	})
}
