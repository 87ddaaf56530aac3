package snapshot

import (
	"strings"
	"testing"
	"time"
)

func TestZZLinear(t *testing.T) {
	for _, unit := range []string{
		"://", "://a:b/", "://a@", "://a:b@c/", "@tcp(", "x@tcp( ", "eyJ", "sk-", "-eyJ", "-bearer", "bearer ",
		"-----BEGIN ", "-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----", "-----END X-----", pemBase64 + " ",
		"token:", "token: ", "password=", "password= ", "password=&", `"password":`, "token: the ", "--token ", "--token,",
		"--", "--a ", "=", " ", "-u ", "-u a", ":=", "\\", `\"`, "&a", "Authorization: x\n", "a",
		"%", "%41", "%3D ", "@", "a@", "a:b@", "a:b@c ", "<password>", "<password", "</", "<a>", "RegisteredUsers:\n ", "RegisteredUsers: {", "{", "[", "secret: {", "secret:{a:", "password {",
		"password ", "password \"", "(password ", "login a password ", "IDENTIFIED BY '", "[RegisteredUsers]\n", "]\n", "mysql -p", "sshpass -p ", "mysql -p\"", "htpasswd -b a ", "name: password ", "value: \"x\" ", "name: token\nvalue: ",
		"cGFzc3dvcmQ9eA==", "cGFzc3dvcmQ9", "aAbBcCdD/", "AbcdefAbcdefAbcdefAbcdefAbcdefAbcdefAbcdefAbcdefAbcdefAbcdefAbcd\n", "\\u003c", "&lt;", "\\/", "&", "db:5432:a:b:", "db:1:", "stringData:\n", "data: x kind", "Secret", "kind: Secret data: ", "\\n", "'", "'{", "env[0].value: Invalid value: ", "Private-Lines: ", "'''", "kty k:", "/hooks/", "$6$", "hooks.slack.com/", "secret: a-b", "unexpected token: ", "--from-literal=a=",
	} {
		text := strings.Repeat(unit, 100000/len(unit))
		s := time.Now()
		done := make(chan string, 1)
		go func() { done <- Mask(text) }()
		select {
		case m := <-done:
			a := time.Since(s)
			text2 := text + text + text + text
			s = time.Now()
			m2 := Mask(text2)
			b := time.Since(s)
			if b > 8*a && b > 100*time.Millisecond || a > 200*time.Millisecond {
				t.Errorf("%q %v %v", unit, a, b)
			}
			_ = m2
			if Mask(m) != m {
				t.Errorf("%q twice", unit)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%q hangs", unit)
		}
	}
}
