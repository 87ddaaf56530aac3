package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestBuildDecryption(t *testing.T) {
	const recipient = "age1zyhut6uk754ayr3arpcelf2zvgrllmmj94q8pctwqnr66ul2g5as4wqujw"
	sops := func(lines string) string {
		return "decryption failed for 'orthanc-users': failed to decrypt and format 'bhs-orthweb/orthanc-users' Secret data: cannot get sops data key: " +
			"Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n  " + lines
	}
	for _, c := range []struct {
		from, message string
		want          Decryption
	}{
		{"fluxcd/flux2#5154", sops(recipient + ": FAILED\n    - | failed to load age identities: failed to open file: open\n      | /.config/sops/age/keys.txt: no such file or directory\n\nRecovery failed"),
			Decryption{Recipients: []string{recipient}, Problem: DecryptionNoIdentity}},
		{"getsops/sops#1084", sops(recipient + ": FAILED\n    - | failed to create reader for decrypting sops data key with\n      | age: no identities specified\n"),
			Decryption{Recipients: []string{recipient}, Problem: DecryptionNoIdentity}},
		{"getsops/sops#1999", sops(recipient + ": FAILED\n    - | failed to create reader for decrypting sops data key with\n      | age: no identity matched any of the recipients\n"),
			Decryption{Recipients: []string{recipient}, Problem: DecryptionOtherIdentity}},
		{"the words broken elsewhere", sops(recipient + ": FAILED\n    - | age: no identity\n      | matched any of the recipients. Did not find\n      | keys in locations 'SOPS_AGE_KEY'\n"),
			Decryption{Recipients: []string{recipient}, Problem: DecryptionOtherIdentity}},
		{"two recipients", sops("34AFE2A7C8E00ED66916D95DA9FBD7DE773B2A34: FAILED\n    - | could not decrypt data key with PGP key\n  arn:aws:kms:eu-west-1:1:key/x: FAILED\n    - | AccessDeniedException: not authorized to perform: kms:Decrypt\n"),
			Decryption{Recipients: []string{"34AFE2A7C8E00ED66916D95DA9FBD7DE773B2A34", "arn:aws:kms:eu-west-1:1:key/x"}, Problem: DecryptionDenied}},
		{"cut off by kubectl", "decryption failed for 'x': cannot get sops data key: Failed to get the data key required to decrypt the SOPS file.", Decryption{}},
		{"kustomize-controller 1.9.6, decryptor.go", "failed to import 'age.agekey' data from sops decryption Secret 'flux-system/sops-age': malformed secret key",
			Decryption{Problem: DecryptionKeyInvalid, Key: "age.agekey"}},
	} {
		got, ok := parseBuild(c.message)
		if !ok || got.Problem != BuildDecryption || !sameDecryption(got.Decryption, c.want) {
			t.Errorf("%s: %v %+v, want %+v", c.from, ok, got, c.want)
		}
	}
	parsecheck.Check(t, parseBuild, []parsecheck.Case[Build]{
		{"kustomize-controller 1.9.6, ImportKeys of a Secret that is not there", `secrets "sops-age" not found`,
			Build{Problem: BuildDecryption, Reference: match.Object{Kind: "Secret", Name: "sops-age"}, Missing: true, Detail: `secrets "sops-age" not found`}},
		{"onedr0p/cluster-template#156, an older version", `decryption secret error: Secret "sops-age" not found`,
			Build{Problem: BuildDecryption, Reference: match.Object{Kind: "Secret", Name: "sops-age"}, Missing: true, Detail: `decryption secret error: Secret "sops-age" not found`}},
		{"something else is not there", `configmaps "sops-age" not found`, Build{}},
		{"the message goes on", `secrets "sops-age" not found in the chart`, Build{}},
	})
}

func sameDecryption(a, b Decryption) bool {
	if a.Problem != b.Problem || a.Key != b.Key || len(a.Recipients) != len(b.Recipients) {
		return false
	}
	for i := range a.Recipients {
		if a.Recipients[i] != b.Recipients[i] {
			return false
		}
	}
	return true
}

func TestBuildSyntax(t *testing.T) {
	for why, syntax := range map[string]string{
		"bad substitution":                                "bad substitution",
		"missing closing brace":                           "missing closing brace",
		"unable to parse variable name":                   "unable to parse variable name",
		"unable to parse substitution within function":    "unable to parse substitution within function",
		"unable to parse default function":                "unable to parse default function",
		`variable not set (strict mode): "bad"`:           "",
		`YAMLToJSON: yaml: line 3: bad substitution here`: "",
	} {
		got, ok := parseBuild("post build failed for 'ConfigMap.v1.[noGrp]/x.[noNs]': envsubst error: variable substitution failed: " + why)
		if !ok || got.Syntax != syntax || got.Object.Name != "x" {
			t.Errorf("%s: %v %+v", why, ok, got)
		}
	}
}

func TestBuildDownload(t *testing.T) {
	// The sources are fluxcd/pkg/http v0.8, archive_fetcher.go, and fluxcd/flux2#2152, #703 for
	// older messages.
	const url = "http://source-controller.flux-system.svc.cluster.local./gitrepository/flux-system/flux-system/32a8.tar.gz"
	for message, problem := range map[string]DownloadProblem{
		`failed to download archive: GET ` + url + ` giving up after 10 attempt(s): Get "` + url + `": dial tcp 10.43.27.117:80: i/o timeout`:                                               DownloadTimeout,
		`failed to download artifact, error: GET ` + url + ` giving up after 10 attempt(s): Get "` + url + `": dial tcp 10.43.27.117:80: i/o timeout`:                                       DownloadTimeout,
		`failed to download artifact from ` + url + `, error: Get "` + url + `": dial tcp 10.0.165.86:80: i/o timeout`:                                                                      DownloadTimeout,
		`failed to download archive: GET ` + url + ` giving up after 10 attempt(s): Get "` + url + `": dial tcp 10.0.0.9:80: connect: connection refused`:                                   DownloadRefused,
		`failed to download archive: GET ` + url + ` giving up after 10 attempt(s): Get "` + url + `": dial tcp: lookup source-controller.flux-system.svc.cluster.local.: no such host`:     DownloadDNS,
		`failed to download archive: GET ` + url + ` giving up after 10 attempt(s): Get "` + url + `": dial tcp: lookup source-controller on 10.96.0.10:53: read udp 10.1.1.1: i/o timeout`: DownloadDNS,
		`failed to download archive: GET ` + url + ` giving up after 10 attempt(s)`:                                                                                                         DownloadOther,
		`failed to download archive from ` + url + ` (status: 503 Service Unavailable)`:                                                                                                     DownloadHTTP,
		`failed to download archive from ` + url + ` (status: 404 Not Found)`:                                                                                                               DownloadNotFound,
		`file not found`: DownloadNotFound,
		`failed to verify archive: computed digest doesn't match provided 'sha256:1'`:   DownloadDigest,
		`failed to copy temp contents: write /tmp/fetch.1.tmp: no space left on device`: DownloadStorage,
		`tmp dir error: mkdir /tmp/kustomization-1: no space left on device`:            DownloadStorage,
	} {
		got, ok := parseBuild(message)
		if !ok || got.Problem != BuildDownload || got.Download.Problem != problem {
			t.Errorf("%s: %v %+v", message, ok, got)
		}
	}
	if got, ok := parseBuild("a person says: failed to download archive"); ok {
		t.Errorf("%+v", got)
	}
}
