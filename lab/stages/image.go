package stages

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// These three patterns decide, as a kubelet does, whether an image's name can be parsed. A
// kubelet calls reference.ParseNormalizedNamed (k8s.io/kubernetes v1.36.3,
// pkg/util/parsers/parsers.go); kwok's Stages support jq and regular expressions only.
var (
	// The name has the form NAME[:TAG][@DIGEST].
	imageForm = reference.ReferenceRegexp.String()
	// It must not be 64 hexadecimal digits, which would be an image's identifier.
	imageIdentifier = "^[a-f0-9]{64}$"
	// A digest must have a known algorithm and its length (github.com/opencontainers/go-digest
	// v1.0.0, algorithm.go).
	imageDigest = "@(sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$"
)

// badImage is a jq filter over a Pod: true when one of its containers has an
// image whose name can't be parsed.
func badImage() string {
	test := func(pattern string) string {
		// jq writes strings as JSON does.
		quoted, err := json.Marshal(pattern)
		if err != nil {
			panic(fmt.Sprintf("a constant pattern can't be encoded: %v", err))
		}
		return "test(" + string(quoted) + ")"
	}
	return fmt.Sprintf(`[.spec.initContainers[]?, .spec.containers[]] | any(.image | ((%s | not) or %s or (contains("@") and (%s | not))))`,
		test(imageForm), test(imageIdentifier), test(imageDigest))
}

// badImageTemplate is the same check for one image in kwok's templates, which are Go's with
// sprig's functions.
func badImageTemplate(image string) string {
	match := func(pattern string) string { return "(regexMatch `" + pattern + "` " + image + ")" }
	return strings.Join([]string{
		"(or", "(not " + match(imageForm) + ")", match(imageIdentifier),
		`(and (contains "@" ` + image + ") (not " + match(imageDigest) + ")))",
	}, " ")
}
