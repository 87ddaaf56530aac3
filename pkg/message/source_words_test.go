package message

import (
	"testing"
)

func TestSourceMessages(t *testing.T) {
	// These messages are those of Git servers, registries, buckets, and Go's net and crypto.
	for reported, problem := range map[string]SourceProblem{
		"403 Forbidden":                                   SourceAuthentication,
		"unexpected status code 401":                      SourceAuthentication,
		"authorization failed":                            SourceAuthentication,
		"invalid auth method":                             SourceAuthentication,
		"DENIED: requested access":                        SourceAuthentication,
		"denied: requested access":                        SourceAuthentication,
		"failed to authenticate":                          SourceAuthentication,
		"authentication failed":                           SourceAuthentication,
		"AccessDenied":                                    SourceAuthentication,
		"Access Denied.":                                  SourceAuthentication,
		"invalid credentials":                             SourceAuthentication,
		"ssh: handshake failed: knownhosts: key mismatch": SourceHostKey,
		"remote error: tls: bad certificate":              SourceTLS,
		"net/http: TLS handshake timeout":                 SourceTLS,
		"http: server gave HTTP response to HTTPS client": SourceTLS,
		"lookup x.io: server misbehaving":                 SourceDNS,
		"Temporary failure in name resolution":            SourceDNS,
		"connect: no route to host":                       SourceRefused,
		"connect: network is unreachable":                 SourceRefused,
		"read: connection reset by peer":                  SourceRefused,
		"context deadline exceeded":                       SourceTimeout,
		"net/http: request canceled while waiting":        SourceTimeout,
		"connect: operation timed out":                    SourceTimeout,
		"NAME_UNKNOWN: repository name not known":         SourceManifestUnknown,
		"no match found for semver: >=9.0.0":              SourceManifestUnknown,
		"unsupported protocol scheme":                     SourceURLInvalid,
		"unexpected status code 500":                      SourceHTTP,
		"unexpected EOF":                                  SourceOther,
	} {
		if got, ok := parseSource("failed to pull artifact from 'oci://x.io/y': " + reported); !ok || got.Problem != problem {
			t.Errorf("%s: %v %s", reported, ok, got.Problem)
		}
		if got, ok := parseSource(reported); ok {
			t.Errorf("%s, of nobody knows what: %+v", reported, got)
		}
	}
}

func TestSourceSteps(t *testing.T) {
	// The source is source-controller 1.9.5, controller by controller.
	for message, problem := range map[string]SourceProblem{
		"git repository is empty":     SourceRepoNotFound,
		"bucket 'x' not found":        SourceRepoNotFound,
		"failed to parse url 'x': no": SourceURLInvalid,
		"URL validation failed for 'x': URL must not contain a tag; remove ':1'":      SourceURLInvalid,
		"cannot verify signature of tag 'v1' since it is not signed":                  SourceVerification,
		"chart verification error: no matching signatures were found for 'x'":         SourceVerification,
		"PGP signature detected but no PGP public keys found in secret":               SourceVerification,
		"failed to confirm existence of 'x' bucket: Access Denied.":                   SourceAuthentication,
		"failed to get credential from aws: no":                                       SourceOther,
		"failed to configure authentication options: invalid 'https' auth option: no": SourceCredentialsInvalid,
		"dependency build error: failed to add remote dependency 'x': failed to get":  SourceOther,
	} {
		if got, ok := parseSource(message); !ok || got.Problem != problem {
			t.Errorf("%s: %v %s", message, ok, got.Problem)
		}
	}
}
