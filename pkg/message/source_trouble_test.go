package message

import (
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func TestSourceTrouble(t *testing.T) {
	const clone = `failed to checkout and determine revision: unable to clone 'ssh://git@git.example.org/korthweb': `
	const index = `failed to fetch Helm repository index: failed to cache index to temporary file: `
	const digest = `failed to determine artifact digest: GET https://registry.example.org/v2/x/manifests/latest: `
	for message, problem := range map[string]SourceProblem{
		// golang.org/x/crypto v0.56, ssh/knownhosts and ssh/common.go; fluxcd/source-controller#490, #439.
		clone + `ssh: handshake failed: knownhosts: key mismatch`:                                                                      SourceHostKey,
		clone + `ssh: handshake failed: knownhosts: key is unknown`:                                                                    SourceHostKey,
		clone + `ssh: handshake failed: knownhosts: key is revoked`:                                                                    SourceHostKey,
		clone + `ssh: handshake failed: hostkey could not be verified`:                                                                 SourceHostKey,
		clone + `ssh: handshake failed: ssh: no common algorithm for host key; we offered: ["ssh-rsa"], peer offered: ["ssh-ed25519"]`: SourceHostKey,
		clone + `ssh: handshake failed: ssh: no common algorithm for key exchange; we offered: ["curve"], peer offered: ["other"]`:     SourceOther,
		clone + `ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain`:  SourceAuthentication,
		clone + `ssh: handshake failed: read tcp 10.1.1.10:45906->140.82.121.4:22: read: connection timed out`:                         SourceTimeout,
		// Registries and Git hosts; fluxcd/flux2#3714, #1713.
		digest + `TOOMANYREQUESTS: Rate exceeded`: SourceRateLimit,
		digest + `TOOMANYREQUESTS: You have reached your pull rate limit. You may increase the limit by authenticating`:                                                                     SourceRateLimit,
		digest + `unexpected status code 429 Too Many Requests: <html>`:                                                                                                                     SourceRateLimit,
		digest + `response status code 429: toomanyrequests: retry-after: 1.16ms, allowed: 44000/minute`:                                                                                    SourceRateLimit,
		index + `failed to fetch https://x.io/index.yaml : 429 Too Many Requests`:                                                                                                           SourceRateLimit,
		`failed to checkout and determine revision: unable to list remote for 'https://x.io/y': unexpected client error: unexpected requesting "https://x.io/y/info/refs" status code: 429`: SourceRateLimit,
		digest + `DENIED: API rate limit exceeded for 10.0.0.1`:                                                                                                                             SourceRateLimit,
		index + `Get "https://x.io/429/index.yaml": EOF`:                                                                                                                                    SourceOther,
		index + `Get "https://x.io/index.yaml": dial tcp: lookup x.io on 10.96.0.10:53: read udp 10.1.1.1:4->10.96.0.10:53: i/o timeout`:                                                    SourceDNS,
		index + `Get "https://x.io/index.yaml": dial tcp 1.2.3.4:443: i/o timeout`:                                                                                                          SourceTimeout,
		// net/http, transport.go; golang.org/x/net, proxy and socks.
		index + `Get "https://x.io/index.yaml": proxyconnect tcp: dial tcp 10.9.9.9:3128: connect: connection refused`: SourceProxy,
		index + `Get "https://x.io/index.yaml": proxyconnect tcp: dial tcp: lookup proxy.example.org: no such host`:    SourceProxy,
		index + `Get "https://x.io/index.yaml": Forbidden`:                                                             SourceProxy,
		index + `Get "https://x.io/index.yaml": Service Unavailable`:                                                   SourceProxy,
		index + `failed to fetch https://x.io/index.yaml : 403 Forbidden`:                                              SourceAuthentication,
		index + `Get "https://x.io/index.yaml": Proxy Authentication Required`:                                         SourceProxy,
		index + `failed to fetch https://x.io/index.yaml : 407 Proxy Authentication Required`:                          SourceProxy,
		clone + `socks connect tcp 10.9.9.9:1080->git.example.org:22: unknown error connection refused`:                SourceProxy,
		`failed to configure proxy options: secret 'flux-system/proxy' not found`:                                      SourceSecretMissing,
		`failed to get proxy address: secret 'flux-system/proxy': key 'address' not found in secret`:                   SourceProxy,
		// source-controller 1.9.5, gitrepository_controller.go and storage.
		`unable to archive artifact to storage: write /data/x.tar.gz: no space left on device`:     SourceStorage,
		`failed to create artifact directory: mkdir /data/gitrepository: no space left on device`:  SourceStorage,
		`failed to create temporary working directory: mkdir /tmp/x: no space left on device`:      SourceStorage,
		`unable to save artifact to storage: open /data/x: read-only file system`:                  SourceStorage,
		clone + `write /tmp/gitrepository-1/.git/objects/pack/tmp_pack_1: no space left on device`: SourceStorage,
		`failed to pull artifact from 'oci://x.io/y': write /tmp/x: disk quota exceeded`:           SourceStorage,
		`unable to archive artifact to storage: stat /data/x: permission denied`:                   SourceOther,
		// fluxcd/pkg/runtime v0.60, secrets/reader.go.
		`failed to get credential: secret 'flux-system/regcred' not found`:                   SourceSecretMissing,
		`failed to generate transport for 'oci://x.io/y': secret 'flux-system/ca' not found`: SourceSecretMissing,
		`failed to get TLS config: secret 'flux-system/ca' not found`:                        SourceSecretMissing,
		// fluxcd/pkg/git v0.52, options.go.
		`failed to configure authentication options: invalid 'ssh' auth option: 'known_hosts' is required`: SourceCredentialsInvalid,
		`failed to configure authentication options: invalid 'https' auth option: 'username' is required`:  SourceCredentialsInvalid,
		`SSH identity key is encrypted but no 'password' field was provided in the secret 'a/b'`:           SourceCredentialsInvalid,
	} {
		got, ok := parseSource(message)
		if !ok || got.Problem != problem {
			t.Errorf("%s\nread: %v %s, want %s", message, ok, got.Problem, problem)
		}
	}
	if got, _ := parseSource(`failed to get credential: secret 'flux-system/regcred' not found`); got.Reference != (match.Object{Kind: "Secret", Namespace: "flux-system", Name: "regcred"}) {
		t.Errorf("%+v", got.Reference)
	}
}

func TestSourceTLS(t *testing.T) {
	// crypto/x509, verify.go, and crypto/tls, of Go 1.26.
	for why, problem := range map[string]TLSProblem{
		`tls: failed to verify certificate: x509: certificate signed by unknown authority`:                                         TLSUnknownCA,
		`x509: certificate signed by unknown authority (possibly because of "x509: invalid signature")`:                            TLSUnknownCA,
		`tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-03-01`:            TLSExpired,
		`x509: certificate is valid for other.example.org, not x.io`:                                                               TLSOtherName,
		`tls: failed to verify certificate: x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs`: TLSOtherName,
		`x509: certificate is not valid for any names, but wanted to match x.io`:                                                   TLSOtherName,
		`http: server gave HTTP response to HTTPS client`:                                                                          TLSPlainHTTP,
		`remote error: tls: certificate required`:                                                                                  TLSClientCertificate,
		`remote error: tls: bad certificate`:                                                                                       TLSClientCertificate,
		`net/http: TLS handshake timeout`:                                                                                          TLSOther,
	} {
		got, ok := parseSource(`failed to determine artifact digest: Get "https://x.io/v2/": ` + why)
		if !ok || got.Problem != SourceTLS || got.TLS != problem {
			t.Errorf("%s: %v %s %s", why, ok, got.Problem, got.TLS)
		}
	}
}

func TestFetch(t *testing.T) {
	for message, want := range map[string]SourceProblem{
		"unable to clone: ssh: handshake failed: knownhosts: key is unknown":                                                             SourceHostKey,
		"failed to checkout and determine revision: unable to clone 'ssh://git@x.io/y': ssh: handshake failed: knownhosts: key mismatch": SourceHostKey,
		"unable to clone 'https://x.io/y', error: authentication required":                                                               SourceAuthentication,
		"unable to clone 'ssh://x@vs-ssh.visualstudio.com/v3/a/b/c', error: user cancelled hostkey check":                                SourceHostKey,
		"git operation failed": SourceOther,
		"":                     SourceOther,
	} {
		if got, ok := parseFetch(message); got.Problem != want || ok != (want != SourceOther) {
			t.Errorf("%q is %s (%t), want %s", message, got.Problem, ok, want)
		}
	}
}
