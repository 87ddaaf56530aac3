package mask

import (
	"strings"
	"testing"
)

// ordinaryTexts are messages of Flux, Kubernetes, cert-manager and Istio that an operator needs
// to read.
var ordinaryTexts = []string{
	"", "Ready", "bhs-orthweb", "2026-05-04T12:00:00Z", "<redacted>",
	"main@sha1:feffc67d5a1e1d0b4fd0c0e5e2f8a7f1c2b3a4d5",
	"Applied revision: main@sha1:feffc67d5a1e1d0b4fd0c0e5e2f8a7f1c2b3a4d5",
	"osimis/orthanc@sha256:13914140549d3c0ef0f0a0b1f2a4f7d3c1e0b9a8f7e6d5c4b3a2918070605040",
	"docker-pullable://quay.io/org/app@sha256:13914140549d3c0ef0f0a0b1f2a4f7d3c1e0b9a8f7e6d5c4b3a2918070605040",
	"containerd://13914140549d3c0ef0f0a0b1f2a4f7d3c1e0b9a8f7e6d5c4b3a2918070605040",
	"oci://localhost:5000/charts/x@sha256:13914140549d3c0ef0f0a0b1f2a4f7d3c1e0b9a8f7e6d5c4b3a2918070605040",
	"quay.io/org/secret-token:v1.2", "ghcr.io/org/credentials:latest", "registry:5000/vault/token:1.0",
	"ssh://git@github.com/digihunch/korthweb", "git@github.com:digihunch/korthweb.git",
	"https://github.com/digihunch/korthweb?ref=main", "https://[::1]:8443/readyz",
	`secrets "postgres" not found`,
	`failed to get secret: secrets "git-auth" not found`,
	"unable to get secret: not found",
	"couldn't find key password in Secret bhs-orthweb/postgres",
	"Error: couldn't find key POSTGRES_PASSWORD in Secret bhs-orthweb/postgres",
	"references non-existent secret key: tls.key",
	`MountVolume.SetUp failed for volume "cert" : secret "orthanc-tls" not found`,
	`MountVolume.SetUp failed for volume "kube-api-access" : failed to fetch token: pod "x" not found`,
	`failed to fetch token: serviceaccounts "x" is forbidden`,
	"token expired", "token: expired", "invalid bearer token", "Bearer token is invalid",
	"x509: certificate signed by unknown authority", "Basic constraints not valid",
	`timeout waiting for: [Secret/bhs-orthweb/postgres status: 'NotFound', Deployment/bhs-orthweb/orthanc status: 'InProgress']`,
	"Secret/bhs-orthweb/postgres configured", "secret/postgres created",
	`Back-off pulling image "osimis/orthanc:22.6.1"`,
	"pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
	`failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Ax%3Apull&service=registry.docker.io: 401 Unauthorized`,
	`WWW-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`,
	`FATAL: password authentication failed for user "orthanc"`,
	"password: authentication failed",
	"Secret was created successfully", "pod sk-frontend-6c98f85f66-5gx78 and disk-0123456789abcdefghij",
	"Helm install succeeded for release bhs-orthweb/postgres.v1 with chart postgresql@12.1.0",
	"spec.tls.secretName: Required value", "secretName: orthanc-tls", "credentialName=bhs-cert",
	"--secret-name orthanc-tls", "use --password to set it", "system:controller:token-cleaner",
	"6fd7e8f0-1b7e-4c1e-9f0a-0c5d1b2e3f4a", "0/3 nodes are available: 3 Insufficient cpu.",
	"dial tcp 10.0.0.1:443: connect: connection refused", "name@example.com",
	"Certificate is up to date and has not expired", "keys=3 tokenPath=/var/run/x",
}

func TestMaskLeavesOrdinaryTexts(t *testing.T) {
	for _, text := range ordinaryTexts {
		if got := Mask(text); got != text {
			t.Errorf("Mask changes an ordinary text:\n  %s\n  %s", text, got)
		}
	}
}

func TestMask(t *testing.T) {
	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
	for text, want := range map[string]string{
		"https://bob:hunter2@git.example.com/x.git":                               "https://<redacted>@git.example.com/x.git",
		"https://ghp@git.example.com/x":                                           "https://<redacted>@git.example.com/x",
		"clone of 'https://b:h@nter2@h/x' failed":                                 "clone of 'https://<redacted>@h/x' failed",
		"postgres://bob:hun/ter2@db:5432/orthanc":                                 "postgres://<redacted>@db:5432/orthanc",
		"redis://:hunter2@cache:6379":                                             "redis://<redacted>@cache:6379",
		"root:hunter2@tcp(db:3306)/x":                                             "<redacted>@tcp(db:3306)/x",
		"a:hunter2@tcp(x) and b:hunter2@tcp(y)":                                   "<redacted>@tcp(x) and <redacted>@tcp(y)",
		"http://a/ http://u:hunter2@b/ https://v:h@c":                             "http://a/ http://<redacted>@b/ https://<redacted>@c",
		"curl -u bob:hunter2 https://x":                                           "curl -u <redacted> https://x",
		"-u x\nkind: y":                                                           "-u x\nkind: y",
		"docker run -u 1000:1000 x":                                               "docker run -u 1000:1000 x",
		"password := hunter2":                                                     "password := <redacted>",
		"data[password]: hunter2":                                                 "data[password]: <redacted>",
		`"password" => "hunter2"`:                                                 `"password" => "<redacted>"`,
		"https://hooks.slack.com/services/T0/B0/hunter2":                          "https://hooks.slack.com/services/<redacted>",
		"https://s3/x?X-Amz-Signature=hunter2&y=1":                                "https://s3/x?X-Amz-Signature=<redacted>&y=1",
		"https://s/x?a=1&token=hunter2":                                           "https://s/x?a=1&token=<redacted>",
		"https://b/x?sv=1&sig=hunter2%3D":                                         "https://b/x?sv=1&sig=<redacted>",
		"Authorization: Bearer hunter2.x":                                         "Authorization: <redacted>",
		`curl -H "Authorization: Basic aHVudGVyMjp4" x`:                           `curl -H "Authorization: <redacted>" x`,
		"got Bearer hunter2, sent":                                                "got Bearer <redacted>, sent",
		"Basic aHVudGVyMjp4":                                                      "Basic <redacted>",
		"password=hunter2":                                                        "password=<redacted>",
		"PGPASSWORD=hunter2 psql":                                                 "PGPASSWORD=<redacted> psql",
		"host=db password=hun,ter2 user=x":                                        "host=db password=<redacted> user=x",
		"password='hun ter2' x":                                                   "password='<redacted>' x",
		"password: hunter2":                                                       "password: <redacted>",
		"password:hunter2":                                                        "password:<redacted>",
		"map[password:hunter2 user:x]":                                            "map[password:<redacted> user:x]",
		"map[db-password:hunter2]":                                                "map[db-password:<redacted>]",
		"{ClientSecret:hunter2 ID:x}":                                             "{ClientSecret:<redacted> ID:x}",
		`{"user":"x","password":"hun\"ter2","n":1}`:                               `{"user":"x","password":"<redacted>","n":1}`,
		`"{\"apiKey\":\"hunter2\",\"n\":1}"`:                                      `"{\"apiKey\":\"<redacted>\",\"n\":1}"`,
		"token: |\n  hunter2\n  x":                                                "token: <redacted>",
		`spec.password: Invalid value: "hunter2": short`:                          `spec.password: Invalid value: "<redacted>": short`,
		"aws_secret_access_key = hunter2":                                         "aws_secret_access_key = <redacted>",
		"mysql --password hunter2 -h db":                                          "mysql --password <redacted> -h db",
		`["--token","hunter2","x"]`:                                               `["--token","<redacted>","x"]`,
		"--client-secret=hunter2":                                                 "--client-secret=<redacted>",
		"X-Auth-Token: hunter2":                                                   "X-Auth-Token: <redacted>",
		"Cookie: a=hunter2; b=x\nHost: y":                                         "Cookie: <redacted>\nHost: y",
		"got " + jwt + " from x":                                                  "got <redacted> from x",
		"remote: ghp_0123456789abcdefABCDEF0123456789abcd":                        "remote: <redacted>",
		"glpat-0123456789abcdefABCD":                                              "<redacted>",
		"id AKIAIOSFODNN7EXAMPLE.":                                                "id <redacted>",
		"xoxb-1234567890-hunter2":                                                 "<redacted>",
		"sk-proj0123456789ABCDEFGHabcdef":                                         "<redacted>",
		"a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b": "a <redacted> b",
		`a -----BEGIN EC PRIVATE KEY-----\nMII`:                                   "a <redacted>",
		"MII\n-----END PRIVATE KEY----- b":                                        "<redacted> b",
		"key LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSQotLS0tLUVORCBQUklWQVRFIEtFWS0t": "key <redacted>",
	} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q)\n got %q\nwant %q", text, got, want)
		}
	}
}

// TestMaskIsLinear exceeds the time limit of all tests if a rule is not linear.
func TestMaskIsLinear(t *testing.T) {
	for _, unit := range []string{
		"://", "://a:b/", "://a@", "://a:b@c/", "@tcp(", "x@tcp( ", "eyJ", "sk-", "-eyJ", "-bearer", "bearer ",
		"-----BEGIN ", "-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----", "-----END X-----", pemBase64 + " ",
		"token:", "token: ", "password=", "password= ", "password=&", `"password":`, "token: the ", "--token ", "--token,",
		"--", "--a ", "=", " ", "-u ", "-u a", ":=", "\\", `\"`, "&a", "Authorization: x\n", "a",
	} {
		repeatMasked(t, unit, 4<<20)
	}
	for _, unit := range []string{
		"%", "%41", "%3D ", "@", "a@", "a:b@", "a:b@c ", "<password>", "<password", "</", "<a>", `key="password">`, "{", "[", "secret:{a:", "(", "auth=('",
		"RegisteredUsers:\n ", "RegisteredUsers:\n", "RegisteredUsers: {", `RegisteredUsers:\n `, "secret: {", "password ", `password "`, "(password ", "login a password ",
		"IDENTIFIED BY '", "[RegisteredUsers]\n", "]\n", "mysql -p", "sshpass -p ", `mysql -p"`, "curl -su ", "htpasswd -b a ", "name: password ", `value: "x" `,
		"name: token\nvalue: ", "cGFzc3dvcmQ9eA==", "cGFzc3dvcmQ9", "aAbBcCdD/", strings.Repeat("Abcdef", 11) + "\n", `\u003c`, "&lt;", `\/`, "&", "db:5432:a:b:", "db:1:",
		"stringData:\n", "data: x kind", "kind: Secret data: ", `\n`, "'", "'{", "env[0].value: Invalid value: ", "Private-Lines: ", "'''", "kty k:", "/hooks/", "$6$",
		"hooks.slack.com/", "s.", "secret: a-b", "unexpected token: ", "--from-literal=a=", "token \"", "token A1b2C3d4E5f6", "API key: ", "x -> ", "password: x -> ", "key ", "a key:",
	} {
		repeatMasked(t, unit, 1<<20)
	}
}

func repeatMasked(t *testing.T, unit string, size int) {
	t.Helper()
	text := strings.Repeat(unit, size/len(unit))
	if masked := Mask(text); Mask(masked) != masked {
		t.Errorf("many %q: masking twice differs", unit)
	}
}

func FuzzMask(f *testing.F) {
	for _, text := range ordinaryTexts {
		f.Add(text)
	}
	for _, text := range []string{
		"https://a:b@c password=x token: y --secret z", `"password":"\\"x`, "Authorization: Basic Basic x",
		"-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----", "token=token=token=x", "eyJeyJeyJeyJeyJeyJeyJ",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := Mask(text)
		if twice := Mask(once); twice != once {
			t.Errorf("masking %q twice:\n  %q\n  %q", text, once, twice)
		}
	})
}

func BenchmarkMaskOrdinary(b *testing.B) {
	for b.Loop() {
		for _, text := range ordinaryTexts {
			Mask(text)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ordinaryTexts)), "ns/text")
}
