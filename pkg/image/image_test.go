package image

import (
	"errors"
	"strings"
	"testing"
)

const hash = "13914140549da7bb10869a75f7a7fd4ecfdc92e146da2af4917d6b85170e1525"

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text       string
		repository string
		tag        string
		digest     string
		err        string
	}{
		{text: "orthanc-plugins", repository: "orthanc-plugins"},
		{text: "orthancteam/orthanc:24.2.0", repository: "orthancteam/orthanc", tag: "24.2.0"},
		{text: "r.example.org:5000/a/b", repository: "r.example.org:5000/a/b"},
		{text: "r.example.org:5000/a/b:v1@sha256:" + hash, repository: "r.example.org:5000/a/b", tag: "v1", digest: "sha256:" + hash},
		{text: "localhost/a_b/c__d.e--f", repository: "localhost/a_b/c__d.e--f"},
		{text: "[2001:db8::1]:5000/a", repository: "[2001:db8::1]:5000/a"},
		{text: "Registry.example.org/a", repository: "Registry.example.org/a"},
		{text: "osimis/orthanc@" + hash, err: `lacks the prefix "sha256:"`},
		{text: "osimis/orthanc@sha256:" + hash[1:], err: "64 hexadecimal digits"},
		{text: "osimis/orthanc@sha256:" + strings.ToUpper(hash), err: "lower case"},
		{text: "osimis/orthanc@md5:" + hash[:32], err: "digest must be sha256:"},
		{text: "osimis/orthanc@", err: "digest must be sha256:"},
		{text: "osimis/Orthanc:1", err: "upper-case"},
		{text: "osimis/orthanc :1", err: "contains a space"},
		{text: "", err: "is empty"},
		{text: "osimis/orthanc:", err: `tag "" is not valid`},
		{text: "osimis/orthanc:-1", err: `tag "-1" is not valid`},
		{text: "osimis/orthanc:" + strings.Repeat("1", 129), err: "is not valid"},
		{text: "osimis//orthanc", err: "repository"},
		{text: "https://docker.io/orthanc", err: "repository"},
		{text: "-orthanc", err: "repository"},
		{text: hash, err: "repository"},
		{text: strings.Repeat("a", 256), err: "longer than 255"},
	} {
		n, err := Parse(c.text)
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q: the error is %v, want %q", c.text, err, c.err)
		case c.err == "" && (err != nil || n != Name{c.repository, c.tag, c.digest}):
			t.Errorf("%q: %+v, %v", c.text, n, err)
		}
	}
	if _, err := Parse("a@" + hash); !errors.Is(err, ErrBareDigest) {
		t.Errorf("the error of a digest without algorithm is %v", err)
	}
}

func TestRegistry(t *testing.T) {
	for text, want := range map[string]string{
		"redis":                        "docker.io library/redis",
		"bitnami/redis:7":              "docker.io bitnami/redis",
		"docker.io/bitnami/redis":      "docker.io bitnami/redis",
		"index.docker.io/redis":        "docker.io library/redis",
		"ghcr.io/a/b@sha256:" + hash:   "ghcr.io a/b",
		"localhost/redis":              "localhost redis",
		"r.example.org:5000/bitnami/r": "r.example.org:5000 bitnami/r",
	} {
		host, path := Split(text).Registry()
		if got := host + " " + path; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "a", "a/b:c@sha256:" + hash, "a@" + hash, "A:1/b", ":@/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := Parse(text)
		if err != nil {
			return
		}
		joined := n.Repository
		if n.Tag != "" {
			joined += ":" + n.Tag
		}
		if n.Digest != "" {
			joined += "@" + n.Digest
		}
		if host, path := n.Registry(); joined != text || host == "" || path == "" {
			t.Errorf("%q became %+v, %q %q", text, n, host, path)
		}
	})
}

func TestMoved(t *testing.T) {
	for text, want := range map[string]string{
		"bitnami/redis:7.2":               "docker.io/bitnamilegacy/redis",
		"docker.io/bitnami/redis":         "docker.io/bitnamilegacy/redis",
		"registry-1.docker.io/bitnami/a":  "docker.io/bitnamilegacy/a",
		"docker.io/bitnamilegacy/redis:7": "",
		"ghcr.io/bitnami/redis":           "",
		"redis":                           "",
	} {
		if got, ok := Split(text).Moved(); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %t, want %q", text, got, ok, want)
		}
	}
}
